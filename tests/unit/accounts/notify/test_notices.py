"""Each kind of event has its place, and each of its facts its name."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from accounts import events
from accounts.events import Event, Kind
from accounts.models import Account, Notification, SecurityEvent
from accounts.notify import composing
from accounts.notify.notices import (
    FACTS,
    LOSSES,
    NOTICES,
    Repeats,
    format_time,
)
from tests.unit.support import HOME

pytestmark = pytest.mark.one_database

ROOT = Path(__file__).parents[4]
APPS = ("accounts", "clientpasswords", "provisioning", "administration", "api")
# Where a kind is only listed.
LISTS = {ROOT / "accounts/models/event.py", ROOT / "accounts/notify/notices.py"}
# Other modules whose events no person causes.
WORKERS = [
    ROOT / "accounts/policy/reminders.py",
    ROOT / "clientpasswords/lifetimes/expiry.py",
    ROOT / "clientpasswords/lifetimes/inactivity.py",
]
MOMENT = datetime(2027, 1, 31, 23, 59, tzinfo=UTC)


def code() -> str:
    files = [
        path
        for folder in (*APPS, "mailportal")
        for path in (ROOT / folder).rglob("*.py")
        if path not in LISTS
    ]
    return "".join(path.read_text() for path in files)


def test_every_kind_of_event_is_recorded_somewhere() -> None:
    used = set(re.findall(r"\bKind\.([A-Z_]+)\b", code()))

    assert used == set(Kind.__members__), "a kind is listed and never recorded"


def test_every_notice_says_what_happened_and_what_to_do() -> None:
    titles = [notice.title for notice in NOTICES.values()]

    assert len(set(titles)) == len(titles)
    assert all(titles)
    assert all(notice.advice for notice in NOTICES.values())


@pytest.mark.parametrize("kind", Kind)
def test_a_number_gets_no_text_message_but_one_that_says_something(
    alice: Account, kind: Kind
) -> None:
    notice = NOTICES.get(kind)

    events.record_all([Event(kind, alice, HOME, also_to="+12025550199")])

    told = {str(row.number) for row in Notification.objects.all()}
    has_text_message = notice is not None and notice.text_message
    numbers = {"+12025550199"} if has_text_message else set()
    assert told == ({""} if notice else set()) | numbers
    if has_text_message:
        assert composing.write_text_message(alice, kind)


def test_what_no_person_does_is_not_notified_each_time() -> None:
    """What a log tells, and what a worker reminds of, could repeat without end."""
    files = [*(ROOT / "clientpasswords/usage").glob("*.py"), *WORKERS]
    kinds = {
        Kind.__members__[name]
        for file in files
        for name in re.findall(r"\bKind\.([A-Z_]+)\b", file.read_text())
    }

    assert Kind.REVOKED_TRIED in kinds
    assert Kind.EXCEPTION_ENDS_SOON in kinds
    each = {kind for kind in kinds if NOTICES[kind].repeats is Repeats.EACH}
    assert each == set()


def test_owners_can_switch_off_mails_about_uses_only() -> None:
    optional = {kind for kind, notice in NOTICES.items() if notice.is_optional}

    assert optional == {Kind.FIRST_USED, Kind.NEW_NETWORK}


@pytest.mark.parametrize("kind", NOTICES)
def test_a_reminder_does_not_ask_whether_it_was_the_owner(
    alice: Account, kind: Kind
) -> None:
    own = SecurityEvent(
        kind=kind, at=MOMENT, actor=alice.address, address=alice.address
    )
    others = SecurityEvent(kind=kind, at=MOMENT, actor="mailportal")

    text = composing.write_mail(alice, [own]).text

    is_reminder = NOTICES[kind].is_reminder
    is_of_device = NOTICES[kind].can_be_silenced
    assert ("If this was you" not in text) is (is_reminder or is_of_device)
    by_others = composing.write_mail(alice, [others]).text
    assert ("By: mailportal" not in by_others) is is_reminder


@pytest.mark.parametrize("name", FACTS)
def test_every_fact_of_an_event_is_told_by_its_name(alice: Account, name: str) -> None:
    title, write = FACTS[name]
    value = "imap" if name == "loses" else "one two"
    if write is format_time:
        value = MOMENT.isoformat()
    event = SecurityEvent(kind=Kind.ISSUED, at=MOMENT, detail={name: value})

    text = composing.write_mail(alice, [event]).text

    assert f"  {title}: {write(value)}\n" in text
    assert write(value)


@pytest.mark.parametrize("name", LOSSES)
def test_every_loss_is_told_in_words(alice: Account, name: str) -> None:
    detail = {"loses": f"{name} unheard-of"}
    event = SecurityEvent(kind=Kind.EXCEPTION_ENDS_SOON, at=MOMENT, detail=detail)

    loss = LOSSES[name] % {"protocol": name.upper()}
    assert f"From then on: {loss}\n" in composing.write_mail(alice, [event]).text
