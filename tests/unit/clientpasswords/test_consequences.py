"""Whom a change of policies refuses at once, and what it makes possible for whom."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account, Department, Policy
from accounts.models.protocols import PROTOCOL_KEYS
from clientpasswords import consequences, lifecycle
from clientpasswords.consequences import (
    LOSSES,
    Consequences,
    EffectKind,
    PolicyChange,
    measure_consequences,
)
from tests.factories import (
    make_account,
    make_client_password,
    make_domain,
    make_logon,
    make_policy,
)
from tests.unit.support import HOME

pytestmark = pytest.mark.both_databases

OPEN: dict[str, Any] = {}
REQUIRED: dict[str, Any] = {"client_passwords_required": True}
NO_LOGON: dict[str, Any] = {"third_party_logon": False}
HERE, ELSEWHERE = "192.0.2.0/24", "198.51.100.0/24"
SOON = timezone.now() + timedelta(days=8)


def bind(account: Account, settings: dict[str, Any]) -> Policy:
    """Give the mailbox a policy of its own with these settings."""
    policy = Policy.objects.create(name=f"Of {account}", **settings)
    Account.objects.filter(pk=account.pk).update(policy=policy)
    return policy


def compare(account: Account, old: dict[str, Any], new: dict[str, Any]) -> Consequences:
    """Measure what it does that the policy gets these settings in place of those.

    It is the same for another policy with these settings.
    """
    bind(account, old)
    bound = Account.objects.filter(pk=account.pk)
    after = Policy(**new)
    edited = measure_consequences(bound, PolicyChange(settings=after.settings))
    other = Policy.objects.create(name="Other", **new)
    given = measure_consequences(bound, PolicyChange(policy=other))
    assert given == edited
    return edited


def lost(found: Consequences) -> set[EffectKind]:
    return {each.kind for each in found.effects if each.is_loss}


def gained(found: Consequences) -> set[EffectKind]:
    return {each.kind for each in found.effects if not each.is_loss}


@pytest.mark.parametrize(
    ("old", "new", "losses"),
    [
        (OPEN, REQUIRED, {EffectKind.REQUIRED}),
        (REQUIRED, REQUIRED | {"max_client_passwords": 5}, set()),
        (REQUIRED, OPEN, set()),
        (OPEN, REQUIRED | {"report_only": True}, set()),
        (OPEN, REQUIRED | {"required_from": SOON}, set()),
        (OPEN, {"pop3": False}, set()),
        (OPEN, {"imap": False}, {EffectKind.PROTOCOL_OFF}),
        (OPEN, REQUIRED | {"imap": False}, {EffectKind.PROTOCOL_OFF}),
        ({"imap": False}, NO_LOGON, set()),
        (OPEN, NO_LOGON, {EffectKind.NO_LOGON}),
        (OPEN, dict.fromkeys(PROTOCOL_KEYS, False), {EffectKind.NO_LOGON}),
        (OPEN, {"client_networks": HERE}, set()),
        (OPEN, {"client_networks": ELSEWHERE}, {EffectKind.NETWORKS}),
        (
            {"client_networks": HERE},
            {"client_networks": ELSEWHERE},
            {EffectKind.NETWORKS},
        ),
        ({"client_networks": ELSEWHERE}, {"client_networks": "::/0"}, set()),
        (OPEN, {"max_client_passwords": 5}, set()),
    ],
)
def test_a_program_with_the_web_password_loses_what_only_the_old_policy_allows(
    alice: Account, old: dict[str, Any], new: dict[str, Any], losses: set[EffectKind]
) -> None:
    make_logon(alice, network_address="192.0.2.7")

    found = compare(alice, old, new)

    assert lost(found) == losses
    assert found.bound == 1
    assert found.losing.mailboxes == ({alice.pk: alice.address} if losses else {})


@pytest.mark.parametrize(
    ("old", "new", "gains"),
    [
        (NO_LOGON, OPEN, {EffectKind.LOGON}),
        ({"imap": False}, OPEN, {EffectKind.PROTOCOL_ON}),
        (REQUIRED, OPEN, {EffectKind.RELEASED}),
        (
            REQUIRED,
            REQUIRED | {"required_from": SOON},
            {EffectKind.RELEASED, EffectKind.ANNOUNCED},
        ),
        (OPEN, REQUIRED | {"required_from": SOON}, {EffectKind.ANNOUNCED}),
        (OPEN, REQUIRED | {"report_only": True}, set()),
        ({"client_networks": HERE}, OPEN, {EffectKind.MORE_NETWORKS}),
        (
            {"client_networks": HERE},
            {"client_networks": ELSEWHERE},
            {EffectKind.MORE_NETWORKS},
        ),
        (OPEN, {"client_networks": HERE}, set()),
        (OPEN, {"max_client_passwords": 5}, set()),
    ],
)
def test_what_becomes_possible_needs_no_logon(
    alice: Account, old: dict[str, Any], new: dict[str, Any], gains: set[EffectKind]
) -> None:
    assert gained(compare(alice, old, new)) == gains


def test_every_kind_of_effect_is_seen_in_a_test() -> None:
    """A loss in the first table or by a security password; others in the second."""
    assert LOSSES | {
        EffectKind.LOGON,
        EffectKind.PROTOCOL_ON,
        EffectKind.RELEASED,
        EffectKind.ANNOUNCED,
        EffectKind.MORE_NETWORKS,
    } == set(EffectKind)


@pytest.mark.parametrize("on", [True, False])
def test_a_security_password_works_on_if_its_owner_turned_them_on(
    alice: Account, *, on: bool
) -> None:
    """Without the requirement, the switch of the owner counts."""
    password, _secret = make_client_password(alice)
    make_logon(alice, client_password=password)
    Account.objects.filter(pk=alice.pk).update(client_passwords_on=on)

    found = compare(alice, REQUIRED, OPEN)

    assert lost(found) == (set() if on else {EffectKind.SUSPENDED})
    assert gained(found) == (set() if on else {EffectKind.RELEASED})


@pytest.mark.parametrize("on", [True, False])
def test_with_or_without_the_choice_only_what_is_let_in_now_can_be_lost(
    alice: Account, *, on: bool
) -> None:
    """By both passwords, of which one is let in; by an old switch the other was."""
    password, _secret = make_client_password(alice)
    make_logon(alice, client_password=password)
    make_logon(alice, "pop3")
    Account.objects.filter(pk=alice.pk).update(client_passwords_on=on)

    found = compare(alice, OPEN, {"imap": False, "pop3": False})

    assert [each.protocol for each in found.effects] == ["imap" if on else "pop3"]


def test_only_what_is_let_in_now_and_was_used_lately_can_be_lost(
    alice: Account,
) -> None:
    password, _secret = make_client_password(alice)
    make_logon(alice, client_password=password)
    lifecycle.revoke(alice.client_passwords.all(), by=HOME)
    make_logon(alice, last_at=timezone.now() - timedelta(days=31))
    make_logon(alice, reason="wrong-password", by_web_password=False)
    make_logon(alice, by_web_password=False)
    bound = Account.objects.filter(pk=alice.pk)

    assert not lost(measure_consequences(bound, PolicyChange(settings=NO_LOGON)))

    make_logon(alice)
    assert lost(measure_consequences(bound, PolicyChange(settings=NO_LOGON)))
    Account.objects.filter(pk=alice.pk).update(is_active=False)
    assert not lost(measure_consequences(bound, PolicyChange(settings=NO_LOGON)))


def test_each_mailbox_is_compared_with_the_policy_that_binds_it_now(
    alice: Account,
) -> None:
    """One has the policy already, one loses POP3 by it, and one everything by none."""
    closed = make_policy("Closed", pop3=False)
    shut = make_policy("Shut", **NO_LOGON)
    bound_already = make_account("b@example.com", policy=closed)
    opened = make_account("c@example.com", policy=shut)
    for account in (alice, bound_already, opened):
        make_logon(account, "pop3")

    found = measure_consequences(Account.objects.all(), PolicyChange(policy=closed))

    assert [(each.kind, list(each.mailboxes)) for each in found.effects] == [
        (EffectKind.PROTOCOL_OFF, [alice.pk]),
        (EffectKind.LOGON, [opened.pk]),
    ]


def test_without_an_exception_the_inherited_policy_of_each_decides(db: None) -> None:
    strict = make_policy("Strict", **REQUIRED)
    closed = make_policy("Closed", imap=False)
    domain = make_domain("firm.example", make_policy("Shut", **NO_LOGON))
    department = Department.objects.create(domain=domain, name="Sales", policy=closed)
    by_domain = make_account("a@firm.example", policy=strict, client_passwords_on=True)
    by_department = make_account("b@firm.example", policy=strict, department=department)
    make_account("c@firm.example", department=department)
    for account in (by_domain, by_department):
        password, _secret = make_client_password(account)
        make_logon(account, client_password=password)

    found = measure_consequences(
        Account.objects.exclude(policy=None),
        PolicyChange(inherited=consequences.INHERITED),
    )

    assert {
        (each.kind, each.protocol): set(each.mailboxes) for each in found.effects
    } == {
        (EffectKind.NO_LOGON, ""): {by_domain.pk},
        (EffectKind.PROTOCOL_OFF, "imap"): {by_department.pk},
        (EffectKind.RELEASED, ""): {by_department.pk},
    }


@pytest.mark.parametrize("listed", [0, 10])
def test_those_that_are_not_selected_do_not_count(
    alice: Account, monkeypatch: pytest.MonkeyPatch, listed: int
) -> None:
    """Few are looked for by the database, many among what it found."""
    monkeypatch.setattr(consequences, "MOST_LISTED", listed)
    others = [make_account(f"user{number}@example.com") for number in range(9)]
    for account in (alice, *others):
        make_logon(account)
    change = PolicyChange(settings=NO_LOGON)

    found = measure_consequences(Account.objects.all(), change, {alice.pk})

    assert found.bound == 1
    assert found.losing.mailboxes == {alice.pk: alice.address}
    assert not found.losing.has_more


@pytest.mark.parametrize("listed", [0, 10])
def test_beyond_the_limit_it_says_that_there_are_more(
    alice: Account, monkeypatch: pytest.MonkeyPatch, listed: int
) -> None:
    monkeypatch.setattr(consequences, "MOST_LISTED", listed)
    monkeypatch.setattr(consequences, "COUNT_LIMIT", 2)
    monkeypatch.setattr(consequences, "MOST_COUNTED", 2)
    rows = [alice, *(make_account(f"user{n}@example.com") for n in range(2))]
    for account in rows:
        make_logon(account)
    change, every = PolicyChange(settings=NO_LOGON), Account.objects.all()

    three = measure_consequences(every, change, {each.pk for each in rows})
    two = measure_consequences(every, change, {each.pk for each in rows[:2]})

    assert (three.losing.count, three.losing.has_more) == (2, True)
    assert (two.losing.count, two.losing.has_more) == (2, False)


@pytest.mark.parametrize("listed", [0, 10])
@pytest.mark.parametrize("is_chosen", [True, False])
def test_of_very_many_mailboxes_fewer_are_counted(
    db: None, monkeypatch: pytest.MonkeyPatch, listed: int, *, is_chosen: bool
) -> None:
    """Up to the limit all count, however many lose something."""
    monkeypatch.setattr(consequences, "MOST_LISTED", listed)
    monkeypatch.setattr(consequences, "COUNT_LIMIT", 3)
    monkeypatch.setattr(consequences, "MOST_COUNTED", 1)
    rows = [make_account(f"user{number}@example.com") for number in range(4)]
    for account in rows:
        make_logon(account)
    change = PolicyChange(settings=NO_LOGON)

    def measure(number: int) -> tuple[int, int, bool]:
        chosen = {each.pk for each in rows[:number]}
        bound = Account.objects.filter(pk__in=chosen)
        found = measure_consequences(bound, change, chosen if is_chosen else None)
        return found.bound, found.losing.count, found.losing.has_more

    assert measure(4) == (4, 1, True)
    assert measure(3) == (3, 3, False)


def test_the_fewer_are_selected_the_more_mailboxes_are_read(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those in between lose access as well, and do not count."""
    monkeypatch.setattr(consequences, "MOST_LISTED", 0)
    monkeypatch.setattr(consequences, "COUNT_LIMIT", 2)
    monkeypatch.setattr(consequences, "MOST_COUNTED", 2)
    rows = [make_account(f"user{number:02}@example.com") for number in range(12)]
    for account in rows:
        make_logon(account)
    chosen = {each.pk for each in rows[2::3]}

    found = measure_consequences(
        Account.objects.all(), PolicyChange(settings=NO_LOGON), chosen
    )

    assert set(found.losing.mailboxes) < chosen
    assert (found.losing.count, found.losing.has_more) == (2, True)


def make_users(number: int, **settings: Any) -> list[Account]:
    """Return mailboxes that mail programs use, those `on` with security passwords."""
    rows = []
    for _ in range(number):
        account = make_account(f"u{Account.objects.count()}@example.com", **settings)
        if account.client_passwords_on:
            password, _secret = make_client_password(account)
            make_logon(account, client_password=password)
        else:
            make_logon(account)
        rows.append(account)
    return rows


def test_those_between_the_selected_do_not_end_the_search(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is found first of an effect may be only those who do not count."""
    monkeypatch.setattr(consequences, "MOST_LISTED", 0)
    monkeypatch.setattr(consequences, "COUNT_LIMIT", 2)
    monkeypatch.setattr(consequences, "MOST_COUNTED", 2)
    first, *_others = make_users(4, client_passwords_on=True)
    chosen = {each.pk for each in (first, *make_users(3))}

    found = measure_consequences(
        Account.objects.all(), PolicyChange(settings=NO_LOGON), chosen
    )

    assert (found.losing.count, found.losing.has_more) == (2, True)


@pytest.mark.skipif("connection.vendor != 'postgresql'")
@pytest.mark.parametrize(("number", "is_left_out"), [(3, True), (2, False)])
def test_the_database_stops_when_it_has_found_enough(
    db: None, monkeypatch: pytest.MonkeyPatch, number: int, *, is_left_out: bool
) -> None:
    """What else has an effect is not looked for after as many as are counted."""
    monkeypatch.setattr(consequences, "COUNT_LIMIT", 2)
    monkeypatch.setattr(consequences, "MOST_COUNTED", 2)
    make_users(number, client_passwords_on=True)
    make_users(1)
    with CaptureQueriesContext(connection) as asked:
        found = measure_consequences(
            Account.objects.all(), PolicyChange(settings=NO_LOGON)
        )

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN ANALYZE {asked[-1]['sql']}")
        lines = [line for (line,) in cursor.fetchall()]
    left_out = [each for each in lines if "Limit" in each and "never exec" in each]
    assert len(left_out) == is_left_out
    assert (found.losing.count, found.losing.has_more) == (2, True)


def test_a_department_without_its_own_policy_has_none_to_give_up(db: None) -> None:
    closed = make_policy("Closed", imap=False)
    domain = make_domain("firm.example", make_policy("Shut", **NO_LOGON))
    own, none = (
        Department.objects.create(domain=domain, name=name, policy=policy)
        for name, policy in (("Sales", closed), ("Support", None))
    )
    loser = make_account("a@firm.example", department=own, client_passwords_on=True)
    make_account("b@firm.example", department=none)
    password, _secret = make_client_password(loser)
    make_logon(loser, "pop3", client_password=password)

    found = measure_consequences(
        Account.objects.exclude(department=None),
        PolicyChange(inherited=F("domain__policy"), own="department__policy"),
    )

    assert found.bound == 2
    assert [(each.kind, set(each.mailboxes)) for each in found.effects] == [
        (EffectKind.NO_LOGON, {loser.pk})
    ]


def test_one_effect_has_the_mailboxes_of_different_policies(db: None) -> None:
    """By security passwords: of who must use them, and of who chose to."""
    strict = make_policy("Strict", **REQUIRED)
    required, chosen, neither, by_web = (
        make_account(f"{name}@example.com") for name in "abcd"
    )
    Account.objects.filter(pk=required.pk).update(policy=strict)
    Account.objects.filter(pk=chosen.pk).update(client_passwords_on=True)
    for account in (required, chosen, neither):
        password, _secret = make_client_password(account)
        make_logon(account, client_password=password)
    for account in (required, chosen, by_web):
        make_logon(account)

    change = PolicyChange(settings={"imap": False})
    (effect,) = measure_consequences(Account.objects.all(), change).effects

    assert (effect.kind, effect.protocol) == (EffectKind.PROTOCOL_OFF, "imap")
    assert set(effect.mailboxes) == {required.pk, chosen.pk, by_web.pk}


def test_logons_that_were_not_read_are_not_denied(
    alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of networks, more than so many logons are not compared; then it says so."""
    monkeypatch.setattr(consequences, "MOST_READ", 1)
    make_logon(alice, network_address="192.0.2.7")

    change = PolicyChange(settings={"client_networks": HERE})
    found = measure_consequences(Account.objects.all(), change)

    assert [(each.count, each.has_more) for each in found.effects] == [(0, True)]


def test_any_number_of_policies_takes_two_queries(alice: Account) -> None:
    for number in range(8):
        on = {key: bool(number >> bit & 1) for bit, key in enumerate(PROTOCOL_KEYS)}
        account = make_account(f"user{number}@example.com")
        make_logon(account)
        bind(account, on | {"client_passwords_required": number % 2 == 0})

    with CaptureQueriesContext(connection) as asked:
        measure_consequences(Account.objects.all(), PolicyChange(settings=NO_LOGON))

    assert len(asked) == 2
