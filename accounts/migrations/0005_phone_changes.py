import django.db.models.deletion
import phonenumber_field.modelfields
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_notifications"),
    ]

    operations = [
        migrations.AddField(
            model_name="notification",
            name="number",
            field=phonenumber_field.modelfields.PhoneNumberField(
                blank=True,
                help_text="Told by text message to this number; empty: by mail.",
                max_length=128,
                region=None,
            ),
        ),
        migrations.AddField(
            model_name="phone",
            name="held_until",
            field=models.DateTimeField(
                blank=True,
                help_text="Set when the owner changes the number. Empty: at once.",
                null=True,
                verbose_name="gets codes from",
            ),
        ),
        migrations.RunSQL(
            # Django would make the table anew on SQLite, which the logon views forbid.
            "ALTER TABLE accounts_policy ADD COLUMN owner_sets_phone bool DEFAULT false NOT NULL",
            "ALTER TABLE accounts_policy DROP COLUMN owner_sets_phone",
            state_operations=[
                migrations.AddField(
                    model_name="policy",
                    name="owner_sets_phone",
                    field=models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Off: an administrator enters it. On: who knows the web password of a mailbox without a number can enter one, and with it make security passwords.",
                        verbose_name="owners enter their first phone number",
                    ),
                ),
            ],
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
                    ("code-sent", "code sent"),
                    ("code-not-sent", "code not sent"),
                    ("code-refused", "code refused"),
                    ("codes-locked", "codes locked"),
                    ("issued", "security password made"),
                    ("limited", "security password limited"),
                    ("revoked", "security password deleted"),
                    ("phone-changed", "phone number changed"),
                    ("first-used", "security password first used"),
                    ("new-network", "security password used from a new network"),
                    ("revoked-tried", "deleted security password tried"),
                    ("guessed", "many wrong passwords tried in mail programs"),
                ],
                max_length=20,
                verbose_name="event",
            ),
        ),
        migrations.CreateModel(
            name="NewPhone",
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
                    "last_generated_timestamp",
                    models.DateTimeField(
                        blank=True,
                        help_text="The last time a token was generated for this device.",
                        null=True,
                    ),
                ),
                (
                    "throttling_failure_timestamp",
                    models.DateTimeField(
                        blank=True,
                        default=None,
                        help_text="A timestamp of the last failed verification attempt. Null if last attempt succeeded.",
                        null=True,
                    ),
                ),
                (
                    "throttling_failure_count",
                    models.PositiveIntegerField(
                        default=0, help_text="Number of successive failed attempts."
                    ),
                ),
                ("digest", models.CharField(blank=True, editable=False, max_length=64)),
                ("valid_until", models.DateTimeField(editable=False, null=True)),
                (
                    "number",
                    phonenumber_field.modelfields.PhoneNumberField(
                        max_length=128, region=None, verbose_name="number"
                    ),
                ),
                (
                    "replaces",
                    phonenumber_field.modelfields.PhoneNumberField(
                        blank=True,
                        help_text="The number on file when the change began.",
                        max_length=128,
                        region=None,
                    ),
                ),
                (
                    "session",
                    models.CharField(help_text="A hash of its key.", max_length=64),
                ),
                ("proposed_at", models.DateTimeField()),
                (
                    "is_approved",
                    models.BooleanField(
                        help_text="The owner has shown to have the number that is replaced."
                    ),
                ),
                (
                    "account",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="new_phone",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
    ]
