"""No page of the administration asks more than eight times, whoever opens it.

A POST may ask up to twenty times. Not counted are a session, which is written once a
minute, and the kinds of records, which are looked up once in a process.
"""

from collections.abc import Iterator
from urllib.parse import urlencode

import pytest
from django.apps import apps
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts import events
from accounts.events import Actor, Kind
from accounts.models import Account, Cutoff, Department, Domain, Heartbeat, Policy
from accounts.models.heartbeat import WORKERS
from administration.bulk import jobs
from administration.bulk.actions import BULK_ACTIONS
from provisioning import statistics
from tests.factories import (
    PASSWORD,
    make_account,
    make_client_password,
    make_logon,
    make_policy,
    make_usage,
)
from tests.signedin import sign_in_verified
from tests.unit.administration.pages import (
    MOST_QUERIES,
    MOST_QUERIES_OF_POST,
    PAGES,
    ROLES_OF,
    address,
)
from tests.unit.administration.steps import SITE
from tests.unit.administration.worlds import World, make_administrator

pytestmark = pytest.mark.one_database


@pytest.fixture(autouse=True)
def _kinds_are_known(db: None) -> None:
    ContentType.objects.get_for_models(*apps.get_models())


@pytest.fixture
def account(request: pytest.FixtureRequest, own: World) -> Account:
    """An administrator of this kind; of what they see there are several."""
    for number in range(5):
        device, _secret = make_client_password(own.owner, f"Device {number}")
        make_usage(device)
        make_logon(own.owner, "imap", reason="out-of-scope", client_password=device)
    events.record(Kind.CODE_SENT, own.owner, by=Actor(own.owner.address))
    exception = make_policy("Exception", domain=own.domain)
    Account.objects.filter(pk=own.owner.pk).update(
        department=own.department, policy=exception
    )
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
    if answer.status_code not in {200, 422}:
        return 0
    # A GET writes nothing but the session, once a minute.
    counted = [each for each in asked if typed or each["sql"].startswith("SELECT")]
    return len(counted)


@pytest.mark.parametrize("account", ROLES_OF, indirect=True)
def test_no_page_asks_more_than_eight_times(own: World, account: Account) -> None:
    statistics.count_now()
    browser = sign_in_verified(account)
    browser.get("/admin/")  # a session is written once a minute
    pages = [address(name, own) for name in PAGES]

    asked = {page: queries(browser, page) for page in pages}

    assert {page: n for page, n in asked.items() if n > MOST_QUERIES} == {}
    assert asked["/admin/"] > 0


def finish_first_steps(settings: Settings) -> None:
    """Do whatever the guide asks for, for everybody."""
    settings.MAIL_SITES, settings.MAIL_SITE = [SITE], "sg"
    for administrator in Account.objects.filter(is_staff=True):
        policy = {"action_flag": CHANGE, "object_repr": "Policy"}
        kind = ContentType.objects.get_for_model(Policy)
        LogEntry.objects.create(user=administrator, content_type=kind, **policy)
    for owner in Account.objects.filter(is_staff=False):
        events.record(Kind.LOGON_TRIED, owner, by=Actor(owner.address))
    for worker in WORKERS:
        seen = {"seen_at": timezone.now()}
        Heartbeat.objects.update_or_create(worker=worker, node="mx", defaults=seen)


@pytest.mark.parametrize("account", ROLES_OF, indirect=True)
def test_the_first_page_asks_no_more_before_the_first_steps_are_done_or_after(
    own: World, foreign: World, account: Account, settings: Settings
) -> None:
    browser = sign_in_verified(account)
    browser.get("/admin/")  # a session is written once a minute
    domains = ("", own.domain.name, foreign.domain.name, "nul\0")
    pages = [f"/admin/?{urlencode({'domain': domain})}" for domain in domains]

    before = [queries(browser, page) for page in pages]
    statistics.count_now()
    finish_first_steps(settings)
    done = [queries(browser, page) for page in pages]

    is_done = browser.get("/admin/").context["guide"] is None
    assert is_done == (not account.address.startswith("domain-without"))
    assert min(before + done) > 0
    assert max(before + done) <= MOST_QUERIES


def test_the_first_page_of_an_empty_host_asks_as_little(db: None) -> None:
    account = Account.objects.create_superuser("root@example.com", PASSWORD)
    browser = sign_in_verified(account)
    browser.get("/admin/")  # a session is written once a minute

    for domain in ("", "example.com", "elsewhere.example"):
        assert 0 < queries(browser, f"/admin/?domain={domain}") <= MOST_QUERIES


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
def test_no_page_that_asks_whether_to_delete_a_mailbox_asks_more_than_eight_times(
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
def test_no_page_that_asks_about_an_action_asks_more_than_eight_times(
    own: World, account: Account
) -> None:
    browser = sign_in_verified(account)
    browser.get("/admin/")
    typed = {"confirm": "1", "policy": str(own.policy.pk)}
    chosen = urlencode({"preview": 1, "policy": own.policy.pk, "imap": "off"})

    for page in ordered(account, own):
        assert queries(browser, page) <= MOST_QUERIES, page
        assert queries(browser, f"{page}?{chosen}") <= MOST_QUERIES, page
        assert queries(browser, page, typed) <= MOST_QUERIES_OF_POST, page
