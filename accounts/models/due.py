"""Queues in the database: rows with a due time, shared by several workers."""

from datetime import timedelta
from typing import ClassVar, Self, TypeVar

from django.db import models, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

Row = TypeVar("Row", bound="Due")


class DueQuerySet(models.QuerySet[Row]):
    def due(self) -> Self:
        """Return the rows whose due time has come."""
        return self.filter(due_at__lte=timezone.now())

    def claim(self, *, skip_locked: bool = False) -> list[Row]:
        """Lease the due rows to this worker, and return them.

        If the worker dies, the rows are due again when the lease ends. When several
        workers claim at once, one gets the rows; the others wait for it and get none.
        With `skip_locked`, no worker waits: each gets the rows that no other holds.
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

    While a worker holds the row, `due_at` is the end of its lease. `due_at` is NULL
    once nothing is left to do.
    """

    # Must exceed the time that one try takes.
    LEASE: ClassVar[timedelta]
    # The wait after the first failure. It doubles with each further failure.
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
        """Return a query for this row; empty if our lease ended and another holds it.

        Only updates through it are safe from overwriting the other worker's work.
        """
        return models.QuerySet(type(self)).filter(pk=self.pk, due_at=self.due_at)

    def postpone(self) -> None:
        """Retry later, with exponential back-off; do nothing if the lease is lost."""
        wait = self.FIRST_BACK_OFF * 2 ** min(self.failures, 10)
        self.still_leased().update(
            failures=self.failures + 1,
            due_at=timezone.now() + min(wait, self.LONGEST_BACK_OFF),
        )
