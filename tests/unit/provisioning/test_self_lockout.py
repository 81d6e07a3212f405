"""Nobody shuts out their own mail programs; and it is said at the field."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, Department, Policy
from provisioning import self_lockout
from tests.factories import make_client_password, make_logon, make_policy
from tests.unit.administration.jobsteps import counts, do
from tests.unit.administration.rolesteps import errors_of
from tests.unit.administration.steps import save_account, save_policy

pytestmark = pytest.mark.both_databases

SAID = "This would lock out your own mail programs"


@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"third_party_logon": None}, "third_party_logon"),
        ({"imap": None}, "imap"),
        ({"client_passwords_required": "on"}, "client_passwords_required"),
        ({"imap": None, "max_client_passwords": "3"}, "imap"),
    ],
)
def test_a_policy_that_would_shut_out_its_author_is_refused_at_the_field(
    administrator: Client, admin: Account, fields: dict[str, str | None], at: str
) -> None:
    make_logon(admin)
    policy = make_policy()

    response = save_policy(administrator, policy, **fields)

    assert list(errors_of(response)) == [at]
    assert f"{SAID}, which recently used IMAP" in errors_of(response)[at][0]
    before = policy
    policy.refresh_from_db()
    assert policy == before
    assert policy.third_party_logon
    assert policy.imap
    assert not policy.client_passwords_required


def test_it_is_said_before_it_is_asked_for_confirmation(
    administrator: Client, admin: Account
) -> None:
    make_logon(admin)

    response = save_policy(administrator, make_policy(), imap=None, _confirmed=None)

    assert list(errors_of(response)) == ["imap"]


@pytest.mark.parametrize(
    "fields",
    [
        {"pop3": None},
        {"max_client_passwords": "3"},
        {"client_passwords_required": "on", "report_only": "on"},
    ],
)
def test_what_their_mail_programs_do_not_notice_is_saved(
    administrator: Client, admin: Account, fields: dict[str, str | None]
) -> None:
    make_logon(admin)

    assert save_policy(administrator, make_policy(), **fields).status_code == 302


def test_a_requirement_is_saved_by_whoever_uses_security_passwords(
    administrator: Client, admin: Account
) -> None:
    Account.objects.filter(pk=admin.pk).update(client_passwords_on=True)
    row, _secret = make_client_password(admin)
    make_logon(admin, client_password=row)

    required = save_policy(administrator, make_policy(), client_passwords_required="on")

    assert required.status_code == 302


def test_a_life_that_would_have_ended_is_refused(
    administrator: Client, admin: Account
) -> None:
    Account.objects.filter(pk=admin.pk).update(client_passwords_on=True)
    old = timezone.now() - timedelta(days=9)
    row, _secret = make_client_password(admin, created_at=old)
    make_logon(admin, client_password=row)

    refused = save_policy(administrator, make_policy(), client_password_days="7")
    saved = save_policy(administrator, make_policy(), client_password_days="10")

    assert list(errors_of(refused)) == ["client_password_days"]
    assert saved.status_code == 302


@pytest.mark.parametrize("by_web_password", [True, False])
def test_networks_without_ones_own_are_refused(
    administrator: Client, admin: Account, *, by_web_password: bool
) -> None:
    Account.objects.filter(pk=admin.pk).update(client_passwords_on=not by_web_password)
    row, _secret = make_client_password(admin)
    by: dict[str, Any] = {} if by_web_password else {"client_password": row}
    make_logon(admin, **by)

    def save(networks: str) -> Any:
        return save_policy(administrator, make_policy(), client_networks=networks)

    assert list(errors_of(save("198.51.100.0/24"))) == ["client_networks"]
    assert save("192.0.2.0/24, 198.51.100.0/24").status_code == 302
    assert list(errors_of(save("198.51.100.0/24"))) == ["client_networks"]
    assert save("192.0.2.0/28").status_code == 302


@pytest.mark.parametrize(
    "fields", [{"last_at": timezone.now() - timedelta(days=31)}, {"reason": "wrong"}]
)
def test_what_is_long_ago_or_was_refused_anyway_stops_nobody(
    administrator: Client, admin: Account, fields: dict[str, Any]
) -> None:
    make_logon(admin, **fields)

    assert save_policy(administrator, make_policy(), imap=None).status_code == 302


def test_an_exception_lets_them_go_on(administrator: Client, admin: Account) -> None:
    make_logon(admin)
    Account.objects.filter(pk=admin.pk).update(policy=make_policy("Mine"))

    assert save_policy(administrator, make_policy(), imap=None).status_code == 302


def test_so_is_the_policy_of_ones_domain_department_and_mailbox(
    administrator: Client, admin: Account
) -> None:
    make_logon(admin)
    closed = make_policy("Closed", third_party_logon=False)
    page = reverse("admin:accounts_domain_change", args=[admin.domain_id])
    data = {"name": admin.domain.name, "policy": closed.pk}
    assert list(errors_of(administrator.post(page, data))) == ["policy"]

    mailbox = save_account(
        administrator, admin, policy=closed.pk, is_staff="on", is_superuser="on"
    )
    assert list(errors_of(mailbox)) == ["policy"]

    sales = Department.objects.create(domain=admin.domain, name="Sales")
    Account.objects.filter(pk=admin.pk).update(department=sales)
    page = reverse("admin:accounts_department_change", args=[sales.pk])
    data = {"name": "Sales", "domain": admin.domain_id, "policy": closed.pk}
    assert list(errors_of(administrator.post(page, data))) == ["policy"]
    assert not Policy.objects.get(name="Closed").departments.exists()


def test_an_action_on_ones_own_domain_is_refused_like_the_page(
    administrator: Client, admin: Account, alice: Account
) -> None:
    make_logon(admin)
    closed = make_policy("Closed", third_party_logon=False)
    page = "/admin/accounts/domain/"

    job = do(
        administrator, "set_domain_policy", [admin.domain], page=page, policy=closed.pk
    )

    assert job.counts() == counts(failed=1)
    admin.domain.refresh_from_db()
    assert admin.domain.policy.name == "Standard"


def test_so_is_one_on_ones_own_department(
    administrator: Client, admin: Account
) -> None:
    make_logon(admin)
    sales = Department.objects.create(domain=admin.domain, name="Sales")
    Account.objects.filter(pk=admin.pk).update(department=sales)
    closed = make_policy("Closed", third_party_logon=False)
    page = "/admin/accounts/department/"

    job = do(
        administrator, "set_department_policy", [sales], page=page, policy=closed.pk
    )

    assert job.counts() == counts(failed=1)
    assert not Department.objects.filter(policy=closed).exists()


@pytest.mark.parametrize(
    ("networks", "status"),
    [("203.0.113.0/24", 200), ("192.0.2.0/24, 2001:db8::/32", 302)],
)
@pytest.mark.parametrize("by", ["web password", "security password"])
def test_networks_that_leave_the_author_out_are_refused(
    by: str, networks: str, status: int, administrator: Client, admin: Account
) -> None:
    if by == "security password":
        Account.objects.filter(pk=admin.pk).update(client_passwords_on=True)
        make_logon(admin, client_password=make_client_password(admin)[0])
    else:
        make_logon(admin)

    response = save_policy(administrator, make_policy(), client_networks=networks)

    assert response.status_code == status
    if status == 200:
        assert list(errors_of(response)) == ["client_networks"]


def test_another_policy_with_networks_of_the_author_is_none_of_that(
    administrator: Client, admin: Account
) -> None:
    Account.objects.filter(pk=admin.pk).update(client_passwords_on=True)
    make_logon(admin, client_password=make_client_password(admin)[0])
    near = make_policy("Near", client_networks="192.0.2.0/24")

    def change() -> None:
        Account.objects.filter(pk=admin.pk).update(policy=near)

    assert self_lockout.check(admin, change) is None
    near = make_policy("Near", client_networks="203.0.113.0/24")
    assert self_lockout.check(admin, change) is not None


@pytest.mark.parametrize(
    ("networks", "is_locked_out"), [("192.0.2.0/24", False), ("203.0.113.0/24", True)]
)
def test_networks_of_the_password_let_nobody_out_of_those_of_the_policy(
    admin: Account, networks: str, *, is_locked_out: bool
) -> None:
    """The password has networks of its own, in which the mail program is."""
    Account.objects.filter(pk=admin.pk).update(client_passwords_on=True)
    row, _secret = make_client_password(admin, networks="192.0.2.0/24")
    make_logon(admin, client_password=row)

    def change() -> None:
        make_policy(client_networks=networks)

    assert (self_lockout.check(admin, change) is not None) is is_locked_out


@pytest.mark.parametrize("lost", ["expired", "out of scope", "elsewhere"])
def test_a_program_that_is_refused_already_stops_nobody(
    admin: Account, lost: str
) -> None:
    """It was used lately, and has lost its right since; the other one goes on."""
    Account.objects.filter(pk=admin.pk).update(client_passwords_on=True)
    fields: dict[str, dict[str, Any]] = {
        "expired": {"expires_at": timezone.now() - timedelta(days=1)},
        "out of scope": {"imap": False},
        "elsewhere": {"networks": "203.0.113.0/24"},
    }
    refused, _secret = make_client_password(admin, "Old phone", **fields[lost])
    live, _secret = make_client_password(admin)
    for row in (refused, live):
        make_logon(admin, client_password=row)

    def change() -> None:
        make_policy(pop3=False)

    assert self_lockout.check(admin, change) is None
    assert self_lockout.check(admin, lambda: make_policy(imap=False)) is not None
