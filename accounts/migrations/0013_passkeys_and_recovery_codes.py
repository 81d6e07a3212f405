import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0012_domains_of_administrators"),
    ]

    operations = [
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
                    ("passkey-added", "passkey added"),
                    ("passkey-removed", "passkey removed"),
                    ("recovery-codes-made", "recovery codes made"),
                    ("recovery-code-used", "recovery code used"),
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
        migrations.CreateModel(
            name="RecoveryCodes",
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
                    "name",
                    models.CharField(
                        help_text="The human-readable name of this device.",
                        max_length=64,
                    ),
                ),
                (
                    "confirmed",
                    models.BooleanField(
                        default=True, help_text="Is this device ready for use?"
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
                (
                    "hashes",
                    models.JSONField(
                        default=list, editable=False, verbose_name="hashes"
                    ),
                ),
                (
                    "made_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now,
                        editable=False,
                        verbose_name="made",
                    ),
                ),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recovery_codes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="mailbox",
                    ),
                ),
            ],
            options={
                "verbose_name": "recovery codes",
                "verbose_name_plural": "recovery codes",
            },
        ),
    ]
