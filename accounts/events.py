"""The record of what happened: written here, and never changed afterwards."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from accounts.models import Account, Notification, SecurityEvent

Kind = SecurityEvent.Kind


@dataclass(frozen=True)
class Actor:
    """Who acts, from where (None: on the host itself), and in which web session."""

    name: str
    network_address: str | None = None
    session_key: str = field(default="", repr=False)


@dataclass(frozen=True)
class Event:
    """What is to be recorded. `detail` must hold nothing secret: it is shown."""

    kind: SecurityEvent.Kind
    account: Account | None
    by: Actor
    at: datetime = field(default_factory=timezone.now)
    detail: Mapping[str, str | int] = field(default_factory=dict)
    # A telephone number that is told by text message, besides the mail.
    also_to: str = ""


def record(
    kind: SecurityEvent.Kind, account: Account | None, *, by: Actor, **detail: str | int
) -> None:
    """Write one event of this moment; `detail` must hold nothing secret."""
    record_all([Event(kind, account, by, detail=detail)])


def record_all(events: Iterable[Event]) -> None:
    """Write events, and whom to tell. Every event of the portal comes through here."""
    events = list(events)
    rows = SecurityEvent.objects.bulk_create(
        SecurityEvent(
            at=event.at,
            kind=event.kind,
            account=event.account,
            address=event.account.address if event.account else "",
            actor=event.by.name,
            network_address=event.by.network_address,
            detail=dict(event.detail),
        )
        for event in events
    )
    Notification.objects.bulk_create(
        Notification(account=row.account, event=row, number=number)
        for row, event in zip(rows, events, strict=True)
        if row.account and row.kind in Notification.TOLD
        for number in dict.fromkeys(["", event.also_to])
    )
