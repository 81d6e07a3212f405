"""The model of links that set up another device."""

from datetime import datetime
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from clientpasswords.models.password import ClientPassword


class SetUpLinkQuerySet(models.QuerySet["SetUpLink"]):
    def open(self) -> Self:
        """Those that can still be redeemed."""
        return self.unused().filter(expires_at__gt=timezone.now())

    def unused(self) -> Self:
        return self.filter(used_at=None)

    def older_than(self, moment: datetime) -> Self:
        return self.filter(expires_at__lt=moment)


class SetUpLink(models.Model):
    """A link that was shown as a QR code; only a keyed digest of it is stored."""

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="set_up_links",
    )
    digest = models.CharField(max_length=64, unique=True)
    attempt = models.UUIDField(
        help_text="The form it was made by, so that a form sent twice makes one."
    )
    sessions = models.CharField(
        max_length=64,
        default="",
        db_default="",
        editable=False,
        help_text="A digest of what the owner's sessions then began under.",
    )
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    client_password = models.OneToOneField(
        ClientPassword,
        on_delete=models.SET_NULL,
        null=True,
        related_name="set_up_link",
        help_text="What it brought when it was used.",
    )
    device_of = models.ForeignKey(
        ClientPassword,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        help_text="A password whose device it sets up anew; null for a further one.",
    )

    objects = SetUpLinkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(used_at=None),
                name="setuplink_one_unused_an_account",
            ),
            models.UniqueConstraint(
                fields=["account", "attempt"], name="setuplink_one_of_each_form"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account} until {self.expires_at}"

    @property
    def has_expired(self) -> bool:
        return self.expires_at <= timezone.now()
