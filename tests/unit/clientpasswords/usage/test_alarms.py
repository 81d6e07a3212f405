"""What the mail server's log tells that somebody should hear of, each once."""

from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import translation
from pytest_django import Settings

from accounts.models import Account, SecurityEvent
from clientpasswords import lifecycle
from clientpasswords.models import KnownNetwork, Usage
from clientpasswords.usage.follower import Follower
from tests import factories
from tests.unit.clientpasswords.dovecotlines import guesses, line
from tests.unit.clientpasswords.following import Follow, append, catch_up
from tests.unit.support import HOME, at_once

Tell = Callable[[str], None]


@pytest.fixture
def tell(log: Path, follow: Follow) -> Tell:
    """Let the mail server write something, and the follower read it."""

    def write(text: str) -> None:
        append(log, text)
        catch_up(follow(log))

    return write


def kinds(account: Account) -> list[str]:
    events = account.security_events.order_by("pk")
    return list(events.values_list("kind", flat=True))


def test_the_first_use_of_a_password_is_an_event(alice: Account, tell: Tell) -> None:
    row, _secret = factories.make_client_password(alice, "Telephone")

    tell(line(credential=row.pk, protocol="smtp", second=7))

    event = alice.security_events.get()
    assert event.kind == "first-used"
    assert event.at == datetime(2026, 11, 23, 21, 33, 7, tzinfo=UTC)
    assert (event.address, event.actor) == ("alice@example.com", "mx1")
    assert event.network_address == "192.0.2.7"
    assert event.detail == {
        "device": "Telephone",
        "credential": row.pk,
        "protocol": "smtp",
    }


def test_a_further_use_is_none(alice: Account, tell: Tell) -> None:
    row, _secret = factories.make_client_password(alice)
    tell(line(credential=row.pk, protocol="imap") * 2)
    tell(line(credential=row.pk, protocol="smtp"))

    assert kinds(alice) == ["first-used"]


def test_each_password_has_a_first_use(alice: Account, tell: Tell) -> None:
    rows = [factories.make_client_password(alice)[0] for _ in range(3)]

    tell("".join(line(credential=row.pk) for row in rows))

    assert kinds(alice) == ["first-used"] * 3


def test_the_web_password_has_none(alice: Account, tell: Tell) -> None:
    tell(line())

    assert kinds(alice) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("192.0.2.7", "192.0.3.7"),
        ("192.0.2.7", "2001:db8::1"),
        ("2001:db8:1::1", "2001:db8:2::1"),
    ],
)
def test_a_use_from_a_new_network_is_an_event(
    old: str, new: str, alice: Account, tell: Tell
) -> None:
    row, _secret = factories.make_client_password(alice)
    tell(line(credential=row.pk, ip=old))
    tell(line(credential=row.pk, ip=new, second=12))

    assert kinds(alice) == ["first-used", "new-network"]
    event = alice.security_events.get(kind="new-network")
    assert (event.network_address, event.at.second) == (new, 12)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("192.0.2.7", "192.0.2.250"),
        ("2001:db8:1::1", "2001:db8:1:ffff:1:2:3:4"),
    ],
)
def test_a_neighbouring_address_is_no_new_network(
    old: str, new: str, alice: Account, tell: Tell
) -> None:
    row, _secret = factories.make_client_password(alice)
    tell(line(credential=row.pk, ip=old) + line(credential=row.pk, ip=new))
    tell(line(credential=row.pk, ip=new))

    assert kinds(alice) == ["first-used"]


def test_a_new_network_is_told_of_once(alice: Account, tell: Tell) -> None:
    row, _secret = factories.make_client_password(alice)
    tell(line(credential=row.pk))
    for second in range(11, 14):
        tell(line(credential=row.pk, ip="198.51.100.1", second=second))
        tell(line(credential=row.pk, second=second))

    assert kinds(alice) == ["first-used", "new-network"]


def test_what_is_new_to_one_password_is_known_to_another(
    alice: Account, tell: Tell
) -> None:
    home, away = (factories.make_client_password(alice)[0] for _ in range(2))
    tell(line(credential=home.pk) + line(credential=away.pk, ip="198.51.100.1"))
    tell(line(credential=home.pk, ip="198.51.100.1"))

    assert kinds(alice) == ["first-used", "first-used", "new-network"]


def test_a_password_in_use_before_networks_were_kept_raises_no_alarm(
    alice: Account, tell: Tell
) -> None:
    row, _secret = factories.make_client_password(alice)
    at = datetime(2026, 11, 1, tzinfo=UTC)
    Usage.objects.create(
        client_password=row, first_at=at, last_at=at, protocol="imap", node="mx1"
    )

    tell(line(credential=row.pk))

    assert kinds(alice) == []


def test_a_deleted_password_that_is_tried_is_an_event_a_day(
    alice: Account, tell: Tell
) -> None:
    row, _secret = factories.make_client_password(alice, "Old phone")
    lifecycle.revoke(alice.client_passwords.all(), by=HOME)
    for day, hour in [(20, 8), (20, 9), (21, 7), (21, 8), (21, 23)]:
        tell(line(credential=row.pk, reason="revoked", day=day, hour=hour, second=0))

    tried = alice.security_events.filter(kind="revoked-tried").order_by("at")
    assert [(event.at.day, event.at.hour) for event in tried] == [(20, 8), (21, 8)]
    assert tried[0].detail["device"] == "Old phone"


def test_each_deleted_password_that_is_tried_is_told_of(
    alice: Account, tell: Tell
) -> None:
    rows = [factories.make_client_password(alice)[0] for _ in range(2)]

    for row in rows:
        tell(line(credential=row.pk, reason="revoked"))

    assert kinds(alice) == ["revoked-tried"] * 2


def test_many_different_wrong_passwords_are_an_event(
    alice: Account, tell: Tell, settings: Settings
) -> None:
    settings.GUESSES_PER_ACCOUNT_HOUR = 10
    tell(guesses(9))
    assert kinds(alice) == []

    tell(guesses(1, ip="198.51.100.1", second=20))

    event = alice.security_events.get()
    detail = {"count": 10, "protocol": "imap", "notice": 1}
    assert (event.kind, event.detail) == ("guessed", detail)
    assert (event.network_address, event.at.second) == ("198.51.100.1", 20)


def test_a_burst_is_told_of_once_an_hour(
    alice: Account, tell: Tell, settings: Settings
) -> None:
    settings.GUESSES_PER_ACCOUNT_HOUR = 10
    for hour in (8, 8, 8, 9, 9):
        tell(guesses(12, hour=hour))

    assert kinds(alice) == ["guessed"] * 2


def test_guesses_of_different_hours_are_no_burst(
    alice: Account, tell: Tell, settings: Settings
) -> None:
    settings.GUESSES_PER_ACCOUNT_HOUR = 10
    for hour in range(5):
        tell(guesses(9, hour=hour))

    assert kinds(alice) == []


def test_guesses_are_counted_for_each_account(
    alice: Account, bob: Account, tell: Tell, settings: Settings
) -> None:
    settings.GUESSES_PER_ACCOUNT_HOUR = 10

    tell(guesses(9) + guesses(10, name=bob.address))

    assert (kinds(alice), kinds(bob)) == ([], ["guessed"])


def test_an_old_phone_is_no_burst(alice: Account, tell: Tell) -> None:
    tell(guesses(1) + line(reason="wrong-password", again=True) * 100)

    assert kinds(alice) == []


def test_lines_that_do_not_say_yet_are_no_burst(alice: Account, tell: Tell) -> None:
    tell(line(reason="wrong-password") * 100)

    assert kinds(alice) == []


def test_guesses_at_no_mailbox_are_no_event(alice: Account, tell: Tell) -> None:
    tell(guesses(100, name="hunter2@example.com"))

    assert not SecurityEvent.objects.exists()


def test_a_known_network_is_not_written_at_each_use(alice: Account, tell: Tell) -> None:
    row, _secret = factories.make_client_password(alice)
    tell(line(credential=row.pk))
    before = row.known_networks.get().last_at

    tell(line(credential=row.pk, hour=23))
    assert row.known_networks.get().last_at == before
    tell(line(credential=row.pk, day=25))
    assert row.known_networks.get().last_at > before


def test_administrators_read_the_events_in_their_language(
    alice: Account, tell: Tell
) -> None:
    row, _secret = factories.make_client_password(alice)
    tell(line(credential=row.pk))

    with translation.override("de"):
        text = alice.security_events.get().get_kind_display()

    assert text == "Sicherheitspasswort erstmals benutzt"


# --- several mail servers at the same moment ------------------------------------------


NODES = 8


def tell_at_once(folder: Path, text: str) -> None:
    """Let each of the mail servers write this, and its follower read it."""

    def follow(number: int) -> None:
        log = folder / f"mx{number}.log"
        append(log, text)
        with closing(Follower(log, f"mx{number}")) as follower:
            catch_up(follower)

    at_once(NODES, follow)


@pytest.mark.django_db(transaction=True)
def test_a_first_use_everywhere_at_once_is_one_event(
    alice: Account, tmp_path: Path
) -> None:
    row, _secret = factories.make_client_password(alice)

    tell_at_once(tmp_path, line(credential=row.pk))

    assert alice.security_events.count() == 1
    assert Usage.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_new_network_everywhere_at_once_is_one_event(
    alice: Account, tmp_path: Path
) -> None:
    row, _secret = factories.make_client_password(alice)
    text = line(credential=row.pk) + line(credential=row.pk, ip="198.51.100.1")

    tell_at_once(tmp_path, text)

    assert alice.security_events.count() == 2
    assert KnownNetwork.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_a_deleted_password_tried_everywhere_at_once_is_one_event(
    alice: Account, tmp_path: Path
) -> None:
    row, _secret = factories.make_client_password(alice)

    tell_at_once(tmp_path, line(credential=row.pk, reason="revoked"))

    assert alice.security_events.count() == 1


@pytest.mark.django_db(transaction=True)
def test_guesses_everywhere_add_up_to_one_burst(
    alice: Account, tmp_path: Path, settings: Settings
) -> None:
    settings.GUESSES_PER_ACCOUNT_HOUR = 3 * NODES

    tell_at_once(tmp_path, guesses(3))

    event = alice.security_events.get()
    assert event.detail["count"] == 3 * NODES
