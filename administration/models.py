"""Jobs of bulk actions, worked off part by part."""

from django.conf import settings
from django.db import models
from django.db.models import Sum
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class Job(models.Model):
    """A bulk action on chosen records: created when they are chosen, then confirmed.

    The records are stored as primary keys, so that exactly the confirmed ones change.
    """

    action = models.CharField(_("action"), max_length=40)
    parameters = models.JSONField(default=dict)
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    total = models.PositiveIntegerField(_("selected"))
    ordered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="jobs",
        verbose_name=_("started by"),
    )
    network_address = models.GenericIPAddressField(_("from"), null=True)
    created_at = models.DateTimeField(_("selected at"), default=timezone.now)
    confirmed_at = models.DateTimeField(_("confirmed"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True)
    stopped_because = models.CharField(_("stopped because"), max_length=100, blank=True)

    class Meta:
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")
        ordering = ["-created_at", "-pk"]
        default_permissions = ("view",)
        permissions = [
            ("unlock_codes", gettext_noop("Can unlock codes")),
            ("reset_phone", gettext_noop("Can reset phones")),
            ("sign_out", gettext_noop("Can sign owners out of the portal")),
            ("offboard", gettext_noop("Can offboard mailboxes")),
        ]
        indexes = [
            models.Index(
                fields=["confirmed_at"],
                condition=models.Q(confirmed_at__isnull=False, ended_at=None),
                name="job_under_way",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.action} ({self.total})"

    @property
    def is_under_way(self) -> bool:
        return self.confirmed_at is not None and self.ended_at is None

    @cached_property
    def selected_pks(self) -> list[int]:
        """The keys of the selected records, in their order. One query, made once."""
        parts = self.parts.order_by("number").values_list("pks", flat=True)
        return [pk for pks in parts for pk in pks]

    def counts(self) -> dict[str, int]:
        """Return how many were changed, unchanged and failed so far. One query."""
        names = ("changed", "unchanged", "failed")
        found = self.parts.aggregate(**{name: Sum(name) for name in names})
        return {name: found[name] or 0 for name in names}


class JobPart(models.Model):
    """Records that are changed in one transaction."""

    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="parts")
    number = models.PositiveIntegerField()
    pks = models.JSONField()
    ended_at = models.DateTimeField(null=True)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    failures = models.JSONField(default=list, help_text="Names, and why not.")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["job", "number"], name="jobpart_numbers_of_a_job"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_id}/{self.number}"
