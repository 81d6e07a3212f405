import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_limits_and_waiting_orders"),
    ]

    operations = [
        migrations.RunSQL(
            # Django would make the table anew on SQLite, which the logon views forbid.
            "ALTER TABLE accounts_account ADD COLUMN told_of_uses bool DEFAULT true NOT NULL",
            "ALTER TABLE accounts_account DROP COLUMN told_of_uses",
            state_operations=[
                migrations.AddField(
                    model_name="account",
                    name="told_of_uses",
                    field=models.BooleanField(
                        db_default=True,
                        default=True,
                        help_text="By mail, of the first use of a security password and of uses from new networks.",
                        verbose_name="told of uses",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "due_at",
                    models.DateTimeField(
                        db_index=True, default=django.utils.timezone.now
                    ),
                ),
                ("failures", models.PositiveSmallIntegerField(default=0)),
                (
                    "account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="notifications",
                        to="accounts.securityevent",
                    ),
                ),
            ],
        ),
    ]
