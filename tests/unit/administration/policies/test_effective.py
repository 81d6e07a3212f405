"""Inheritance made visible; whom a change of what is inherited affects."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from time_machine import Traveller

from accounts.models import Account, Cutoff, Department, Domain, Policy
from accounts.moments import moment
from accounts.policy import effective as effective_policy
from administration.policies import effective
from tests.factories import make_account, make_logon, make_policy
from tests.signedin import sign_in_verified
from tests.unit.administration.jobsteps import do
from tests.unit.administration.pages import MOST_QUERIES
from tests.unit.administration.steps import queries_of, save_policy
from tests.unit.administration.worlds import make_administrator


@pytest.fixture
def sales(administrator: Client, alice: Account) -> Department:
    """Alice's department, with a policy of its own."""
    strict = make_policy("Strict", client_passwords_required=True, pop3=False)
    department = Department.objects.create(
        domain=alice.domain, name="Sales", policy=strict
    )
    Account.objects.filter(pk=alice.pk).update(department=department)
    return department


def page_of(browser: Client, row: Any) -> str:
    name = f"admin:accounts_{type(row).__name__.lower()}_change"
    text = browser.get(reverse(name, args=[row.pk])).content.decode()
    return " ".join(text.split())


def row_of(page: str, name: str) -> str:
    """The line of the box about this setting."""
    return page.partition(f'<th scope="row">{name}</th>')[2].partition("</tr>")[0]


def test_a_mailbox_tells_each_value_and_where_it_comes_from(
    administrator: Client, sales: Department, alice: Account
) -> None:
    page = page_of(administrator, alice)

    required = row_of(page, "Security passwords required")
    assert "<td>On</td>" in required
    assert "<bdi>Sales</bdi>" in required
    assert "instead of Off of example.com" in required
    assert "instead of" not in row_of(page, "IMAP")
    assert "Exception <bdi>alice@example.com</bdi>: none of its own" in page


@pytest.mark.parametrize(
    ("days", "told"),
    [(9, ("alice@", ", until ")), (-9, ("Sales", ", ended "))],
)
def test_an_exception_is_told_with_its_end(
    administrator: Client,
    sales: Department,
    alice: Account,
    days: int,
    told: tuple[str, str],
) -> None:
    whose, said = told
    until = timezone.now() + timedelta(days=days)
    Account.objects.filter(pk=alice.pk).update(
        policy=make_policy("Free"), policy_until=until
    )

    page = page_of(administrator, alice)

    assert f"<bdi>{whose}" in row_of(page, "POP3")
    assert f"<strong>Free</strong>{said}" in page


def test_domains_and_departments_tell_it_as_well(
    administrator: Client, sales: Department
) -> None:
    of_department = page_of(administrator, sales)
    of_domain = page_of(administrator, sales.domain)

    assert "<bdi>Sales</bdi>" in row_of(of_department, "POP3")
    assert "instead of On of example.com" in row_of(of_department, "POP3")
    assert "<td>On</td>" in row_of(of_domain, "POP3")
    assert "Sales" not in row_of(of_domain, "POP3")


# --- who said so ----------------------------------------------------------------------


def set_everywhere(browser: Client, alice: Account, sales: Department) -> None:
    """Each level is given a policy, twice, and the one that binds is changed."""
    first, last = make_policy("First"), make_policy("Last")
    lists = {"account": alice, "department": sales, "domain": alice.domain}
    actions = ["set_policy", "set_department_policy", "set_domain_policy"]
    for policy in (first, last):
        for action, (name, row) in zip(actions, lists.items(), strict=True):
            page = f"/admin/accounts/{name}/"
            do(browser, action, [row], page=page, policy=policy.pk)
    save_policy(browser, last, name="Last", max_client_passwords="7")


def test_each_level_tells_who_set_it_and_when(
    administrator: Client, sales: Department, alice: Account, clock: Traveller
) -> None:
    set_everywhere(administrator, alice, sales)
    at = moment(timezone.now())
    said = f"Set on {at} by admin@example.com: <q>They asked for it.</q>"
    changed = f"The settings of Last were last changed on {at} by admin@example.com"

    of_mailbox = page_of(administrator, alice)
    of_department = page_of(administrator, sales)
    of_domain = page_of(administrator, alice.domain)

    pages = (of_domain, of_department, of_mailbox)
    assert [page.count(said) for page in pages] == [1, 2, 3]
    assert all(changed in page for page in pages)

    clock.shift(timedelta(minutes=10))
    page = "/admin/accounts/domain/"
    free = make_policy("Free").pk
    do(administrator, "set_domain_policy", [alice.domain], page=page, policy=free)
    of_domain = page_of(administrator, alice.domain)
    later = moment(timezone.now())
    assert f"<strong>Free</strong> <br> Set on {later} by admin@" in of_domain
    assert "were last changed" not in of_domain


def test_what_the_record_does_not_tell_is_not_told(
    administrator: Client, sales: Department, alice: Account
) -> None:
    page = page_of(administrator, alice)

    assert "Set on" not in page
    assert "were last changed" not in page


def test_a_level_that_says_nothing_was_set_by_nobody(
    administrator: Client, alice: Account
) -> None:
    free = make_policy("Free")
    for policy in (str(free.pk), ""):
        do(administrator, "set_policy", [alice], policy=policy)

    assert "Set on" not in page_of(administrator, alice)


@pytest.mark.parametrize(
    ("permissions", "told"),
    [(["view_account"], False), (["view_account", "view_securityevent"], True)],
)
def test_who_set_it_is_for_those_who_may_read_the_record(
    administrator: Client, alice: Account, permissions: list[str], *, told: bool
) -> None:
    do(administrator, "set_policy", [alice], policy=make_policy("Free").pk)
    reader = make_account("reader@example.com", is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    reader.domains_administered.add(alice.domain)

    page = page_of(sign_in_verified(reader), alice)

    assert "<strong>Free</strong>" in page
    assert ("by admin@example.com" in page) is told


def test_of_a_policy_for_every_domain_only_who_sees_them_all_is_told(
    administrator: Client, sales: Department, alice: Account
) -> None:
    set_everywhere(administrator, alice, sales)
    reader = sign_in_verified(make_administrator("domain", alice.domain))

    assert "were last changed" in page_of(administrator, alice)
    assert "Set on" in page_of(reader, alice)
    assert "were last changed" not in page_of(reader, alice)


@pytest.mark.parametrize("role", ["superuser", "operator", "domain", "help"])
def test_it_takes_one_query_however_often_it_was_set(
    administrator: Client, sales: Department, alice: Account, role: str
) -> None:
    set_everywhere(administrator, alice, sales)
    reader = sign_in_verified(make_administrator(role, alice.domain))
    names = {"account": alice, "department": sales, "domain": alice.domain}

    for name, row in names.items():
        page = reverse(f"admin:accounts_{name}_change", args=[row.pk])
        assert len(queries_of(reader, page)) <= MOST_QUERIES


# --- all of it ------------------------------------------------------------------------


def test_every_setting_of_a_policy_is_shown() -> None:
    told = [name for name, _text in effective.setting_texts(Policy())]

    settings = {
        str(field.verbose_name).lower()
        for field in Policy._meta.concrete_fields
        if field.editable and not field.is_relation and field.name not in {"id", "name"}
    }
    assert {name.lower() for name in told} == settings
    assert len(settings) >= 10


def save(browser: Client, group: Domain | Department, **fields: Any) -> Any:
    data = {"name": group.name, "policy": group.policy_id or "", **fields}
    if isinstance(group, Department):
        data["domain"] = group.domain_id
    name = f"admin:accounts_{type(group).__name__.lower()}_change"
    return browser.post(reverse(name, args=[group.pk]), data)


def test_a_domain_gets_another_policy_once_it_was_seen_whom_that_affects(
    administrator: Client, sales: Department, alice: Account, bob: Account
) -> None:
    carol = make_account("carol@example.com")
    make_account("dave@example.com")
    make_account("eve@example.org")
    for account in (alice, bob, carol):
        make_logon(account)
    strict = sales.policy
    assert strict is not None

    asked = save(administrator, alice.domain, policy=strict.pk)

    page = " ".join(asked.content.decode().split())
    # Alice's department and bob's exception say otherwise; the administrator is one.
    assert "Applies to 3 mailboxes." in page
    assert "1 of them would lose access now" in page
    assert "<li>Policy: Standard → Strict</li>" in page
    assert "<li>Security passwords required: Off → On</li>" in page
    alice.domain.refresh_from_db()
    assert alice.domain.policy.name == "Standard"
    assert not Cutoff.objects.exists()

    typed = dict(asked.context["typed"]) | {"_confirmed": "Change it"}
    name = "admin:accounts_domain_change"
    administrator.post(reverse(name, args=[alice.domain_id]), typed)
    alice.domain.refresh_from_db()
    assert alice.domain.policy == strict


def test_a_department_that_loses_its_policy_is_asked_about(
    administrator: Client, sales: Department, alice: Account
) -> None:
    make_logon(alice)

    asked = save(administrator, sales, policy="")

    page = " ".join(asked.content.decode().split())
    assert "Applies to 1 mailbox." in page
    assert "<li>Policy: Strict → Standard</li>" in page
    assert "<li>POP3: Off → On</li>" in page


def test_what_affects_nobody_is_not_asked(
    administrator: Client, sales: Department, alice: Account
) -> None:
    renamed = save(administrator, sales, name="Purchases")
    Account.objects.filter(pk=alice.pk).update(policy=make_policy())
    of_nobody = save(administrator, sales, policy="", name="Purchases")

    assert (renamed.status_code, of_nobody.status_code) == (302, 302)


def test_an_exception_is_extended_and_ended_by_an_action(
    administrator: Client, alice: Account
) -> None:
    free = make_policy("Free")
    soon, later = (timezone.now() + timedelta(days=days) for days in (9, 99))
    Account.objects.filter(pk=alice.pk).update(policy=free, policy_until=soon)

    day = {"until_0": f"{later:%Y-%m-%d}", "until_1": "12:00"}
    do(administrator, "set_policy", [alice], policy=free.pk, **day)
    alice.refresh_from_db()
    assert alice.exception == free
    assert alice.policy_until is not None
    assert alice.policy_until.date() == later.date()

    do(administrator, "set_policy", [alice], policy="")
    alice.refresh_from_db()
    assert alice.exception is None
    assert effective_policy.load_effective_policy(alice).decided_by == "example.com"
