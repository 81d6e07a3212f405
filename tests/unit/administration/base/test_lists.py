"""Lists ask as much for five rows as for fifty, and count no further than needed."""

import re
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.utils import display_for_value
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.models import WebAuthnCredential
from pytest_django.asserts import assertHTMLEqual

from accounts import events
from accounts.events import Kind
from accounts.models import (
    Account,
    Cutoff,
    Department,
    Phone,
    RecoveryCodes,
)
from administration.base import lists
from administration.bulk import jobs
from administration.bulk.actions import BY_NAME
from clientpasswords.models import FollowedLog
from provisioning.models import ApiToken
from tests.factories import (
    make_account,
    make_client_password,
    make_domain,
    make_logon,
    make_policy,
    make_usage,
)
from tests.unit.administration.lookups import list_of
from tests.unit.administration.pages import MOST_QUERIES
from tests.unit.administration.steps import ACCOUNTS, queries_of, rows_listed
from tests.unit.administration.worlds import make_heartbeat
from tests.unit.support import HOME

MODELS = [model for model in apps.get_models() if admin.site.is_registered(model)]


def fill(first: int, last: int) -> None:
    """One record of each kind for each number, all different."""
    for number in range(first, last):
        policy = make_policy(f"Policy {number}")
        domain = make_domain(f"d{number}.example", policy)
        department = Department.objects.create(domain=domain, name=f"Sales {number}")
        if number % 2:
            Department.objects.filter(pk=department.pk).update(policy=policy)
        account = make_account(
            f"user{number}@d{number}.example",
            department=department,
            policy=policy if number % 3 else None,
            phone="+12025550123" if number % 5 else None,
        )
        row, _secret = make_client_password(account, f"Phone {number}")
        if number % 2:
            make_usage(row)
        make_logon(account, client_password=row)
        events.record(Kind.SIGNED_IN, account, by=HOME)
        Account.objects.filter(pk=account.pk).update(address=f"u@d{number}.example")
        Cutoff.objects.create(account=account, login_mask="m", node="n", kicks=1)
        jobs.create_job(BY_NAME["revoke_all"], [account.pk], account, None)
        Group.objects.create(name=f"Group {number}")
        FollowedLog.objects.create(node=f"node {number}")
        make_heartbeat(f"node {number}")
        fill_second_factors(account, number)
        fill_token(account, number)


def fill_second_factors(account: Account, number: int) -> None:
    TOTPDevice.objects.create(user=account, name="default")
    RecoveryCodes.objects.create(user=account, name="paper")
    WebAuthnCredential.objects.create(
        user=account,
        name="key",
        credential_id=str(number).encode(),
        public_key=b"",
        aaguid="00000000-0000-0000-0000-000000000000",
    )


def fill_token(account: Account, number: int) -> None:
    token = ApiToken.objects.create(
        name=f"Sync {number}",
        key=f"{number:012}",
        digest="0" * 64,
        scopes=["accounts:read"],
        is_limited=True,
        created_by=account.address,
        owner=account,
        is_owned=True,
    )
    token.domains.add(account.domain)


@pytest.mark.parametrize("model", MODELS)
def test_a_list_asks_no_more_for_fifty_rows_than_for_five(
    administrator: Client, model: Any
) -> None:
    fill(0, 5)
    few = queries_of(administrator, list_of(model))
    fill(5, 55)

    many = queries_of(administrator, list_of(model))

    assert len(few) == len(many) <= MOST_QUERIES, many


@pytest.mark.parametrize("model", MODELS)
def test_a_page_of_one_record_asks_little(administrator: Client, model: Any) -> None:
    fill(0, MOST_QUERIES)
    opts = admin.site.get_model_admin(model).opts
    name = f"admin:{opts.app_label}_{opts.model_name}_change"
    row = model._default_manager.order_by("-pk").first()

    asked = queries_of(administrator, reverse(name, args=[row.pk]))

    assert len(asked) <= MOST_QUERIES, asked


@pytest.mark.parametrize("model", MODELS)
def test_every_list_is_bounded(model: Any) -> None:
    page = admin.site.get_model_admin(model)

    assert page.paginator is lists.BoundedPaginator
    assert page.list_per_page == page.list_max_show_all == 50
    assert not page.show_full_result_count
    assert page.show_facets is ShowFacets.NEVER
    assert page.date_hierarchy is None
    assert not [name for name, _act in admin.site.actions if "delete" in name]


def test_a_list_counts_no_further_than_it_has_pages(
    administrator: Client, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lists, "MAX_PAGES", 2)
    for number in range(120):
        make_account(f"user{number}@example.com")

    page = administrator.get(ACCOUNTS)
    few = administrator.get(f"{ACCOUNTS}?q=user1")

    assert "100+ mailboxes" in page.content.decode()
    assert len(page.context["cl"].result_list) == 50
    assert "+ mailboxes" not in few.content.decode()
    assert few.context["cl"].result_count == 31
    last, beyond = (
        rows_listed(administrator, f"{ACCOUNTS}?p={page}") for page in (2, 3)
    )
    assert beyond == last != rows_listed(administrator, ACCOUNTS)


def test_the_box_of_a_row_is_djangos_own(alice: Account) -> None:
    page: Any = admin.site.get_model_admin(Account)
    alice.address = '"<b>"@example.com'

    djangos = admin.ModelAdmin.action_checkbox(page, alice)

    assertHTMLEqual(page.action_checkbox(alice), djangos)


def test_the_signs_and_the_address_of_a_row_are_djangos_own(
    administrator: Client, alice: Account, bob: Account
) -> None:
    Account.objects.filter(pk=alice.pk).update(client_passwords_on=True)
    Phone.objects.filter(account=bob).delete()

    page = administrator.get(ACCOUNTS)

    rows = re.findall(r"<tr>.*?</tr>", page.content.decode(), re.DOTALL)
    told = {
        name: next(row for row in rows if f">{name}<" in row)
        for name in (alice.address, bob.address)
    }
    yes, no = (display_for_value(on, "", boolean=True) for on in (True, False))
    assert f'class="field-switched_on">{yes}<' in told[alice.address]
    assert f'class="field-switched_on">{no}<' in told[bob.address]
    assert f'class="field-active">{yes}<' in told[bob.address]
    assert f'class="field-has_phone">{yes}<' in told[alice.address]
    assert f'class="field-has_phone">{no}<' in told[bob.address]
    changelist = page.context["cl"]
    for account in (alice, bob):
        link = ChangeList.url_for_result(changelist, account)
        assert f'href="{link}"' in told[account.address]


def test_the_next_page_goes_on_where_the_first_ended(administrator: Client) -> None:
    for number in range(60):
        make_account(f"user{number:02}@example.com")

    both = rows_listed(administrator, ACCOUNTS) + rows_listed(
        administrator, f"{ACCOUNTS}?p=2"
    )

    assert both == sorted(both)
    assert len(both) == 61
