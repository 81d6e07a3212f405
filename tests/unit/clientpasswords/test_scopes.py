"""What a client password may be used for: protocols, networks, until when."""

from datetime import datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError
from django.utils import timezone
from pytest_django import Settings

from accounts.events import Actor, Kind
from accounts.models import Account, Cutoff, MailLogon, SecurityEvent
from accounts.sessions import cutoffs
from clientpasswords import lifecycle
from clientpasswords.logon import decision
from clientpasswords.models import ClientPassword
from clientpasswords.scopes import Scope
from tests import factories

OWNER = Actor("alice@example.com", "198.51.100.7", "")
EVERYTHING = frozenset({"imap", "pop3", "smtp"})


@pytest.fixture
def secret(alice: Account) -> str:
    Account.objects.filter(pk=alice.pk).update(client_passwords_on=True)
    return factories.make_client_password(alice)[1]


@pytest.fixture
def phone(alice: Account, secret: str) -> ClientPassword:
    return ClientPassword.objects.get()


def limit(
    phone: ClientPassword,
    *protocols: str,
    networks: tuple[str, ...] = (),
    expires_at: datetime | None = None,
) -> None:
    scope = Scope(frozenset(protocols) or EVERYTHING, networks, expires_at)
    lifecycle.limit_scope(phone, scope, by=OWNER)
    phone.refresh_from_db()


def refusals(phone: ClientPassword) -> dict[str, str | None]:
    rows = MailLogon.objects.filter(credential=phone.pk)
    return dict(rows.values_list("protocol", "refusal"))


def test_a_new_one_is_good_for_everything(phone: ClientPassword) -> None:
    assert refusals(phone) == dict.fromkeys(EVERYTHING)
    assert not phone.is_limited


def test_it_opens_the_door_for_its_protocols_only(phone: ClientPassword) -> None:
    limit(phone, "smtp")

    assert refusals(phone) == {
        "imap": "out-of-scope",
        "pop3": "out-of-scope",
        "smtp": None,
    }
    assert phone.is_limited


def test_one_for_nothing_cannot_be_stored(phone: ClientPassword) -> None:
    with pytest.raises(IntegrityError, match="good_for_something"):
        ClientPassword.objects.update(imap=False, pop3=False, smtp=False)


def test_it_expires_to_the_second(phone: ClientPassword) -> None:
    now = timezone.now()
    for seconds, refusal in ((-2, "expired"), (60, None)):
        limit(phone, expires_at=now + timedelta(seconds=seconds))
        assert set(refusals(phone).values()) == {refusal}
        assert phone.has_expired is (refusal is not None)


def test_a_policy_that_says_no_is_named_before_the_scope(
    alice: Account, phone: ClientPassword
) -> None:
    limit(phone, "smtp")
    policy = alice.domain.policy
    policy.imap = False
    policy.save()

    assert refusals(phone)["imap"] == "protocol-off"
    assert refusals(phone)["pop3"] == "out-of-scope"


@pytest.mark.parametrize(
    ("ip", "reason"),
    [
        ("192.0.2.9", None),
        ("2001:db8::1", None),
        ("198.51.100.1", "out-of-scope"),
        ("2001:db9::1", "out-of-scope"),
        (None, "out-of-scope"),
    ],
)
def test_it_opens_the_door_from_its_networks_only(
    ip: str | None, reason: str | None, phone: ClientPassword, secret: str
) -> None:
    limit(phone, networks=("192.0.2.0/24", "2001:db8::/32"))

    verdict = decision.decide("alice@example.com", "imap", secret, ip)

    assert (verdict.login_name is None) is (reason is not None)
    assert verdict.reason.endswith(reason or str(phone.pk))


def test_other_networks_give_its_sessions_another_name(phone: ClientPassword) -> None:
    name = f"alice@example.com~{phone.pk}"
    limit(phone, networks=("192.0.2.0/24",))
    assert phone.login_name == f"{name}.1"
    limit(phone, networks=("192.0.2.0/25",))
    assert phone.login_name == f"{name}.2"
    assert set(MailLogon.objects.values_list("login_name", flat=True)) == {f"{name}.2"}

    # Nobody loses anything by this: sessions keep their name.
    limit(phone)
    assert phone.login_name == f"{name}.2"


def test_what_is_lost_is_ended(phone: ClientPassword, settings: Settings) -> None:
    settings.DOVEADM_URLS = ["http://127.0.0.1:9/doveadm/v1"]
    limit(phone, networks=("192.0.2.0/24",))

    orders = Cutoff.objects.values_list("login_mask", "is_review")
    assert set(orders) == {
        (f"alice@example.com~{phone.pk}", False),
        ("alice@example.com*", True),
    }


def test_nothing_happens_when_nothing_changes(phone: ClientPassword) -> None:
    limit(phone)

    assert not SecurityEvent.objects.filter(kind=Kind.LIMITED).exists()


def test_the_record_says_what_was_decided(phone: ClientPassword) -> None:
    at = datetime(2027, 1, 2, tzinfo=timezone.get_default_timezone())
    limit(phone, "smtp", networks=("192.0.2.0/24",), expires_at=at)

    detail = SecurityEvent.objects.get(kind=Kind.LIMITED).detail
    assert detail == {
        "device": "Phone",
        "credential": phone.pk,
        "protocols": "smtp",
        "networks": "192.0.2.0/24",
        "expires": at.isoformat(),
    }


def test_the_mail_servers_are_asked_when_the_time_has_come(
    phone: ClientPassword, settings: Settings
) -> None:
    settings.DOVEADM_URLS = []
    at = timezone.now() + timedelta(hours=1)
    limit(phone, expires_at=at + timedelta(hours=1))
    limit(phone, expires_at=at)
    # Whichever mail servers there are by then.
    settings.DOVEADM_URLS = ["http://127.0.0.1:9/doveadm/v1"] * 2
    cutoffs.deliver_due()
    (waiting,) = Cutoff.objects.all()
    assert (waiting.node, waiting.due_at) == ("", at)

    with time_machine.travel(at):
        cutoffs.deliver_due()

    orders = Cutoff.objects.values_list("login_mask", "node", "is_review")
    mask = f"alice@example.com~{phone.pk}*"
    assert list(orders) == [(mask, "http://127.0.0.1:9/doveadm/v1", True)] * 2


def test_one_that_does_not_expire_any_more_is_left_alone(phone: ClientPassword) -> None:
    limit(phone, expires_at=timezone.now() + timedelta(hours=1))
    limit(phone)

    assert not Cutoff.objects.filter(node="").exists()
