"""The mail about a new security password waits, briefly, for the name of the device."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from time_machine import Traveller

from accounts import events
from accounts.events import Kind
from accounts.models import Account, Notification
from accounts.notify import queue
from accounts.notify.notices import NAMING_TIME, NOTICES
from clientpasswords import lifecycle
from clientpasswords.models import ClientPassword
from clientpasswords.setup import links
from gateways.mail import NotSent
from tests.factories import make_client_password
from tests.unit.support import HOME, code_for, issue


@pytest.fixture
def made(alice: Account, clock: Traveller) -> ClientPassword:
    Account.objects.update(client_passwords_on=True)
    return issue(alice, code_for(alice), label="My Linux computer").client_password


def send() -> list[str]:
    mail.outbox.clear()
    queue.deliver_due()
    return [str(message.subject) for message in mail.outbox]


def test_it_has_the_name_that_the_owner_gives(
    browser: Client, made: ClientPassword
) -> None:
    assert send() == []

    browser.post(
        reverse("clientpasswords:name", args=[made.pk]), {"label": "My iPhone"}
    )

    assert send() == ["New security password for “My iPhone”"]
    assert "Linux" not in str(mail.outbox[0].message())
    assert not Notification.objects.exists()


def test_without_a_name_it_goes_when_the_time_is_over(
    made: ClientPassword, clock: Traveller
) -> None:
    clock.shift(NAMING_TIME - timedelta(seconds=1))
    assert send() == []

    clock.shift(1)
    assert send() == ["New security password for “My Linux computer”"]


def test_it_is_sent_once_however_often_the_device_is_named(
    made: ClientPassword, clock: Traveller
) -> None:
    for name in ("One", "Two"):
        lifecycle.rename(made, name)
    assert send() == ["New security password for “Two”"]

    lifecycle.rename(made, "Three")
    clock.shift(NAMING_TIME)
    assert send() == []


def test_a_device_that_was_deleted_before_it_was_named_is_told_of(
    made: ClientPassword, clock: Traveller
) -> None:
    ClientPassword.objects.all().delete()
    clock.shift(NAMING_TIME)

    assert send() == ["New security password for “My Linux computer”"]


@pytest.mark.parametrize(
    "kind", [Kind.FIRST_USED, Kind.NEW_NETWORK, Kind.REVOKED, Kind.REVOKED_TRIED]
)
def test_it_is_sent_before_what_happened_to_the_device_since(
    made: ClientPassword, alice: Account, clock: Traveller, kind: Kind
) -> None:
    other = issue(alice, code_for(alice), label="Another").client_password
    clock.shift(1)
    detail = {**made.event_detail, "protocol": "imap"}

    events.record(kind, alice, by=HOME, **detail)

    first, second = send()
    assert first == "New security password for “My Linux computer”"
    assert "My Linux computer" in second
    lifecycle.rename(other, "My tablet")
    assert send() == ["New security password for “My tablet”"]


def test_a_name_does_not_hasten_what_waits_for_the_mail_server(
    made: ClientPassword, clock: Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.shift(NAMING_TIME)
    with monkeypatch.context() as patch:

        def refuse(*_args: str) -> None:
            lifecycle.rename(made, "My iPhone")  # while a worker has the row
            raise NotSent("TimeoutError")

        patch.setattr("gateways.mail.send", refuse)
        assert send() == []
    lifecycle.rename(made, "My tablet")

    assert send() == []
    clock.shift(10)
    assert send() == ["New security password for “My tablet”"]


def test_the_device_of_a_link_has_its_name_already(
    alice: Account, clock: Traveller
) -> None:
    Account.objects.update(client_passwords_on=True)
    code = code_for(alice)
    token = links.offer(alice, code=code, attempt=uuid4(), by=HOME).token

    links.redeem(token, user_agent="iPhone", network_address="198.51.100.7")

    assert send() == ["New security password for “My iPhone”"]


@pytest.mark.parametrize(
    "kind", [kind for kind, notice in NOTICES.items() if not notice.waits_for_name]
)
def test_nothing_else_waits(
    alice: Account, made: ClientPassword, kind: Kind, clock: Traveller
) -> None:
    row, _secret = make_client_password(alice, "Phone")

    events.record(kind, alice, by=HOME, **row.event_detail)

    assert len(send()) == 1


def test_only_a_new_password_waits_and_not_for_long() -> None:
    waiting = {kind for kind, notice in NOTICES.items() if notice.waits_for_name}

    assert waiting == {Kind.ISSUED}
    assert timedelta(minutes=2) >= NAMING_TIME
    assert NAMING_TIME < Notification.LEASE  # so no leased row looks like a waiting one
