"""Former addresses of mailboxes, whose mail may still be on the server."""

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from accounts.models.fields import AddressField, DomainField


def get_leaving_reasons() -> list[tuple[str, Any]]:
    """Return the reasons as choices. The migration names this function."""
    return FormerAddress.Because.choices


class FormerAddressQuerySet(models.QuerySet["FormerAddress"]):
    def of_others(self, account_pk: int | None) -> "FormerAddressQuerySet":
        """Return the addresses that this mailbox may not take; None: a new mailbox."""
        return self if account_pk is None else self.exclude(account=account_pk)


class FormerAddress(models.Model):
    """An address that a mailbox had until it was renamed or deleted.

    Triggers on the table of mailboxes write it, however the mailbox was changed. They
    refuse the address to every other mailbox until it is released, because mail, Sieve
    scripts and shared folders are found by the address and outlive the mailbox. If the
    same mailbox takes the address back, the triggers delete the row.
    """

    class Because(models.TextChoices):
        RENAMED = "renamed", _("the mailbox was renamed")
        DELETED = "deleted", _("the mailbox was deleted")

    address = AddressField(_("address"), max_length=254, unique=True)
    domain = DomainField(_("domain"), max_length=253)
    left_at = models.DateTimeField(_("left on"), default=timezone.now)
    because = models.CharField(
        _("left because"), max_length=10, choices=get_leaving_reasons
    )
    # A trigger sets it to NULL when the mailbox is deleted, so that deleting by raw SQL
    # works.
    account = models.ForeignKey(
        "accounts.Account",
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        null=True,
        related_name="former_addresses",
        verbose_name=_("previous mailbox"),
    )

    objects = FormerAddressQuerySet.as_manager()

    class Meta:
        verbose_name = _("former address")
        verbose_name_plural = _("former addresses")
        ordering = ["address"]
        default_permissions = ("view",)
        permissions = [
            ("release_formeraddress", gettext_noop("Can release former addresses"))
        ]
        indexes = [
            models.Index(fields=["domain", "address"], name="former_address_of_domain"),
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def refusal(self) -> str:
        """Why no other mailbox may have the address, and how to release it."""
        return gettext(
            "A mailbox had this address until %(day)s. Its mail may still be on the "
            "server. Move or remove the mail, then release the address under “Former "
            "addresses” in the administration, or on the portal's host with: "
            "deploy/manage release_address %(address)s"
        ) % {
            "day": date_format(localtime(self.left_at), "DATE_FORMAT"),
            "address": self.address,
        }
