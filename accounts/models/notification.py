"""The queue of notifications that have not been sent yet."""

from datetime import timedelta

from django.conf import settings
from django.db import models
from django.db.models import Q
from phonenumber_field.modelfields import PhoneNumberField

from accounts.models.due import Due, DueQuerySet
from accounts.models.event import SecurityEvent


class Notification(Due):
    """A notification of an event for the mailbox's owner, by mail or text message.

    It is written in the transaction of the event and deleted once sent.
    `notify.notices` lists the kinds of events that cause one.
    """

    # A mail server that works accepts a mail much sooner.
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
