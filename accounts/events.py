"""The audit log: this module writes all security events; nothing changes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from getpass import getuser

from django.contrib.auth.models import Permission
from django.db.models import Model
from django.utils import timezone

from accounts import secretfields
from accounts.models import Account, Notification, SecurityEvent
from accounts.notify import repetition
from accounts.notify.notices import NAMING_TIME, NOTICES
from accounts.notify.repetition import Notices
from accounts.redaction import HIDDEN, redact

Kind = SecurityEvent.Kind
# The old and the new value of each changed field, as text.
Changed = Mapping[str, list[str]]
Detail = Mapping[str, str | int | Changed]

# Fields whose changes are recorded without their values.
SECRET_FIELDS = secretfields.SECRET_NAMES | secretfields.FORM_FIELDS
MAX_REASON_LENGTH = 300


@dataclass(frozen=True)
class Actor:
    """Who acts, from which IP address (None: on the host), and in which session."""

    name: str
    network_address: str | None = None
    session_key: str = field(default="", repr=False)


# The actor of what the portal does by itself.
PORTAL = Actor("mailportal")


@dataclass(frozen=True)
class Event:
    """An event to record. `detail` must contain no secret: pages show it."""

    kind: SecurityEvent.Kind
    account: Account | None
    by: Actor
    at: datetime = field(default_factory=timezone.now)
    detail: Detail = field(default_factory=dict)
    # A phone number to notify besides the mail, if the notice has a text message.
    also_to: str = ""
    # The reason that the actor gave.
    why: str = ""
    # The domain whose administrators may read it; the mailbox's own takes precedence.
    domain: str = ""
    # The address of a mailbox that no longer exists.
    address: str = ""
    # Its owner does not want to be notified of it.
    is_silent: bool = False


def command_actor(name: str) -> Actor:
    """Return the actor for a command: its name, and the system user who runs it."""
    return Actor(f"{name} ({getuser()})")


def record(
    kind: SecurityEvent.Kind, account: Account | None, *, by: Actor, **detail: str | int
) -> None:
    """Write one event with the present time; `detail` must contain no secret."""
    record_all([Event(kind, account, by, detail=detail)])


def record_all(events: Iterable[Event]) -> None:
    """Write events, and queue the notifications that they cause.

    Details and reasons are redacted: what looks like a secret or a phone number is left
    out, because nothing can be removed from the audit log later. All events are written
    by this function.
    """
    events = _number_notices(list(events))
    rows = SecurityEvent.objects.bulk_create(map(_build_row, events), batch_size=500)
    Notification.objects.bulk_create(
        Notification(
            account=row.account, event=row, number=number, due_at=_get_due(row, number)
        )
        for row, event in zip(rows, events, strict=True)
        if row.account and _is_notified(event)
        for number in _list_recipients(event)
    )


def notify_late(kind: Kind, account: int, credential: int) -> None:
    """Queue the notification of an event that was recorded silently.

    It is the event of this kind about this security password of the account.
    """
    events = SecurityEvent.objects.filter(
        kind=kind, account=account, detail__credential=credential
    )
    Notification.objects.bulk_create(
        Notification(account_id=account, event=event, due_at=timezone.now())
        for event in events
    )


def _number_notices(events: list[Event]) -> list[Event]:
    """Give events that are notified at growing distances the number of their notice."""
    rare = [
        (event.account, event.kind)
        for event in events
        if event.account and repetition.is_at_distances(event.kind)
    ]
    if not rare:
        return events
    notices = Notices(
        (account.pk for account, _kind in rare), (kind for _account, kind in rare)
    )
    return [_number_notice(event, notices) for event in events]


def _number_notice(event: Event, notices: Notices) -> Event:
    if not event.account or event.is_silent:
        return event
    if not repetition.is_at_distances(event.kind):
        return event
    number = notices.number(
        event.account.pk, event.kind, event.detail, event.at, event.by.network_address
    )
    if number is None:
        return event
    return replace(event, detail={**event.detail, repetition.NUMBER: number})


def _is_notified(event: Event) -> bool:
    if event.is_silent or event.kind not in NOTICES:
        return False
    is_rare = repetition.is_at_distances(event.kind)
    return not is_rare or repetition.NUMBER in event.detail


def describe_changes(
    before: Mapping[str, object], after: Mapping[str, object]
) -> dict[str, Changed]:
    """Return the changes as the detail of an event; {} if there are none.

    Values may be of any type. For secret fields, only the names are included.
    """
    changed = {}
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if _format_value(old) != _format_value(new):
            hide = name in SECRET_FIELDS
            changed[name] = (
                [HIDDEN, HIDDEN] if hide else [_format_value(old), _format_value(new)]
            )
    return {"changed": changed} if changed else {}


def _list_recipients(event: Event) -> list[str]:
    """Return "" for the mail, and the number if the notice has a text message."""
    has_text_message = bool(event.also_to and NOTICES[event.kind].text_message)
    return ["", event.also_to] if has_text_message else [""]


def _get_due(row: SecurityEvent, number: str) -> datetime:
    """Return when the notification is sent: a mail may wait for a name, briefly."""
    is_of_device = "credential" in row.detail and not number
    waits = is_of_device and NOTICES[Kind(row.kind)].waits_for_name
    return row.at + NAMING_TIME if waits else timezone.now()


def _build_row(event: Event) -> SecurityEvent:
    address = event.account.address if event.account else event.address
    return SecurityEvent(
        at=event.at,
        kind=event.kind,
        account=event.account,
        address=address,
        domain=address.rpartition("@")[2] or event.domain,
        actor=event.by.name,
        network_address=event.by.network_address,
        detail=_redact_detail(event.detail),
        reason=redact(event.why)[:MAX_REASON_LENGTH],
    )


def _redact_detail(value: object) -> object:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, Mapping):
        return {name: _redact_detail(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_redact_detail(each) for each in value]
    return value


def _format_value(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Permission):
        return f"{value.content_type.app_label}.{value.codename}"
    if isinstance(value, Iterable) and not isinstance(value, str | Model):
        return ", ".join(sorted(map(_format_value, value)))
    return str(value)
