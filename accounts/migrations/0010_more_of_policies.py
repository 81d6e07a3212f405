import django.core.validators
from django.db import migrations, models

import accounts.models.networks

ADD = "ALTER TABLE accounts_policy ADD COLUMN {}"
DROP = "ALTER TABLE accounts_policy DROP COLUMN {}"
COLUMNS = {
    "client_networks": "varchar(500) DEFAULT '' NOT NULL",
    "networks_mark": "integer DEFAULT 0 NOT NULL CHECK (networks_mark >= 0)",
    "code_to_switch_off": "bool DEFAULT false NOT NULL",
}


def add_in_sql(field: migrations.AddField) -> migrations.RunSQL:
    column = COLUMNS[field.name]
    return migrations.RunSQL(
        ADD.format(f"{field.name} {column}"),
        DROP.format(field.name),
        state_operations=[field],
    )


class Migration(migrations.Migration):
    """Networks, suspension, and a code for the way back to the web password.

    Columns with a default are added in SQL: Django would make the table anew on SQLite,
    which the logon views forbid.
    """

    dependencies = [
        ("accounts", "0009_announced_events"),
    ]

    operations = [
        add_in_sql(
            migrations.AddField(
                model_name="policy",
                name="client_networks",
                field=accounts.models.networks.NetworksField(
                    blank=True,
                    db_default="",
                    default="",
                    help_text="For example 192.0.2.0/24, 2001:db8::/32. Mail programs elsewhere are refused, with any password; webmail is not. Empty: from anywhere.",
                    max_length=500,
                    verbose_name="networks of mail programs",
                ),
            )
        ),
        add_in_sql(
            migrations.AddField(
                model_name="policy",
                name="code_to_switch_off",
                field=models.BooleanField(
                    db_default=False,
                    default=False,
                    help_text="On: who knows the web password alone cannot open the mailbox to mail programs with it.",
                    verbose_name="turning security passwords off needs a code",
                ),
            )
        ),
        add_in_sql(
            migrations.AddField(
                model_name="policy",
                name="networks_mark",
                field=accounts.models.networks.NetworksMark(
                    db_default=0,
                    default=0,
                    editable=False,
                    help_text="Part of the names of mail sessions: other networks end them.",
                    of="client_networks",
                ),
            )
        ),
        migrations.AddField(
            model_name="policy",
            name="suspend_never_used_hours",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="The same, for one that was made and never used. Empty: never.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="suspend when not used within hours of being made",
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="suspend_unused_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                help_text="The owner is told before, and can use a suspended one again after typing a code. Empty: never.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="suspend when unused for days",
            ),
        ),
        migrations.AddField(
            model_name="policy",
            name="uses_known_to",
            field=models.DateTimeField(
                editable=False,
                help_text="Who was to be suspended by then is; later uses may be unknown yet.",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="securityevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("signed-in", "signed in"),
                    ("sign-in-failed", "sign-in failed"),
                    ("switched-on", "security passwords turned on"),
                    ("switched-off", "security passwords turned off"),
                    ("required-soon", "security passwords announced as required"),
                    ("code-sent", "code sent"),
                    ("code-not-sent", "code not sent"),
                    ("code-refused", "code refused"),
                    ("codes-locked", "codes locked"),
                    ("codes-unlocked", "codes unlocked"),
                    ("issued", "security password made"),
                    ("limited", "security password limited"),
                    ("revoked", "security password deleted"),
                    ("suspends-soon", "suspension of a security password announced"),
                    ("revived", "security password kept though unused"),
                    ("phone-changed", "phone number changed"),
                    ("two-step-on", "two-step sign-in set up"),
                    ("two-step-off", "two-step sign-in turned off"),
                    ("password-changed", "web password changed"),
                    ("first-used", "security password first used"),
                    ("new-network", "security password used from a new network"),
                    ("revoked-tried", "deleted security password tried"),
                    ("guessed", "many wrong passwords tried in mail programs"),
                    ("mailbox-created", "mailbox created"),
                    ("mailbox-changed", "mailbox changed"),
                    ("mailbox-deleted", "mailbox deleted"),
                    ("rights-changed", "rights of an administrator changed"),
                    ("off-boarded", "mailbox off-boarded"),
                    ("policy-created", "policy created"),
                    ("policy-changed", "policy changed"),
                    ("policy-deleted", "policy deleted"),
                    ("domain-created", "domain created"),
                    ("domain-changed", "domain changed"),
                    ("domain-deleted", "domain deleted"),
                    ("department-created", "department created"),
                    ("department-changed", "department changed"),
                    ("department-deleted", "department deleted"),
                    ("record-created", "other record created"),
                    ("record-changed", "other record changed"),
                    ("record-deleted", "other record deleted"),
                    ("action-ordered", "action on many ordered"),
                    ("action-ended", "action on many ended"),
                    ("exported", "records exported"),
                    ("imported", "mailboxes imported"),
                    ("setting-changed", "setting of the host changed"),
                    ("tidied", "old records deleted"),
                ],
                max_length=20,
                verbose_name="event",
            ),
        ),
    ]
