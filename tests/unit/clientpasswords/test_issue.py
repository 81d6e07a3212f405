"""A code becomes a client password: once, or not at all."""

from uuid import UUID, uuid4

import pytest
from django.db import DatabaseError, IntegrityError
from time_machine import Traveller

from accounts import codes, events
from accounts.codes import Purpose
from accounts.events import Actor
from accounts.models import Account, Phone
from clientpasswords import lifecycle, passwords
from clientpasswords.logon import decision
from clientpasswords.models import ClientPassword
from gateways import sms
from tests.factories import make_client_password
from tests.unit.support import (
    HOME,
    OFFICE,
    at_once,
    code_for,
    issue,
    other_than,
    set_policy,
)


def failures_of(account: Account) -> int:
    return Phone.objects.get(account=account).throttling_failure_count


def test_an_issued_password_opens_the_door_at_once(bob: Account) -> None:
    issued = issue(bob, code_for(bob))

    row = issued.client_password
    verdict = decision.decide(bob.address, "smtp", issued.secret, None)
    assert verdict.login_name == f"bob@example.com~{row.pk}"


def test_only_the_hash_of_the_secret_is_kept(bob: Account) -> None:
    issued = issue(bob, code_for(bob))

    stored = ClientPassword.objects.filter(account=bob).values().get()

    assert passwords.matches(issued.secret, stored["hash"])
    assert stored["selector"] == passwords.selector(issued.secret)
    assert issued.secret not in str(stored)


def test_what_is_returned_does_not_show_the_secret_by_itself(bob: Account) -> None:
    issued = issue(bob, code_for(bob))

    assert issued.secret not in f"{issued} {issued!r}"


def test_issuing_is_recorded_with_the_device(bob: Account) -> None:
    row = issue(bob, code_for(bob), label="My iPhone").client_password

    event = bob.security_events.get(kind="issued")
    assert event.detail == {"device": "My iPhone", "credential": row.pk}
    assert event.address == "bob@example.com"


def test_a_code_makes_one_password(bob: Account) -> None:
    code = code_for(bob)
    issue(bob, code)

    with pytest.raises(codes.NoCode):
        issue(bob, code)

    assert bob.client_passwords.count() == 1


def test_a_wrong_code_is_counted_though_nothing_is_issued(bob: Account) -> None:
    code = code_for(bob)

    with pytest.raises(codes.WrongCode):
        issue(bob, other_than(code))

    assert failures_of(bob) == 1
    assert not bob.client_passwords.exists()
    assert bob.security_events.filter(kind="code-refused").count() == 1


def test_a_code_asked_for_elsewhere_issues_nothing(bob: Account) -> None:
    code = code_for(bob, by=OFFICE)

    with pytest.raises(codes.NoCode):
        issue(bob, code, by=HOME)

    assert not bob.client_passwords.exists()


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"third_party_logon": False}, lifecycle.ThirdPartyLogonOff),
        (
            {"imap": False, "pop3": False, "smtp": False},
            lifecycle.ThirdPartyLogonOff,
        ),
        ({"client_passwords_required": False}, lifecycle.NotInForce),
        ({"max_client_passwords": 1}, lifecycle.LimitReached),
    ],
)
def test_what_the_policy_forbids_spends_no_message_and_no_code(
    bob: Account,
    fields: dict[str, bool | int],
    refusal: type[lifecycle.Refused],
) -> None:
    make_client_password(bob)
    code = code_for(bob)
    set_policy(bob, **fields)

    with pytest.raises(refusal):
        lifecycle.send_code(bob, by=HOME)
    with pytest.raises(refusal):
        issue(bob, code)

    assert len(sms.outbox) == 1
    assert bob.client_passwords.count() == 1
    phone = Phone.objects.get(account=bob)
    assert codes.has_outstanding_code(phone, Purpose.ISSUE, by=HOME)


def test_a_protocol_that_is_off_does_not_keep_from_issuing(bob: Account) -> None:
    set_policy(bob, pop3=False, smtp=False)

    assert issue(bob, code_for(bob)).secret


def test_at_the_limit_nothing_more_is_issued(bob: Account) -> None:
    for _ in range(10):
        issue(bob, code_for(bob))

    with pytest.raises(lifecycle.LimitReached):
        lifecycle.send_code(bob, by=HOME)

    assert sorted(bob.client_passwords.values_list("slot", flat=True)) == [
        *range(1, 11)
    ]


def test_a_revoked_password_makes_room_for_another(bob: Account) -> None:
    for _ in range(10):
        issue(bob, code_for(bob))
    lifecycle.revoke(bob.client_passwords.filter(slot=4), by=HOME)

    issued = issue(bob, code_for(bob))

    assert issued.client_password.slot == 4
    assert bob.client_passwords.live().count() == 10


def test_a_lowered_limit_takes_nothing_away(bob: Account) -> None:
    for _ in range(3):
        issue(bob, code_for(bob))

    set_policy(bob, max_client_passwords=2)

    assert bob.client_passwords.live().count() == 3
    with pytest.raises(lifecycle.LimitReached):
        lifecycle.send_code(bob, by=HOME)


def test_a_limit_of_fifty_can_be_filled(bob: Account) -> None:
    set_policy(bob, max_client_passwords=50)
    for _ in range(49):
        make_client_password(bob)

    issued = issue(bob, code_for(bob))

    assert issued.client_password.slot == 50


def test_a_selector_in_use_is_drawn_again(
    bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = passwords.generate(), passwords.generate()
    bob.client_passwords.create(
        slot=1,
        label="Phone",
        selector=passwords.selector(first),
        hash=passwords.hash_for_mail_server(first),
    )
    drawn = [first, first, second]
    monkeypatch.setattr(passwords, "generate", lambda: drawn.pop(0))

    issued = issue(bob, code_for(bob))

    assert issued.secret == second
    assert drawn == []


def test_the_selector_of_a_revoked_password_is_not_drawn_again(
    bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    row, revoked = make_client_password(bob)
    lifecycle.revoke(bob.client_passwords.filter(pk=row.pk), by=HOME)
    fresh = passwords.generate()
    drawn = [revoked, fresh]
    monkeypatch.setattr(passwords, "generate", lambda: drawn.pop(0))

    assert issue(bob, code_for(bob)).secret == fresh


def test_a_form_sent_twice_makes_one_password(bob: Account) -> None:
    attempt = uuid4()
    first = issue(bob, code_for(bob), attempt=attempt)
    code = code_for(bob)

    with pytest.raises(lifecycle.AlreadyIssued) as caught:
        issue(bob, code, attempt=attempt)

    assert caught.value.client_password == first.client_password
    assert bob.client_passwords.count() == 1
    assert issue(bob, code).secret  # the code was not looked at


def test_two_owners_may_send_the_same_attempt(bob: Account, alice: Account) -> None:
    Account.objects.update(client_passwords_on=True)
    attempt = uuid4()

    issue(bob, code_for(bob), attempt=attempt)
    issue(alice, code_for(alice), attempt=attempt)

    assert ClientPassword.objects.count() == 2


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("step", ["generate", "hash_for_mail_server", "record"])
def test_when_storing_fails_the_code_stays_good(
    bob: Account, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    code = code_for(bob)

    def fail(*_args: object, **_kwargs: object) -> None:
        raise DatabaseError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(events if step == "record" else passwords, step, fail)
        with pytest.raises(DatabaseError):
            issue(bob, code)

    assert not bob.client_passwords.exists()
    assert not bob.security_events.filter(kind="issued").exists()
    assert issue(bob, code).secret


@pytest.mark.django_db(transaction=True)
def test_when_the_row_is_refused_the_code_stays_good(
    bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = code_for(bob)

    with monkeypatch.context() as broken:
        broken.setattr(passwords, "hash_for_mail_server", lambda _secret: "clear")
        with pytest.raises(IntegrityError):
            issue(bob, code)

    assert issue(bob, code).secret


def test_a_switched_off_account_gets_no_code(alice: Account, clock: Traveller) -> None:
    with pytest.raises(lifecycle.NotInForce):
        lifecycle.send_code(alice, by=HOME)

    assert sms.outbox == []


# --- many requests in the same moment -------------------------------------------------


def outcome_of_issuing(account: Account, code: str, attempt: UUID | None = None) -> str:
    try:
        issue(account, code, attempt=attempt)
    except (lifecycle.Refused, lifecycle.AlreadyIssued, codes.CodeError) as refusal:
        return type(refusal).__name__
    return "issued"


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_by_twenty_at_once_makes_one_password(bob: Account) -> None:
    attempt, code = uuid4(), code_for(bob)

    outcomes = at_once(20, lambda _n: outcome_of_issuing(bob, code, attempt))

    assert outcomes.count("issued") == 1
    assert outcomes.count("AlreadyIssued") == 19
    assert bob.client_passwords.count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_code_in_twenty_forms_makes_one_password(bob: Account) -> None:
    code = code_for(bob)

    outcomes = at_once(20, lambda _n: outcome_of_issuing(bob, code))

    assert outcomes.count("issued") == 1
    assert outcomes.count("NoCode") == 19
    assert bob.client_passwords.count() == 1


@pytest.mark.django_db(transaction=True)
def test_twenty_at_once_at_nine_of_ten_make_ten(
    bob: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(9):
        make_client_password(bob)
    # A code that is never used up, so that nothing but the limit is in the way.
    monkeypatch.setattr(codes, "spend_code", lambda *_args, **_kwargs: None)

    outcomes = at_once(20, lambda _n: outcome_of_issuing(bob, "123456"))

    assert outcomes.count("issued") == 1
    assert outcomes.count("LimitReached") == 19
    assert bob.client_passwords.live().count() == 10


@pytest.mark.django_db(transaction=True)
def test_twenty_owners_at_once_get_one_each(bob: Account) -> None:
    owners = [_copy(bob, number) for number in range(20)]
    sent = [code_for(owner) for owner in owners]

    outcomes = at_once(20, lambda n: outcome_of_issuing(owners[n], sent[n]))

    assert outcomes == ["issued"] * 20
    assert ClientPassword.objects.count() == 20


@pytest.mark.django_db(transaction=True)
def test_revoking_ten_times_at_once_revokes_once(bob: Account) -> None:
    row, _secret = make_client_password(bob)
    mine = bob.client_passwords.filter(pk=row.pk)

    counts = at_once(10, lambda _n: lifecycle.revoke(mine.all(), by=HOME))

    assert sorted(counts) == [0] * 9 + [1]
    assert bob.security_events.filter(kind="revoked").count() == 1


@pytest.mark.django_db(transaction=True)
def test_issuing_and_revoking_at_once_do_not_wait_for_each_other_for_ever(
    bob: Account,
) -> None:
    for _ in range(5):
        make_client_password(bob)
    code = code_for(bob)

    def act(number: int) -> object:
        if number % 2:
            return outcome_of_issuing(bob, code)
        rows = bob.client_passwords.filter(slot=number // 2 + 1)
        return lifecycle.revoke(rows, by=Actor("admin@example.com"))

    results = at_once(10, act)

    assert results.count("issued") == 1
    assert bob.client_passwords.live().exists()


def _copy(account: Account, number: int) -> Account:
    copy = Account.objects.create(
        address=f"owner{number}@example.com",
        domain=account.domain,
        client_passwords_on=True,
    )
    Phone.objects.create(account=copy, number=f"+120255501{number:02}")
    return copy
