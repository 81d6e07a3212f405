"""Codes that the provider has, of which it will say what became of them."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone


class SentCode(models.Model):
    """One text message with a code; `accounts.deliveries` learns its outcome.

    The provider is told the reference, which is good for nothing without its signature.
    """

    reference = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sent_codes"
    )
    digest = models.CharField(
        max_length=16, help_text="A digest of the act and the session it is for."
    )
    sent_at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(
        max_length=20,
        blank=True,
        help_text="Empty until it is known, then `delivered` or why it was not.",
    )

    class Meta:
        indexes = [
            models.Index(fields=["account", "-sent_at"], name="sent_code_newest"),
        ]

    def __str__(self) -> str:
        return str(self.reference)
