"""A mail server that let somebody in too late: the sessions are looked at again."""

from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django import Settings
from time_machine import Traveller

from accounts.models import Account, Cutoff
from accounts.sessions import cutoffs
from clientpasswords.usage.follower import Follower
from tests.factories import make_client_password
from tests.unit.clientpasswords.dovecotlines import line
from tests.unit.clientpasswords.following import append, catch_up
from tests.unit.support import set_policy

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("clock")]

NODES = ["http://one.example/", "http://two.example/"]


@pytest.fixture(autouse=True)
def _nothing_is_known_of_mail_servers(settings: Settings) -> None:
    """As on a mail node, whose follower has no key of theirs."""
    settings.DOVEADM_URLS = []


def read(log: Path, *lines: dict[str, Any], ago: timedelta = timedelta()) -> set[str]:
    """Follow a log with these lines of just now; return the masks that are ordered."""
    at: datetime = timezone.now() - ago
    when: dict[str, Any] = {
        "day": at.day,
        "hour": at.hour,
        "minute": at.minute,
        "second": at.second,
    }
    append(log, "".join(line(**each, **when) for each in lines))
    with closing(Follower(log, "mx2")) as follower:
        catch_up(follower)
    return set(Cutoff.objects.values_list("login_mask", flat=True))


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "dovecot.log"


def test_a_deleted_password_that_was_let_in_is_looked_at(
    alice: Account, client_passwords_on: None, log: Path
) -> None:
    row, _secret = make_client_password(alice, revoked_at=timezone.now())

    masks = read(log, {"credential": row.pk}, {"credential": row.pk})

    assert masks == {f"{alice.address}~{row.pk}*"}


def test_so_is_a_web_password_that_is_refused_now(
    alice: Account, client_passwords_on: None, log: Path
) -> None:
    assert read(log, {"webmail": False}) == {alice.address}


def test_and_a_protocol_that_is_closed_now(
    alice: Account, client_passwords_on: None, log: Path
) -> None:
    row, _secret = make_client_password(alice)
    other, _secret = make_client_password(alice, "Other")
    set_policy(alice, pop3=False)

    sent = ({"credential": row.pk, "protocol": "pop3"}, {"credential": other.pk})

    assert read(log, *sent) == {f"{alice.address}~{row.pk}*"}


def test_whoever_has_the_right_is_left_alone(
    alice: Account, client_passwords_on: None, log: Path
) -> None:
    row, _secret = make_client_password(alice)
    gone, _secret = make_client_password(alice, "Old", revoked_at=timezone.now())

    masks = read(
        log,
        {"credential": row.pk},
        {"credential": gone.pk, "reason": "revoked"},
        {"webmail": True},  # from the webmail every web password is let in
    )

    assert masks == set()


def test_what_happened_long_ago_was_looked_at_since(
    alice: Account, client_passwords_on: None, log: Path
) -> None:
    row, _secret = make_client_password(alice, revoked_at=timezone.now())

    assert read(log, {"credential": row.pk}, ago=timedelta(minutes=11)) == set()


def test_the_portals_worker_has_every_mail_server_look_at_it_once(
    alice: Account,
    client_passwords_on: None,
    log: Path,
    settings: Settings,
    clock: Traveller,
) -> None:
    row, _secret = make_client_password(alice, revoked_at=timezone.now())
    for _ in range(3):
        read(log, {"credential": row.pk})
    assert Cutoff.objects.count() == 1

    settings.DOVEADM_URLS = NODES
    cutoffs._assign_nodes()

    ordered = Cutoff.objects.values_list("node", "is_review", "login_mask")
    assert set(ordered) == {
        (node, True, f"{alice.address}~{row.pk}*") for node in NODES
    }
