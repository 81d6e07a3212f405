"""Who is let in, by which credential, and the reason that is given."""

from dataclasses import dataclass

import pytest
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from accounts.models import Account, MailSetting
from accounts.policy import effective
from clientpasswords import passwords
from clientpasswords.logon import decision
from tests.factories import PASSWORD, make_account, make_client_password, make_policy
from tests.typedpasswords import OUTCOMES, REFUSED, REFUSED_BY_DOVECOT, TAKEN, typed_as
from tests.unit.support import CheapHasher

WEBMAIL = "192.0.2.10"
ELSEWHERE = "198.51.100.7"


def decide(
    address: str, password: str, *, protocol: str = "imap", ip: str | None = ELSEWHERE
) -> tuple[str | None, str]:
    verdict = decision.decide(address, protocol, password, ip)
    return verdict.login_name, verdict.reason


@dataclass
class Hashing:
    """How often the slow hash of web passwords was computed."""

    count: int = 0


@pytest.fixture
def hashing(monkeypatch: pytest.MonkeyPatch) -> Hashing:
    counted = Hashing()
    verify = CheapHasher.verify

    def count(self: CheapHasher, password: str, encoded: str) -> bool:
        counted.count += 1
        return bool(verify(self, password, encoded))

    monkeypatch.setattr(CheapHasher, "verify", count)
    return counted


@pytest.fixture
def _webmail(db: None) -> None:
    MailSetting.objects.create(
        name="webmail_networks", value="192.0.2.0/24,2001:db8::/48"
    )


def test_before_the_switch_the_web_password_is_let_in(alice: Account) -> None:
    assert decide(alice.address, PASSWORD) == (alice.address, "web password")


@pytest.mark.parametrize(
    "typed", ["wrong", "", PASSWORD.upper(), f"{PASSWORD} ", PASSWORD.replace(" ", "")]
)
def test_the_web_password_is_checked_exactly_as_typed(
    alice: Account, typed: str
) -> None:
    assert decide(alice.address, typed) == (None, "wrong-password")


def test_an_unknown_mailbox_is_refused(db: None) -> None:
    assert decide("nobody@example.com", PASSWORD) == (None, "no-such-mailbox")


def test_the_case_of_the_address_does_not_matter(alice: Account) -> None:
    assert decide("Alice@EXAMPLE.com", PASSWORD) == (alice.address, "web password")


def test_in_force_a_client_password_is_let_in_under_its_own_name(bob: Account) -> None:
    row, secret = make_client_password(bob)

    expected = (f"bob@example.com~{row.pk}", f"security password {row.pk}")

    assert decide(bob.address, secret) == expected


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_a_client_password_is_let_in_however_the_table_says_it_is_typed(
    bob: Account, outcome: str
) -> None:
    row, secret = make_client_password(bob)
    words = {
        TAKEN: f"security password {row.pk}",
        REFUSED: "security-password-required",
        REFUSED_BY_DOVECOT: "control-characters: Dovecot refuses control characters",
    }

    typed = typed_as(secret, outcome)
    found = {name: decide(bob.address, text)[1] for name, text in typed.items()}

    assert found == dict.fromkeys(typed, words[outcome])


def test_in_force_the_web_password_is_refused_without_being_computed(
    bob: Account, hashing: Hashing
) -> None:
    assert decide(bob.address, PASSWORD) == (None, "security-password-required")
    assert hashing.count == 0


@pytest.mark.usefixtures("_webmail")
@pytest.mark.parametrize(
    ("ip", "name"),
    [
        (WEBMAIL, "bob@example.com"),
        ("2001:db8::1", "bob@example.com"),
        (ELSEWHERE, None),
        ("2001:db8:1::1", None),
        (None, None),
    ],
)
def test_in_force_the_webmail_alone_uses_the_web_password(
    bob: Account, ip: str | None, name: str | None
) -> None:
    assert decide(bob.address, PASSWORD, ip=ip)[0] == name


@pytest.mark.usefixtures("_webmail")
def test_from_the_webmail_too_the_web_password_must_be_right(bob: Account) -> None:
    assert decide(bob.address, "wrong", ip=WEBMAIL) == (None, "wrong-password")


@pytest.mark.usefixtures("_webmail")
def test_the_webmail_goes_on_where_no_mail_program_may_connect(db: None) -> None:
    closed = make_policy("Closed", third_party_logon=False, imap=False)
    carol = make_account("carol@example.com", policy=closed)

    assert decide(carol.address, PASSWORD) == (None, "third-party-logon-off")
    assert decide(carol.address, PASSWORD, ip=WEBMAIL)[0] == carol.address


@pytest.mark.usefixtures("_webmail")
def test_a_disabled_mailbox_is_closed_to_the_webmail_as_well(bob: Account) -> None:
    Account.objects.update(is_active=False)

    assert decide(bob.address, PASSWORD, ip=WEBMAIL) == (None, "account-disabled")


def test_a_suspended_password_is_refused_by_name_without_trying_the_web_password(
    alice: Account, hashing: Hashing
) -> None:
    row, secret = make_client_password(alice)

    verdict = decide(alice.address, secret)

    assert verdict == (None, f"security password {row.pk}: suspended")
    assert hashing.count == 0


def test_a_revoked_password_is_recognised(bob: Account) -> None:
    row, secret = make_client_password(bob, revoked_at=timezone.now())

    assert decide(bob.address, secret) == (None, f"security password {row.pk}: revoked")


def test_somebody_elses_password_opens_nothing_of_mine(
    bob: Account, mallory: Account
) -> None:
    _row, secret = make_client_password(bob)

    assert decide(mallory.address, secret) == (None, "wrong-password")


def test_a_wrong_password_of_the_same_selector_is_refused(bob: Account) -> None:
    row, _secret = make_client_password(bob)
    other = passwords.generate()
    bob.client_passwords.update(selector=passwords.selector(other))

    assert decide(bob.address, other) == (None, "security-password-required")
    assert bob.client_passwords.get().pk == row.pk


def test_a_web_password_of_the_form_of_a_client_password_is_let_in(db: None) -> None:
    secret = passwords.generate()
    account = make_account("dora@example.com", password=secret)

    assert decide(account.address, secret) == (account.address, "web password")


def test_an_account_without_a_web_password_is_refused(alice: Account) -> None:
    Account.objects.update(password=make_password(None))

    assert decide(alice.address, "") == (None, "wrong-password")


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_each_protocol_is_decided_by_itself(bob: Account, protocol: str) -> None:
    policy = effective.load_effective_policy(bob).policy
    setattr(policy, protocol, False)
    policy.save()
    row, secret = make_client_password(bob)

    let_in = {
        name: decide(bob.address, secret, protocol=name)[1]
        for name in ("imap", "pop3", "smtp")
    }

    right = f"security password {row.pk}"
    expected = dict.fromkeys(("imap", "pop3", "smtp"), right)
    assert let_in == expected | {protocol: f"{right}: protocol-off"}


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("third_party_logon", False, "third-party-logon-off"),
        ("client_passwords_required", True, "security-password-required"),
        ("imap", False, "protocol-off"),
    ],
)
def test_a_change_of_the_policy_holds_for_the_next_logon(
    alice: Account, *, field: str, value: bool, reason: str
) -> None:
    assert decide(alice.address, PASSWORD)[0] == alice.address

    policy = effective.load_effective_policy(alice).policy
    setattr(policy, field, value)
    policy.save()

    assert decide(alice.address, PASSWORD) == (None, reason)
