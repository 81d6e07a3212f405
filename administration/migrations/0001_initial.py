from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from django.utils import timezone

from accounts.schema import table

JOB = table(
    "Job",
    {
        "verbose_name": "bulk action",
        "verbose_name_plural": "bulk actions",
        "ordering": ["-created_at", "-pk"],
        "permissions": [
            ("unlock_codes", "Can unlock codes"),
            ("reset_phone", "Can reset phones"),
            ("sign_out", "Can sign owners out of the portal"),
            ("offboard", "Can offboard mailboxes"),
        ],
        "default_permissions": ("view",),
    },
    models.Index(
        condition=Q(confirmed_at__isnull=False, ended_at=None),
        fields=["confirmed_at"],
        name="job_under_way",
    ),
    action=models.CharField("action", max_length=40),
    parameters=models.JSONField(default=dict),
    reason=models.CharField("reason", max_length=300, blank=True),
    total=models.PositiveIntegerField("selected"),
    network_address=models.GenericIPAddressField("from", null=True),
    created_at=models.DateTimeField("selected at", default=timezone.now),
    confirmed_at=models.DateTimeField("confirmed", null=True),
    ended_at=models.DateTimeField("ended", null=True),
    stopped_because=models.CharField("stopped because", max_length=100, blank=True),
    ordered_by=models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        verbose_name="started by",
        related_name="jobs",
    ),
)
JOB_PART = table(
    "JobPart",
    {},
    models.UniqueConstraint(fields=("job", "number"), name="jobpart_numbers_of_a_job"),
    number=models.PositiveIntegerField(),
    pks=models.JSONField(),
    ended_at=models.DateTimeField(null=True),
    changed=models.PositiveIntegerField(default=0),
    unchanged=models.PositiveIntegerField(default=0),
    failed=models.PositiveIntegerField(default=0),
    failures=models.JSONField(default=list, help_text="Names, and why not."),
    job=models.ForeignKey("administration.job", models.CASCADE, related_name="parts"),
)


class Migration(migrations.Migration):
    """Tables of actions on many records."""

    initial = True
    dependencies = [("accounts", "0001_initial")]
    operations = [JOB, JOB_PART]
