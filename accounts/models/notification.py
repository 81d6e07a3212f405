"""What owners have to be told and have not been told yet."""

from typing import Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from phonenumber_field.modelfields import PhoneNumberField

from accounts.models.event import SecurityEvent


class NotificationQuerySet(models.QuerySet["Notification"]):
    def due(self) -> Self:
        """Those that should be sent now."""
        return self.filter(due_at__lte=timezone.now())


class Notification(models.Model):
    """An event that the mailbox's owner is to be told of by mail, or by text message.

    Written in the transaction of the event; deleted when it was sent. Of which kinds is
    in `notify.catalogue`.
    """

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    event = models.ForeignKey(
        SecurityEvent, on_delete=models.CASCADE, related_name="notifications"
    )
    number = PhoneNumberField(
        blank=True, help_text="Told by text message to this number; empty: by mail."
    )
    due_at = models.DateTimeField(default=timezone.now, db_index=True)
    failures = models.PositiveSmallIntegerField(default=0)

    objects = NotificationQuerySet.as_manager()

    def __str__(self) -> str:
        return str(self.event)
