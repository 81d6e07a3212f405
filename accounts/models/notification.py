"""Notifications that owners have not been sent yet."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from phonenumber_field.modelfields import PhoneNumberField

from accounts.models.due import Due, DueQuerySet
from accounts.models.event import SecurityEvent


class Notification(Due):
    """An event to notify the mailbox's owner of, by mail or by text message.

    Written in the transaction of the event; deleted when it was sent. Of which kinds is
    in `notify.catalogue`.
    """

    # A mail server that is alive takes a mail much sooner.
    LEASE = timedelta(minutes=5)
    FIRST_BACK_OFF = timedelta(seconds=10)
    LONGEST_BACK_OFF = timedelta(hours=1)

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications"
    )
    event = models.ForeignKey(
        SecurityEvent, on_delete=models.CASCADE, related_name="notifications"
    )
    number = PhoneNumberField(
        blank=True, help_text="Told by text message to this number; empty: by mail."
    )

    objects = DueQuerySet["Notification"].as_manager()

    class Meta(Due.Meta):
        constraints = [
            models.CheckConstraint(
                condition=Q(due_at__isnull=False),
                name="notification_is_due_until_it_was_sent",
            ),
        ]

    def __str__(self) -> str:
        return str(self.event)
