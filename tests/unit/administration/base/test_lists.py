"""Lists ask as much for five rows as for fifty, and count no further than needed."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import (
    timezone,
    translation,
)
from django.utils.html import (
    escape,
)
from django.utils.text import capfirst
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.models import WebAuthnCredential
from pytest_django.asserts import assertHTMLEqual

from accounts import events
from accounts.events import Kind
from accounts.models import (
    Account,
    Cutoff,
    Department,
    Domain,
    Phone,
    RecoveryCodes,
)
from accounts.moments import moment
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
from tests.unit.administration.pages import MANY, MOST_QUERIES
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
    fill(0, MANY)
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


def test_a_row_says_in_words_what_holds_for_a_mailbox(
    administrator: Client, alice: Account, bob: Account
) -> None:
    """What an owner chose is neither good nor bad, so no sign says that it is."""
    Account.objects.filter(pk=alice.pk).update(client_passwords_on=True)
    Phone.objects.filter(account=bob).delete()
    strict = make_policy("Strict", client_passwords_required=True)
    make_account("carol@example.com", policy=strict, is_active=False)
    make_account("dave@strict.example")
    Domain.objects.filter(name="strict.example").update(policy=strict)
    soon = timezone.now() + timedelta(days=9)
    later = make_policy("Later", client_passwords_required=True, required_from=soon)
    make_account("erin@example.com", policy=later)

    page = administrator.get(ACCOUNTS)

    cells = {
        address: re.findall(r'<td [^>]*class="field-(\w+)[^>]*>(.*?)</td>', row)
        for row in re.findall(r"<tr>.*?</tr>", page.content.decode(), re.DOTALL)
        for address in re.findall(r">([^<>]+@[^<>]+)</a>", row)
    }
    said = {address: dict(pairs) for address, pairs in cells.items()}
    passwords = {name: each["security_passwords"] for name, each in said.items()}
    assert passwords == {
        "admin@example.com": "Off",
        "alice@example.com": "On",
        "bob@example.com": "Required · Exception",
        "carol@example.com": "Required · Exception",
        "dave@strict.example": "Required · strict.example",
        "erin@example.com": f"Off · required from {moment(soon)}",
    }
    assert said["alice@example.com"]["has_phone"] == "On file"
    assert said["bob@example.com"]["has_phone"] == "—"
    assert said["bob@example.com"]["active"] == "Active"
    assert said["carol@example.com"]["active"] == "Disabled"
    changelist = page.context["cl"]
    for account in (alice, bob):
        link = ChangeList.url_for_result(changelist, account)
        assert f'href="{link}"' in page.text


@pytest.mark.parametrize("model", MODELS)
def test_a_list_is_titled_by_what_it_lists(administrator: Client, model: Any) -> None:
    page = administrator.get(list_of(model))

    plural = str(model._meta.verbose_name_plural)
    assert page.context["title"] == capfirst(plural)


@pytest.mark.parametrize("model", MODELS)
def test_each_choice_of_a_filter_narrows_the_list_by_one_parameter(
    administrator: Client, model: Any
) -> None:
    """So that all filters of a list are one form, without a script."""
    page = administrator.get(list_of(model))

    for field in page.context["cl"].filter_fields:
        values = [value for value, _text in field.choices or []]
        assert values[:1] in ([], [""]), field
        for value in values[1:] or ["x"]:
            answer = administrator.get(list_of(model), {field.name: value, "q": ""})
            narrowed = answer.context["cl"]
            assert narrowed.active_filters == 1, (field, value)
            assert narrowed.params[field.name] == value


def test_a_form_of_filters_keeps_what_is_searched_and_ignores_empty_fields(
    administrator: Client, alice: Account, bob: Account
) -> None:
    asked = {"q": "ali", "in": "", "has": "none", "web": "", "is_active__exact": ""}

    page = administrator.get(ACCOUNTS, asked)

    assert page.status_code == 200
    assert [str(row) for row in page.context["cl"].result_list] == [alice.address]
    assert page.context["cl"].kept_parameters == [("q", "ali")]
    assert "Filter (1)" in page.text
    assert 'class="filters" open' in page.text
    assert 'class="filters" open' not in administrator.get(ACCOUNTS).text


def test_the_next_page_goes_on_where_the_first_ended(administrator: Client) -> None:
    for number in range(60):
        make_account(f"user{number:02}@example.com")

    both = rows_listed(administrator, ACCOUNTS) + rows_listed(
        administrator, f"{ACCOUNTS}?p=2"
    )

    assert both == sorted(both)
    assert len(both) == 61


@pytest.mark.parametrize("query", ["?required=no&q=Sales+%26+%22", "?_popup=1", ""])
@pytest.mark.parametrize("language", ["en", "de"])
def test_rows_have_the_links_and_boxes_that_django_makes(
    administrator: Client, query: str, language: str
) -> None:
    name = 'Sales & "Support" <b>'
    Department.objects.create(domain=make_domain(), name=name)
    list_ = reverse("admin:accounts_department_changelist")

    with translation.override(language):
        response = administrator.get(
            f"{list_}{query}", headers={"accept-language": language}
        )
        shown = response.context["cl"]
        [row] = shown.result_list
        page = shown.model_admin
        kept = page.get_preserved_filters(response.wsgi_request)
        url = ChangeList.url_for_result(shown, row)
        link = add_preserved_filters(
            {"preserved_filters": kept, "opts": page.opts}, url
        )
        text = response.content.decode()

        assert f'<a href="{escape(link)}"' in text
        assert admin.ModelAdmin.action_checkbox(page, row) == page.action_checkbox(row)
        assert str(page.action_checkbox(row)) in text
