"""What administrators set, and that it holds for the very next logon."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Cutoff, Department, Phone, Policy
from accounts.policy import effective
from clientpasswords.logon import decision
from tests.factories import PASSWORD, make_account, make_client_password, make_domain
from tests.signedin import sign_in_with_password
from tests.unit.administration.steps import (
    add_account,
    save_account,
    save_policy,
)

pytestmark = pytest.mark.usefixtures("one_node")


@pytest.mark.parametrize("typed", ["a", "-1", "9" * 30, "1 OR 1=1"])
def test_what_is_no_key_is_refused_and_not_looked_up(
    administrator: Client, alice: Account, typed: str
) -> None:
    page = save_account(administrator, alice, policy=typed)

    assert page.status_code == 200
    assert page.context["adminform"].form.errors["policy"]


def verdict(account: Account, password: str, protocol: str = "imap") -> str:
    return decision.decide(account.address, protocol, password, None).reason


@pytest.mark.parametrize(
    ("fields", "protocol", "reason"),
    [
        ({}, "imap", "web password"),
        ({"third_party_logon": None}, "imap", "third-party-logon-off"),
        ({"imap": None}, "imap", "protocol-off"),
        ({"imap": None}, "pop3", "web password"),
        ({"pop3": None}, "pop3", "protocol-off"),
        ({"smtp": None}, "smtp", "protocol-off"),
        ({"client_passwords_required": "on"}, "imap", "security-password-required"),
    ],
)
def test_a_saved_policy_holds_for_the_next_logon(
    administrator: Client,
    alice: Account,
    fields: dict[str, str | None],
    protocol: str,
    reason: str,
) -> None:
    assert verdict(alice, PASSWORD, protocol) == "web password"

    response = save_policy(
        administrator, effective.load_effective_policy(alice).policy, **fields
    )

    assert response.status_code == 302
    assert verdict(alice, PASSWORD, protocol) == reason


def test_a_saved_policy_has_the_open_sessions_looked_at(
    administrator: Client, alice: Account
) -> None:
    save_policy(administrator, effective.load_effective_policy(alice).policy, imap=None)

    order = Cutoff.objects.get()
    assert (order.login_mask, order.is_review, order.account) == ("*", True, None)


@pytest.mark.parametrize("limit", ["0", "51", "-1", "many"])
def test_a_limit_that_cannot_be_is_refused_by_the_form(
    administrator: Client, alice: Account, limit: str
) -> None:
    policy = effective.load_effective_policy(alice).policy

    response = save_policy(administrator, policy, max_client_passwords=limit)

    assert response.status_code == 200
    assert effective.load_effective_policy(alice).policy.max_client_passwords == 10


def test_an_exception_for_one_mailbox_binds_that_one_alone(
    administrator: Client, alice: Account, mallory: Account
) -> None:
    strict = Policy.objects.create(name="Strict", client_passwords_required=True)

    response = save_account(administrator, alice, policy=strict.pk)

    assert response.status_code == 302, response.context["errors"]
    assert verdict(alice, PASSWORD) == "security-password-required"
    assert verdict(mallory, PASSWORD) == "web password"


def test_the_page_of_a_mailbox_says_which_policy_binds_it(
    administrator: Client, alice: Account
) -> None:
    sales = Department.objects.create(
        domain=alice.domain, name="Sales", policy=Policy.objects.create(name="Strict")
    )
    Account.objects.filter(pk=alice.pk).update(department=sales)

    page = administrator.get(reverse("admin:accounts_account_change", args=[alice.pk]))

    text = " ".join(page.content.decode().split())
    assert "Department <bdi>Sales</bdi>: <strong>Strict</strong>" in text


def test_disabling_a_mailbox_holds_for_the_next_logon(
    administrator: Client, bob: Account
) -> None:
    row, secret = make_client_password(bob)

    save_account(administrator, bob, policy=bob.policy_id, is_active="")

    assert verdict(bob, secret) == f"security password {row.pk}: account-disabled"
    assert verdict(bob, PASSWORD) == "account-disabled"
    assert Cutoff.objects.get().login_mask == "bob@example.com*"


def test_a_department_of_another_domain_is_refused_by_the_form(
    administrator: Client, alice: Account
) -> None:
    foreign = Department.objects.create(domain=make_domain("example.org"), name="Sales")

    response = save_account(administrator, alice, department=foreign.pk)

    assert response.status_code == 200
    assert "belongs to another domain" in response.content.decode()


def test_a_domain_and_a_department_are_given_a_policy(
    administrator: Client, alice: Account
) -> None:
    closed = Policy.objects.create(name="Closed", third_party_logon=False)
    domain = alice.domain

    administrator.post(
        reverse("admin:accounts_domain_change", args=[domain.pk]),
        {"name": domain.name, "policy": closed.pk, "_confirmed": "Yes"},
    )
    by_domain = verdict(alice, PASSWORD)
    department = Department.objects.create(domain=domain, name="Sales")
    Account.objects.filter(pk=alice.pk).update(department=department)
    administrator.post(
        reverse("admin:accounts_department_change", args=[department.pk]),
        {
            "domain": domain.pk,
            "name": "Sales",
            "policy": Policy.objects.get(name="Standard").pk,
            "_confirmed": "Yes",
        },
    )

    assert by_domain == "third-party-logon-off"
    assert verdict(alice, PASSWORD) == "web password"
    assert set(Cutoff.objects.values_list("login_mask", flat=True)) == {
        "*@example.com*"
    }


def test_a_new_mailbox_can_sign_in(administrator: Client) -> None:
    response = add_account(administrator, address="New@Example.com")

    assert response.status_code == 302
    account = Account.objects.get(address="new@example.com")
    assert verdict(account, "a long web password") == "web password"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"address": "NEW@example.com", "taken": True}, "A mailbox with this address"),
        ({"address": "ne~w@example.com"}, "Enter a full address"),
        ({"address": "new@example.org"}, "There is no domain “example.org” yet"),
        ({"web_password": "short"}, "too short"),
        ({"web_password": "new@example.com"}, "similar"),
        ({"web_password": "password123"}, "too common"),
    ],
)
def test_a_mailbox_that_cannot_be_is_refused_by_the_form(
    administrator: Client, fields: dict[str, Any], said: str
) -> None:
    if fields.pop("taken", False):
        make_account("new@example.com")
    before = Account.objects.count()

    response = add_account(administrator, **fields)

    assert response.status_code == 200
    assert said in response.content.decode()
    assert Account.objects.count() == before


def test_a_new_web_password_ends_the_sessions_of_the_old_one(
    administrator: Client, alice: Account
) -> None:
    owner = sign_in_with_password(alice)

    response = administrator.post(
        reverse("admin:auth_user_password_change", args=[alice.pk]),
        {
            "usable_password": "true",
            "password1": "another web password",
            "password2": "another web password",
        },
    )

    assert response.status_code == 302
    assert verdict(alice, PASSWORD) == "wrong-password"
    assert verdict(alice, "another web password") == "web password"
    assert owner.get("/settings/").status_code == 302
    assert Cutoff.objects.get().login_mask == "alice@example.com"


def test_an_administrator_enters_the_phone(
    administrator: Client, alice: Account
) -> None:
    phone = Phone.objects.get(account=alice)

    response = save_account(
        administrator,
        alice,
        **{
            "phone-TOTAL_FORMS": "1",
            "phone-INITIAL_FORMS": "1",
            "phone-0-id": phone.pk,
            "phone-0-account": alice.pk,
            "phone-0-number": "+12025550177",
            "phone-0-digest": "forged",
            "phone-0-throttling_failure_count": "0",
        },
    )

    phone.refresh_from_db()
    assert response.status_code == 302
    assert phone.number == "+12025550177"
    assert phone.digest == ""


@pytest.mark.parametrize("number", ["12", "not a number", "+1 202 555 01234567"])
def test_what_is_no_number_is_refused(
    administrator: Client, alice: Account, number: str
) -> None:
    phone = Phone.objects.get(account=alice)

    response = save_account(
        administrator,
        alice,
        **{
            "phone-TOTAL_FORMS": "1",
            "phone-INITIAL_FORMS": "1",
            "phone-0-id": phone.pk,
            "phone-0-account": alice.pk,
            "phone-0-number": number,
        },
    )

    assert response.status_code == 200
    phone.refresh_from_db()
    assert phone.number == "+12025550123"
