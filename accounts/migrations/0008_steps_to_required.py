import django.core.validators
from django.db import migrations, models

ADD = "ALTER TABLE {} ADD COLUMN {}"
DROP = "ALTER TABLE {} DROP COLUMN {}"


class Migration(migrations.Migration):
    """How a policy comes into force step by step, and how an exception ends.

    Columns with a default are added in SQL: Django would make the tables anew on SQLite,
    which the logon views forbid.
    """

    dependencies = [
        ("accounts", "0007_append_only_events"),
    ]

    operations = [
        migrations.AddField(
            "policy",
            "required_from",
            models.DateTimeField(
                blank=True,
                help_text="Until then nobody is refused; owners are told the date. Empty: at once.",
                null=True,
                verbose_name="required from",
            ),
        ),
        migrations.RunSQL(
            ADD.format("accounts_policy", "report_only bool DEFAULT false NOT NULL"),
            DROP.format("accounts_policy", "report_only"),
            state_operations=[
                migrations.AddField(
                    "policy",
                    "report_only",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Nobody is refused and no owner is told; the roll-out report lists who would be.",
                        verbose_name="report only",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            "policy",
            "client_password_days",
            models.PositiveSmallIntegerField(
                blank=True,
                help_text="Counted from when it was made. Empty: for ever.",
                null=True,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="days a security password lives",
            ),
        ),
        migrations.AddField(
            "account",
            "policy_until",
            models.DateTimeField(
                blank=True,
                help_text="From then on the department's or the domain's policy holds.",
                null=True,
                verbose_name="exception ends",
            ),
        ),
        migrations.RunSQL(
            ADD.format(
                "accounts_account", "policy_reason varchar(200) DEFAULT '' NOT NULL"
            ),
            DROP.format("accounts_account", "policy_reason"),
            state_operations=[
                migrations.AddField(
                    "account",
                    "policy_reason",
                    models.CharField(
                        blank=True,
                        db_default="",
                        max_length=200,
                        verbose_name="reason for the exception",
                    ),
                ),
            ],
        ),
    ]
