"""Several mail servers that tell of the same thing at the same moment."""

from contextlib import closing
from pathlib import Path

import pytest
from pytest_django import Settings

from accounts.models import Account
from clientpasswords.models import KnownNetwork, Usage
from clientpasswords.usage.follower import Follower
from tests import factories
from tests.unit.clientpasswords.dovecotlines import guesses, line
from tests.unit.clientpasswords.following import append, catch_up
from tests.unit.support import at_once

pytestmark = pytest.mark.django_db(transaction=True)

NODES = 8


def tell_at_once(folder: Path, text: str) -> None:
    """Let each of the mail servers write this, and its follower read it."""

    def follow(number: int) -> None:
        log = folder / f"mx{number}.log"
        append(log, text)
        with closing(Follower(log, f"mx{number}")) as follower:
            catch_up(follower)

    at_once(NODES, follow)


def test_a_first_use_everywhere_at_once_is_one_event(
    alice: Account, tmp_path: Path
) -> None:
    row, _secret = factories.make_client_password(alice)

    tell_at_once(tmp_path, line(credential=row.pk))

    assert alice.security_events.count() == 1
    assert Usage.objects.count() == 1


def test_a_new_network_everywhere_at_once_is_one_event(
    alice: Account, tmp_path: Path
) -> None:
    row, _secret = factories.make_client_password(alice)
    text = line(credential=row.pk) + line(credential=row.pk, ip="198.51.100.1")

    tell_at_once(tmp_path, text)

    assert alice.security_events.count() == 2
    assert KnownNetwork.objects.count() == 2


def test_a_deleted_password_tried_everywhere_at_once_is_one_event(
    alice: Account, tmp_path: Path
) -> None:
    row, _secret = factories.make_client_password(alice)

    tell_at_once(tmp_path, line(credential=row.pk, reason="revoked"))

    assert alice.security_events.count() == 1


def test_guesses_everywhere_add_up_to_one_burst(
    alice: Account, tmp_path: Path, settings: Settings
) -> None:
    settings.GUESSES_PER_ACCOUNT_HOUR = 3 * NODES

    tell_at_once(tmp_path, guesses(3))

    event = alice.security_events.get()
    assert event.detail["count"] == 3 * NODES
