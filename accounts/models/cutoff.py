"""Cut-offs: orders to mail servers to end sessions."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.due import Due, DueQuerySet


class CutoffQuerySet(DueQuerySet["Cutoff"]):
    def unconfirmed(self) -> Self:
        """Return orders that their mail server has not carried out even once."""
        # A constraint gives each of them a `due_at`; the condition lets the partial
        # index on `due_at` be used.
        return self.filter(kicks=0, due_at__isnull=False).exclude(node="")


class Cutoff(Due):
    """One order to one mail server: end the sessions of this logon name.

    The transaction that removes the right writes the order, and its commit carries it
    out. A logon in progress can survive one kick, so each order is carried out
    `Cutoff.KICKS` times. `due_at` is NULL once nothing is left to do.
    """

    KICKS = 3
    LEASE = timedelta(seconds=15)
    FIRST_BACK_OFF = timedelta(seconds=2)
    LONGEST_BACK_OFF = timedelta(minutes=1)

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="cutoffs",
        verbose_name=_("mailbox"),
    )
    login_mask = models.CharField(_("logon name"), max_length=300)
    is_review = models.BooleanField(
        _("only sessions without a right"),
        default=False,
        help_text=_("Sessions that are still allowed continue."),
    )
    node = models.URLField(
        _("mail server"),
        max_length=200,
        blank=True,
        help_text=_("Empty until it is due."),
    )
    created_at = models.DateTimeField(_("requested"), default=timezone.now)
    kicks = models.PositiveSmallIntegerField(_("times tried"), default=0)

    objects = CutoffQuerySet.as_manager()

    class Meta(Due.Meta):
        verbose_name = _("cut-off")
        verbose_name_plural = _("cut-offs")
        ordering = ["-created_at"]
        constraints = [
            models.CheckConstraint(
                condition=Q(due_at__isnull=False) | Q(kicks__gt=0),
                name="cutoff_ends_only_when_carried_out",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.login_mask} on {self.node}"
