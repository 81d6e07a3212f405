from django.db import migrations, models


class Migration(migrations.Migration):
    """Which hash of another program an account has been given last.

    The column is added in SQL: Django would make the table anew on SQLite, which the
    logon views forbid.
    """

    dependencies = [
        ("accounts", "0010_more_of_policies"),
    ]

    operations = [
        migrations.RunSQL(
            "ALTER TABLE accounts_account "
            "ADD COLUMN taken_over varchar(64) DEFAULT '' NOT NULL",
            "ALTER TABLE accounts_account DROP COLUMN taken_over",
            state_operations=[
                migrations.AddField(
                    model_name="account",
                    name="taken_over",
                    field=models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        editable=False,
                        help_text="A digest of the hash that was last taken over from elsewhere.",
                        max_length=64,
                    ),
                ),
            ],
        ),
    ]
