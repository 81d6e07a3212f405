"""No page of the administration asks more than twenty times, whoever opens it."""

from collections.abc import Iterator

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account, Cutoff, Department, Domain
from administration.bulk import jobs
from administration.bulk.actions import BULK_ACTIONS
from tests.factories import make_account, make_client_password
from tests.signedin import sign_in_verified
from tests.unit.administration.pages import MOST_QUERIES, ROLES_OF
from tests.unit.administration.worlds import World, make_administrator


@pytest.fixture
def account(request: pytest.FixtureRequest, own: World) -> Account:
    """An administrator of this kind; of what they see there are several."""
    for number in range(5):
        make_client_password(own.owner, f"Device {number}")
    return make_administrator(request.param, own.domain)


def ordered(account: Account, own: World) -> Iterator[str]:
    """The pages that ask about each action that they may order."""
    for action in BULK_ACTIONS:
        if jobs.may_order(account, action):
            opts = action.model._meta
            row = own.rows[f"{opts.app_label}_{opts.model_name}"]
            job = jobs.create_job(action, [row.pk], account, None)
            yield reverse("admin:administration_job_change", args=[job.pk])


def queries(browser: Client, page: str, typed: dict[str, str] | None = None) -> int:
    """How often the page asks; 0 if it is not for them."""
    with CaptureQueriesContext(connection) as asked:
        answer = browser.post(page, typed) if typed else browser.get(page)
    return len(asked) if answer.status_code in {200, 422} else 0


@pytest.mark.parametrize("account", ROLES_OF, indirect=True)
def test_no_page_of_a_record_asks_more_than_twenty_times(
    own: World, account: Account
) -> None:
    browser = sign_in_verified(account)
    browser.get("/admin/")  # a session is written once a minute
    pages = [
        reverse(f"admin:{label}_{view}", args=[own.rows[label].pk])
        for label in (
            f"{model._meta.app_label}_{model._meta.model_name}"
            for model in admin.site._registry
        )
        for view in ("change", "history")
    ]

    asked = {page: queries(browser, page) for page in ["/admin/", *pages]}

    assert {page: n for page, n in asked.items() if n > MOST_QUERIES} == {}


@pytest.mark.parametrize("account", ROLES_OF, indirect=True)
def test_an_administrators_mailbox_asks_no_more_whatever_they_were_given(
    own: World, account: Account
) -> None:
    administrator = own.owner
    Account.objects.filter(pk=administrator.pk).update(
        is_staff=True, department=own.department, policy=own.policy
    )
    administrator.domains_administered.add(own.domain)
    browser = sign_in_verified(account)
    page = reverse("admin:accounts_account_change", args=[administrator.pk])
    browser.get(page)  # the kinds of records are looked up once in a process

    few = queries(browser, page)
    administrator.groups.set(Group.objects.all())
    administrator.user_permissions.set(Permission.objects.all())
    for number in range(5):
        name = f"more-{number}.example"
        domain = Domain.objects.create(name=name, policy=own.policy)
        administrator.domains_administered.add(domain)
    many = queries(browser, page)

    assert few == many <= MOST_QUERIES


@pytest.mark.parametrize("account", ROLES_OF, indirect=True)
def test_no_page_that_asks_whether_to_delete_asks_more_for_many_rows(
    own: World, account: Account
) -> None:
    group = own.rows["auth_group"]
    browser = sign_in_verified(account)
    pages = [
        reverse(f"admin:{label}_delete", args=[own.rows[label].pk])
        for label in (
            "accounts_policy",
            "accounts_domain",
            "accounts_department",
            "auth_group",
        )
    ]
    for page in pages:
        browser.get(page)
    Account.objects.update(policy=own.policy, department=own.department)
    few = [queries(browser, page) for page in pages]
    for number in range(30):
        name = f"m{number}"
        mailbox = make_account(
            f"{name}@{own.domain.name}", policy=own.policy, department=own.department
        )
        mailbox.groups.add(group)
        mailbox.domains_administered.add(own.domain)
        Domain.objects.create(name=f"{name}.example", policy=own.policy)
        Department.objects.create(domain=own.domain, name=name, policy=own.policy)

    many = [queries(browser, page) for page in pages]

    assert max(many) <= MOST_QUERIES
    assert few == many


@pytest.mark.parametrize("account", ROLES_OF, indirect=True)
def test_no_page_that_asks_whether_to_delete_a_mailbox_asks_more_than_twenty_times(
    own: World, account: Account
) -> None:
    browser = sign_in_verified(account)
    browser.get("/admin/")  # a session is written once a minute
    page = reverse("admin:accounts_account_delete", args=[own.owner.pk])

    few = queries(browser, page)
    for number in range(30):
        jobs.create_job(BULK_ACTIONS[0], [own.owner.pk], own.owner, None)
        Cutoff.objects.create(account=own.owner, login_mask="m", node="n", kicks=1)
        make_client_password(own.owner, f"Another {number}")

    assert queries(browser, page) == few <= MOST_QUERIES


@pytest.mark.parametrize("account", ROLES_OF, indirect=True)
def test_no_page_that_asks_about_an_action_asks_more_than_twenty_times(
    own: World, account: Account
) -> None:
    browser = sign_in_verified(account)
    browser.get("/admin/")
    typed = {"confirm": "1", "policy": str(own.policy.pk)}

    for page in ordered(account, own):
        assert queries(browser, page) <= MOST_QUERIES, page
        assert queries(browser, page, typed) <= MOST_QUERIES, page
