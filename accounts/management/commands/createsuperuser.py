from typing import Any

from django.contrib.auth.management.commands import createsuperuser

from accounts import events
from accounts.events import Event, Kind
from accounts.models import Account


class Command(createsuperuser.Command):
    """Django's command, which also records the new administrator in the audit log."""

    def handle(self, *args: Any, **options: Any) -> str | None:
        before = list(Account.objects.filter(is_superuser=True).values_list("pk"))
        told = super().handle(*args, **options)
        known = [pk for (pk,) in before]
        by = events.command_actor("createsuperuser")
        rights = events.describe_changes({}, {"is_superuser": True})
        new = Account.objects.filter(is_superuser=True).exclude(pk__in=known)
        events.record_all(
            Event(Kind.MAILBOX_CREATED, account, by, detail=rights) for account in new
        )
        return told
