"""Queues: rows that are due at a moment, and that several workers share."""

from datetime import timedelta
from typing import ClassVar, Self, TypeVar

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

Row = TypeVar("Row", bound="Due")


class DueQuerySet(models.QuerySet[Row]):
    def due(self) -> Self:
        """Those that should be worked on now."""
        return self.filter(due_at__lte=timezone.now())

    def claim(self, *, skip_locked: bool = False) -> list[Row]:
        """Take those that are due for one worker, and return them.

        Whoever dies with them loses them when the lease ends. Of workers that come at
        once all but one wait, and find none; with `skip_locked` none waits, and each
        takes what no other is taking.
        """
        with transaction.atomic():
            due = self.due().select_for_update(of=("self",), skip_locked=skip_locked)
            rows = list(due)
            leased_until = timezone.now() + self.model.LEASE
            own: models.QuerySet[Row] = models.QuerySet(self.model)
            own.filter(pk__in=[row.pk for row in rows]).update(due_at=leased_until)
        for row in rows:
            row.due_at = leased_until
        return rows


class Due(models.Model):
    """A row that a worker claims once it is due, and postpones when it fails.

    `due_at` is also the end of a worker's lease; NULL once nothing is left to do.
    """

    # Longer than one try takes.
    LEASE: ClassVar[timedelta]
    # After the first failure; twice as long after each one more.
    FIRST_BACK_OFF: ClassVar[timedelta]
    LONGEST_BACK_OFF: ClassVar[timedelta]

    due_at = models.DateTimeField(_("next try"), null=True)
    failures = models.PositiveIntegerField(_("failed tries in a row"), default=0)

    class Meta:
        abstract = True
        indexes = [
            models.Index(
                fields=["due_at"],
                condition=Q(due_at__isnull=False),
                name="%(class)s_due",
            ),
        ]

    def still_leased(self) -> models.QuerySet[Self]:
        """Return this row, or none if another worker took it since our lease ended."""
        return models.QuerySet(type(self)).filter(pk=self.pk, due_at=self.due_at)

    def postpone(self) -> None:
        """Try again later, with exponential back-off, if the lease is still ours."""
        wait = self.FIRST_BACK_OFF * 2 ** min(self.failures, 10)
        self.still_leased().update(
            failures=self.failures + 1,
            due_at=timezone.now() + min(wait, self.LONGEST_BACK_OFF),
        )
