import pytest
from django.db import IntegrityError, transaction
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account, Department, Domain, MailWebLogon, Policy
from accounts.policy import effective as effective_policy
from accounts.policy import queries
from tests.factories import make_account, make_policy


# Each policy allows one protocol, so that the views tell whose policy they follow.
@pytest.mark.parametrize(
    ("there", "whose", "protocol"),
    [
        ({"own", "department", "department's own"}, "alice@example.com", "imap"),
        ({"own", "department"}, "alice@example.com", "imap"),
        ({"own"}, "alice@example.com", "imap"),
        ({"department", "department's own"}, "Sales", "pop3"),
        ({"department"}, "example.com", "smtp"),
        (set(), "example.com", "smtp"),
    ],
)
@pytest.mark.django_db
def test_the_nearest_policy_binds_in_the_portal_as_on_the_mail_server(
    django_assert_num_queries: DjangoAssertNumQueries,
    there: set[str],
    whose: str,
    protocol: str,
) -> None:
    mine = make_policy("Mine", pop3=False, smtp=False)
    ours = make_policy("Ours", imap=False, smtp=False)
    everybodys = make_policy("Everybody's", imap=False, pop3=False)
    domain = Domain.objects.create(name="example.com", policy=everybodys)
    department = Department.objects.create(
        domain=domain,
        name="Sales",
        policy=ours if "department's own" in there else None,
    )
    account = make_account(
        policy=mine if "own" in there else None,
        department=department if "department" in there else None,
    )

    with django_assert_num_queries(1):
        effective = effective_policy.load_effective_policy(account)

    assert effective.decided_by == whose
    allowed = [name for name, on in effective.policy.protocols.items() if on]
    assert allowed == [protocol]
    assert [
        policy
        for policy in (mine, ours, everybodys)
        if queries.accounts_bound_by(policy)
    ] == [effective.policy]
    open_rows = MailWebLogon.objects.filter(refusal=None)
    assert [row.protocol for row in open_rows] == [protocol]


def test_the_policy_is_the_one_in_the_database_now(alice: Account) -> None:
    strict = make_policy("Strict", client_passwords_required=True)

    Account.objects.filter(pk=alice.pk).update(policy=strict)

    assert effective_policy.load_effective_policy(alice).policy == strict


@pytest.mark.parametrize(
    ("chosen", "required", "in_force"),
    [
        (False, False, False),
        (False, True, True),
        (True, False, True),
        (True, True, True),
    ],
)
def test_passwords_are_in_force_when_chosen_or_required(
    *, chosen: bool, required: bool, in_force: bool
) -> None:
    account = Account(client_passwords_on=chosen)
    policy = Policy(client_passwords_required=required)

    assert effective_policy.client_passwords_in_force(account, policy) is in_force


@pytest.mark.django_db
@pytest.mark.parametrize("limit", [0, 51])
def test_a_limit_outside_the_slots_is_refused_by_the_database(limit: int) -> None:
    with pytest.raises(IntegrityError, match="policy_limit"), transaction.atomic():
        Policy.objects.create(name="Odd", max_client_passwords=limit)


@pytest.mark.django_db
def test_a_new_policy_allows_mail_programs_and_ten_passwords() -> None:
    policy = Policy.objects.create(name="New")

    assert policy.third_party_logon
    assert policy.protocols == {"imap": True, "pop3": True, "smtp": True}
    assert not policy.client_passwords_required
    assert policy.max_client_passwords == 10
    assert str(policy) == "New"
