import django.db.models.deletion
from django.db import migrations, models

COLUMN = "ALTER TABLE accounts_policy ADD COLUMN domain_id bigint NULL REFERENCES accounts_domain (id) DEFERRABLE INITIALLY DEFERRED"
INDEX = "CREATE INDEX accounts_policy_domain_id ON accounts_policy (domain_id)"


class Migration(migrations.Migration):
    """Which domains an administrator has, and which domain a policy belongs to.

    The column is added in SQL, so that it can be taken back on SQLite: Django would make
    the table anew, which the logon views forbid.
    """

    dependencies = [
        ("accounts", "0011_taken_over_hashes"),
    ]

    operations = [
        migrations.AddField(
            "account",
            "domains_administered",
            models.ManyToManyField(
                blank=True,
                help_text="Whose mailboxes an administrator sees. Empty: none, unless a group or a permission gives them every domain of the host.",
                related_name="administrators",
                to="accounts.domain",
                verbose_name="domains administered",
            ),
        ),
        migrations.AlterModelOptions(
            "account",
            {
                "ordering": ["address"],
                "permissions": [
                    (
                        "administer_whole_host",
                        "Can administer every domain of the host",
                    ),
                    (
                        "operate_site",
                        "Can hand out rights, and administer the host itself",
                    ),
                ],
                "verbose_name": "mailbox",
                "verbose_name_plural": "mailboxes",
            },
        ),
        migrations.RunSQL(
            [COLUMN, INDEX],
            [
                "DROP INDEX accounts_policy_domain_id",
                "ALTER TABLE accounts_policy DROP COLUMN domain_id",
            ],
            state_operations=[
                migrations.AddField(
                    "policy",
                    "domain",
                    models.ForeignKey(
                        blank=True,
                        help_text="Its administrators may change it, and it binds nobody else. Empty: for every domain of the host.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="own_policies",
                        to="accounts.domain",
                        verbose_name="for the domain",
                    ),
                ),
            ],
        ),
    ]
