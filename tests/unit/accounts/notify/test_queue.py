"""Who is told of what by mail, how often, and what becomes of it without a server."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from time_machine import Traveller

from accounts import events
from accounts.events import Kind
from accounts.models import Account, Notification, SecurityEvent
from accounts.notify import queue
from accounts.notify.notices import NOTICES
from gateways.mail import NotSent
from tests.unit.support import HOME

USES = [kind for kind, notice in NOTICES.items() if notice.is_optional]
CHANGES = [kind for kind, notice in NOTICES.items() if not notice.is_optional]
NOT_TOLD = sorted(set(Kind) - NOTICES.keys())


def happen(account: Account | None, kind: Kind = Kind.ISSUED, count: int = 1) -> None:
    for number in range(count):
        events.record(kind, account, by=HOME, device=f"Phone {number}")


def subjects() -> list[str]:
    return [str(message.subject) for message in mail.outbox]


@pytest.fixture
def no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on the mail server takes nothing."""

    def refuse(*_args: str) -> None:
        raise NotSent("ConnectionRefusedError")

    monkeypatch.setattr("gateways.mail.send", refuse)


@pytest.mark.parametrize("kind", NOTICES)
def test_the_owner_is_told_at_the_address_of_the_mailbox(
    alice: Account, kind: Kind
) -> None:
    happen(alice, kind)

    assert queue.deliver_due() == 1

    (message,) = mail.outbox
    assert message.to == ["alice@example.com"]
    assert "Mailbox: alice@example.com" in message.body
    assert not Notification.objects.exists()


@pytest.mark.parametrize("kind", NOT_TOLD)
def test_of_the_rest_nobody_is_told(alice: Account, kind: Kind) -> None:
    happen(alice, kind)

    assert queue.deliver_due() == 0


def test_of_an_address_that_is_no_mailbox_nobody_is_told(db: None) -> None:
    happen(None, Kind.GUESSED)

    assert queue.deliver_due() == 0
    assert SecurityEvent.objects.exists()


def test_what_was_undone_is_not_told(alice: Account) -> None:
    with transaction.atomic():
        happen(alice)
        transaction.set_rollback(True)

    assert queue.deliver_due() == 0


def test_what_happens_is_not_delayed_by_a_mail(
    alice: Account,
    no_server: None,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True) as callbacks:
        happen(alice)

    assert callbacks == []
    assert Notification.objects.count() == 1


def test_like_events_that_wait_together_are_one_mail(alice: Account) -> None:
    happen(alice, Kind.REVOKED, 12)
    happen(alice, Kind.SWITCHED_OFF)

    assert queue.deliver_due() == 2

    assert sorted(subjects()) == [
        "A security password was deleted (12)",
        "Security passwords were turned off",
    ]
    told = "".join(str(message.body) for message in mail.outbox)
    assert "Phone 9" in told
    assert "Phone 10" not in told
    assert "and 2 more" in told


def test_each_mailbox_hears_of_itself_only(alice: Account, mallory: Account) -> None:
    happen(alice)
    happen(mallory)

    assert queue.deliver_due() == 2

    assert sorted(message.to[0] for message in mail.outbox) == [
        "alice@example.com",
        "mallory@example.com",
    ]


def test_a_flood_becomes_a_few_mails_and_nothing_of_it_is_lost(
    alice: Account, clock: Traveller, settings: Settings
) -> None:
    settings.MAILS_PER_KIND_HOUR = 2
    for _ in range(10):
        happen(alice, Kind.REVOKED)
        queue.deliver_due()
        clock.shift(60)
    during = len(mail.outbox)

    clock.shift(timedelta(minutes=49))
    queue.deliver_due()
    before_the_hour = len(mail.outbox)
    clock.shift(timedelta(minutes=1))
    queue.deliver_due()

    assert (during, before_the_hour) == (2, 2)
    assert subjects()[2:] == ["The security password for “Phone 0” was deleted (8)"]
    assert not Notification.objects.exists()


def test_a_flood_of_one_kind_does_not_hold_back_another(
    alice: Account, settings: Settings, clock: Traveller
) -> None:
    settings.MAILS_PER_KIND_HOUR = 1
    for _ in range(2):
        happen(alice, Kind.REVOKED_TRIED)
        queue.deliver_due()

    happen(alice, Kind.ISSUED)
    queue.deliver_due()

    assert subjects()[1:] == ["New security password for “Phone 0”"]


@pytest.mark.parametrize("kind", USES)
def test_owners_can_choose_not_to_hear_of_uses(
    browser: Client, alice: Account, kind: Kind
) -> None:
    happen(alice, kind)
    response = browser.post(reverse("accounts:mails"), {})
    assert response["Location"] == reverse("accounts:general")

    assert queue.deliver_due() == 0
    assert not Notification.objects.exists()

    browser.post(reverse("accounts:mails"), {"told_of_uses": "on"})
    happen(alice, kind)
    assert queue.deliver_due() == 1


@pytest.mark.parametrize("kind", CHANGES)
def test_owners_cannot_choose_not_to_hear_of_changes(
    browser: Client, alice: Account, kind: Kind
) -> None:
    browser.post(reverse("accounts:mails"), {})
    happen(alice, kind)

    assert queue.deliver_due() == 1


def test_the_settings_show_the_choice(browser: Client, alice: Account) -> None:
    before = browser.get(reverse("accounts:general")).context["mails_form"]
    browser.post(reverse("accounts:mails"), {})
    after = browser.get(reverse("accounts:general")).context["mails_form"]

    shown = [form["told_of_uses"].value() for form in (before, after)]
    assert shown == [True, False]


@pytest.mark.usefixtures("no_server")
def test_what_was_not_taken_is_tried_again_later_and_later(
    alice: Account, clock: Traveller
) -> None:
    happen(alice)
    waits = []
    for _ in range(12):
        queue.deliver_due()
        due_at = Notification.objects.get().due_at
        assert due_at is not None
        waits.append((due_at - timezone.now()).total_seconds())
        clock.move_to(due_at)

    assert waits == [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600]


def test_what_was_not_taken_is_sent_when_the_server_is_back(
    alice: Account, clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:

        def refuse(*_args: str) -> None:
            raise NotSent("TimeoutError")

        patch.setattr("gateways.mail.send", refuse)
        for _ in range(5):
            happen(alice)
            queue.deliver_due()
            clock.shift(timedelta(minutes=5))

    assert queue.deliver_due() == 1

    assert subjects() == ["New security password for “Phone 0” (5)"]


@pytest.mark.usefixtures("no_server")
def test_after_a_failure_the_rest_waits_for_the_next_round(
    alice: Account, mallory: Account, clock: Traveller
) -> None:
    happen(alice)
    happen(mallory)

    queue.deliver_due()

    failures = Notification.objects.order_by("account").values_list("failures")
    assert list(failures) == [(1,), (0,)]


@pytest.mark.usefixtures("no_server")
def test_after_days_of_failures_it_is_given_up(
    alice: Account, clock: Traveller, caplog: pytest.LogCaptureFixture
) -> None:
    happen(alice)
    Notification.objects.update(failures=queue.FAILURES_UNTIL_GIVEN_UP - 2)
    queue.deliver_due()
    assert Notification.objects.exists()
    clock.shift(timedelta(hours=1))

    queue.deliver_due()

    assert not Notification.objects.exists()
    assert "is given up" in caplog.text
    assert "alice" not in caplog.text


def test_with_the_mailbox_goes_what_it_was_to_be_told(alice: Account) -> None:
    happen(alice)
    assert str(Notification.objects.get()) == str(SecurityEvent.objects.get())

    alice.delete()

    assert queue.deliver_due() == 0
    assert mail.outbox == []
