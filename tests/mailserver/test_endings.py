"""A change that takes a right away ends the sessions it concerns, and only those."""

import smtplib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.events import Actor
from accounts.models import Account, Cutoff, Department, Policy
from accounts.sessions import cutoffs
from clientpasswords import lifecycle
from clientpasswords.models import ClientPasswordQuerySet
from deploy.mailhost import MailHost
from tests import factories
from tests.mailserver.clients import (
    Imap,
    Pop3,
    client_address,
    imap_session,
    pop3_session,
    smtp_session,
    webmail_address,
)
from tests.mailserver.steps import is_closed, is_next_recipient_refused
from tests.signedin import sign_in_verified

pytestmark = [pytest.mark.mailserver, pytest.mark.both_databases]

ALICE = "alice@example.com"
OWNER = Actor(ALICE, "198.51.100.7", "")
Session = Imap | Pop3 | smtplib.SMTP

PHONE = {"phone", "phone pop3", "phone smtp"}
DEVICES = PHONE | {"laptop"}
WEBMAIL = {"webmail", "webmail smtp"}


@pytest.fixture(autouse=True)
def _cheap_web_passwords(settings: Settings) -> None:
    settings.PASSWORD_HASHERS = ["tests.unit.support.CheapHasher"]


@pytest.fixture
def sessions(host: MailHost) -> Iterator[dict[str, Session]]:
    """Alice's telephone, laptop and webmail; Bob next to her; Carol in a domain away.

    Alice and Bob have security passwords, Carol's mail program the web password.
    """
    alice = factories.make_account(ALICE, client_passwords_on=True)
    bob = factories.make_account("bob@example.com", client_passwords_on=True)
    factories.make_domain("example.org", factories.make_policy("Elsewhere"))
    carol = factories.make_account("carol@example.org").address
    phone = factories.make_client_password(alice, "Phone")[1]
    laptop = factories.make_client_password(alice, "Laptop")[1]
    tablet = factories.make_client_password(bob, "Tablet")[1]
    web = factories.PASSWORD
    home = client_address()
    with ExitStack() as stack:
        enter = stack.enter_context
        yield {
            "phone": enter(imap_session(host, ALICE, phone, home)),
            "phone pop3": enter(pop3_session(host, ALICE, phone, home)),
            "phone smtp": enter(smtp_session(host, ALICE, phone, home)),
            "laptop": enter(imap_session(host, ALICE, laptop)),
            "webmail": enter(imap_session(host, ALICE, web, webmail_address())),
            "webmail smtp": enter(smtp_session(host, ALICE, web, webmail_address())),
            "bob": enter(imap_session(host, bob.address, tablet)),
            "carol": enter(imap_session(host, carol, web)),
            "carol's webmail": enter(imap_session(host, carol, web, webmail_address())),
        }


@pytest.fixture
def administrator(host: MailHost) -> Client:
    """The browser of somebody who has signed in with both factors."""
    factories.make_domain("example.net", factories.make_policy("The host's own"))
    return sign_in_verified(
        Account.objects.create_superuser("admin@example.net", "any")
    )


def idles(session: Imap) -> None:
    session.select()
    session.send(b"x IDLE\r\n")
    assert session.readline() == b"+ idling\r\n"


def goes_on(session: Imap | Pop3) -> bool:
    if isinstance(session, Pop3):
        return session.noop() == b"+OK"
    session.send(b"DONE\r\n")
    return session.readline().startswith(b"x OK")


# --- the changes ----------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """Made by `make`; ends the sessions called `ended`."""

    make: Callable[[Client], object]
    ended: set[str]


def delete(label: str | None = None) -> Callable[[Client], object]:
    def make(administrator: Client) -> None:
        rows = Account.objects.get(address=ALICE).client_passwords.all()
        assert isinstance(rows, ClientPasswordQuerySet)
        lifecycle.revoke(rows.filter(label=label) if label else rows, by=OWNER)

    return make


def switch_off(administrator: Client) -> None:
    factories.switch_off(Account.objects.get(address=ALICE), by=OWNER)


def post(page: str, pk: int, data: dict[str, Any], administrator: Client) -> None:
    data = data | {"_confirmed": "Yes"}
    response = administrator.post(reverse(f"admin:{page}", args=[pk]), data)
    assert response.status_code == 302, response.content.decode()


def account(**fields: Any) -> Callable[[Client], object]:
    """Save Alice's page of the administration; None stands for an empty box."""

    def make(administrator: Client) -> None:
        alice = Account.objects.get(address=ALICE)
        data = {
            "address": ALICE,
            "domain": alice.domain_id,
            "is_active": "on",
            "client_passwords_on": "on",
            "phone-TOTAL_FORMS": "0",
            "phone-INITIAL_FORMS": "0",
            **{
                name: given() if callable(given) else given
                for name, given in fields.items()
            },
        }
        data = {name: value for name, value in data.items() if value is not None}
        post("accounts_account_change", alice.pk, data, administrator)

    return make


def account_deleted(administrator: Client) -> None:
    carol = Account.objects.get(address="carol@example.org")
    post("accounts_account_delete", carol.pk, {"post": "yes"}, administrator)


def web_password_changed(administrator: Client) -> None:
    alice = Account.objects.get(address=ALICE)
    new = {"password1": "another web password", "password2": "another web password"}
    data = {"usable_password": "true", **new}
    post("auth_user_password_change", alice.pk, data, administrator)


def policy(name: str, **fields: str | None) -> Callable[[Client], object]:
    """Save a policy's page of the administration; None stands for an empty box."""

    def make(administrator: Client) -> None:
        boxes = dict.fromkeys(["third_party_logon", "imap", "pop3", "smtp"], "on")
        data = {"name": name, "max_client_passwords": "10", **boxes, **fields}
        data = {name: value for name, value in data.items() if value is not None}
        pk = Policy.objects.get(name=name).pk
        post("accounts_policy_change", pk, data, administrator)

    return make


def domain_gets_a_policy_without_pop3(administrator: Client) -> None:
    domain = Account.objects.get(address=ALICE).domain
    strict = factories.make_policy("No POP3", pop3=False)
    data = {"name": domain.name, "policy": strict.pk}
    post("accounts_domain_change", domain.pk, data, administrator)


def strict_policy() -> int:
    return factories.make_policy("No IMAP", imap=False).pk


def webmail_moves(administrator: Client) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.conf.settings.WEBMAIL_NETWORKS", ["192.0.2.9/32"])
        call_command("prepare", verbosity=0)


CHANGES = {
    "a device is deleted": Change(delete("Phone"), PHONE),
    "all devices are deleted": Change(delete(), DEVICES),
    "switched off by the owner": Change(switch_off, DEVICES),
    "switched off by an administrator": Change(
        account(client_passwords_on=None), DEVICES
    ),
    "account disabled": Change(account(is_active=None), DEVICES | WEBMAIL),
    "account deleted": Change(account_deleted, {"carol", "carol's webmail"}),
    "another address": Change(account(address="a.b@example.com"), DEVICES | WEBMAIL),
    "own policy without IMAP": Change(
        account(policy=strict_policy), {"phone", "laptop"}
    ),
    # Postfix knows names, not passwords: docs/operations.md.
    "another web password": Change(web_password_changed, {"webmail"}),
    "POP3 off": Change(policy("Standard", pop3=None), {"phone pop3"}),
    "SMTP off": Change(policy("Standard", smtp=None), {"phone smtp"}),
    "IMAP off": Change(policy("Standard", imap=None), {"phone", "laptop", "bob"}),
    "no mail programs": Change(
        policy("Standard", third_party_logon=None), DEVICES | {"bob"}
    ),
    "required": Change(policy("Elsewhere", client_passwords_required="on"), {"carol"}),
    "another policy": Change(domain_gets_a_policy_without_pop3, {"phone pop3"}),
    # Carol's web password needs no webmail; Postfix has the networks in a file.
    "another webmail": Change(webmail_moves, {"webmail"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_ends_the_sessions_it_concerns_and_only_those(
    change: str, sessions: dict[str, Session], administrator: Client
) -> None:
    for session in sessions.values():
        if isinstance(session, Imap):
            idles(session)

    CHANGES[change].make(administrator)
    cutoffs.deliver_due()  # as the worker does

    ended = {
        name
        for name in CHANGES[change].ended
        if not isinstance(session := sessions[name], smtplib.SMTP)
        and is_closed(session.sock)
    }
    for name in sessions.keys() - ended:
        session = sessions[name]
        if isinstance(session, smtplib.SMTP):
            if is_next_recipient_refused(session, ALICE):
                ended.add(name)
        elif not goes_on(session):
            ended.add(name)
    assert ended == CHANGES[change].ended
    assert not Cutoff.objects.unconfirmed().exists()


def test_a_deleted_department_leaves_its_people_to_the_policy_of_the_domain(
    host: MailHost, administrator: Client
) -> None:
    sales = Department.objects.create(
        domain=factories.make_domain(
            policy=factories.make_policy("Strict", imap=False)
        ),
        policy=factories.make_policy("Open"),
        name="Sales",
    )
    factories.make_account(ALICE, department=sales)
    with imap_session(host, ALICE, factories.PASSWORD) as session:
        post("accounts_department_delete", sales.pk, {"post": "yes"}, administrator)
        cutoffs.deliver_due()

        assert is_closed(session.sock)
