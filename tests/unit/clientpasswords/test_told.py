"""Of which acts and logons their owner hears by mail."""

from pathlib import Path

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts import codes
from accounts.models import Account
from accounts.notify import queue
from clientpasswords import lifecycle
from clientpasswords.scopes import Scope
from tests import factories
from tests.unit.clientpasswords.dovecotlines import line
from tests.unit.clientpasswords.following import Follow, append, catch_up
from tests.unit.support import HOME, code_for, issue, other_than


def told() -> list[str]:
    """What the owner hears of now, in the order of the subjects."""
    mail.outbox.clear()
    queue.deliver_due()
    return sorted(str(message.subject) for message in mail.outbox)


def test_the_owner_hears_of_the_switch_and_of_a_passwords_life(alice: Account) -> None:
    lifecycle.switch_on(alice, by=HOME)
    assert told() == ["Security passwords were turned on"]

    issued = issue(alice, code_for(alice), label="My iPhone")
    assert told() == []
    lifecycle.rename(issued.client_password, "My iPhone")
    assert told() == ["New security password for “My iPhone”"]
    assert "Device: My iPhone" in mail.outbox[0].body
    assert issued.secret not in mail.outbox[0].body

    lifecycle.limit_scope(issued.client_password, Scope(frozenset({"smtp"})), by=HOME)
    assert told() == ["The limits of “My iPhone” were changed"]

    lifecycle.revoke(alice.client_passwords.all(), by=HOME)
    assert told() == ["The security password for “My iPhone” was deleted"]

    factories.switch_off(alice, by=HOME)
    assert told() == ["Security passwords were turned off"]


def test_of_what_was_refused_the_owner_does_not_hear(alice: Account) -> None:
    Account.objects.update(client_passwords_on=True)
    code = code_for(alice)

    with pytest.raises(codes.WrongCode):
        issue(alice, other_than(code))

    assert told() == []


def test_the_owner_hears_of_what_the_mail_servers_log_tells(
    alice: Account, log: Path, follow: Follow
) -> None:
    row, _secret = factories.make_client_password(alice, "Phone")
    append(log, line(credential=row.pk) + line(credential=row.pk, ip="198.51.100.1"))
    catch_up(follow(log))
    lifecycle.revoke(alice.client_passwords.all(), by=HOME)
    append(log, line(credential=row.pk, reason="revoked"))
    catch_up(follow(log))

    assert told() == [
        "The security password for “Phone” was deleted",
        "“Phone” connected for the first time",
        "“Phone” connected from a new network",
        "“Phone” still tries its deleted security password",
    ]
    assert all("mx1" not in message.body for message in mail.outbox)


def test_the_owner_hears_of_the_switch_that_an_administrator_turned(
    administrator: Client, alice: Account
) -> None:
    fields = {
        "address": alice.address,
        "domain": str(alice.domain_id),
        "is_active": "on",
        "phone-TOTAL_FORMS": "0",
        "phone-INITIAL_FORMS": "0",
    }
    page = reverse("admin:accounts_account_change", args=[alice.pk])

    administrator.post(page, {**fields, "client_passwords_on": "on"})
    assert told() == ["Security passwords were turned on"]
    assert "By: admin@example.com" in mail.outbox[0].body

    administrator.post(page, {**fields, "client_passwords_on": "on", "name": "Alice"})
    assert told() == []

    administrator.post(page, fields)
    assert told() == ["Security passwords were turned off"]
