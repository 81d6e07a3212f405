"""The page of an administrator shows what they were given, and offers the rest."""

from html import unescape

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Domain
from administration.base.rights import describe_permission, list_permissions
from administration.mailboxes import rights
from tests.factories import make_account, make_policy
from tests.unit.administration.rolesteps import browser_as
from tests.unit.administration.worlds import World

pytestmark = pytest.mark.both_databases

RELATIONS = ["groups", "user_permissions", "domains_administered"]


@pytest.fixture
def helper(db: None) -> Account:
    """An administrator who was given some of everything."""
    account = make_account("helper@example.com", is_staff=True)
    account.groups.set(Group.objects.filter(name__in=["Help desk", "Auditors"]))
    rows = Permission.objects.filter(codename__in=["view_account", "change_domain"])
    account.user_permissions.set(rows)
    policy = make_policy("Another")
    for name in ("b.example", "a.example", "c.example"):
        domain = Domain.objects.create(name=name, policy=policy)
        if name != "c.example":
            account.domains_administered.add(domain)
    return account


def page_of(browser: Client, account: Account) -> str:
    page = reverse("admin:accounts_account_change", args=[account.pk])
    return unescape(browser.get(page).content.decode())


def list_options(html: str, name: str) -> dict[str, bool]:
    """The texts of a field's options, and whether each is chosen."""
    start = html.index(f'<select name="{name}"')
    lines = html[start : html.index("</select>", start)].split("<option ")[1:]
    return {
        line.split(">", 1)[1].split("</option")[0]: "selected" in line.split(">")[0]
        for line in lines
    }


def test_all_groups_and_permissions_are_offered_and_those_given_are_chosen(
    administrator: Client, helper: Account
) -> None:
    html = page_of(administrator, helper)

    groups = list_options(html, "groups")
    assert [*groups] == sorted(Group.objects.values_list("name", flat=True))
    assert {name for name in groups if groups[name]} == {"Help desk", "Auditors"}
    permissions = list_options(html, "user_permissions")
    assert [*permissions] == [describe_permission(row) for row in list_permissions()]
    assert {text for text in permissions if permissions[text]} == {
        describe_permission(row) for row in helper.user_permissions.all()
    }
    assert list_options(html, "domains_administered") == {
        "a.example": True,
        "b.example": True,
    }


def test_what_was_given_is_known_without_another_query(helper: Account) -> None:
    loaded = Account.objects.get(pk=helper.pk)
    rights.load_rights(loaded)

    for relation in RELATIONS:
        assert set(getattr(loaded, relation).all()) == set(
            getattr(helper, relation).all()
        )


def test_a_page_that_was_opened_before_can_be_saved(
    administrator: Client, helper: Account
) -> None:
    """The version of the record does not depend on the order of what was given."""
    page = reverse("admin:accounts_account_change", args=[helper.pk])
    form = administrator.get(page).context["adminform"].form
    given = {name: [each.pk for each in form.initial[name]] for name in RELATIONS}
    typed = {
        "address": helper.address,
        "domain": helper.domain_id,
        "name": "Helper",
        "is_staff": "on",
        "is_active": "on",
        "form_version": form.fields["form_version"].initial,
        "phone-TOTAL_FORMS": "0",
        "phone-INITIAL_FORMS": "0",
    }

    answer = administrator.post(page, typed | given)

    assert answer.status_code == 302
    helper.refresh_from_db()
    assert helper.name == "Helper"
    assert helper.groups.count() == 2
    assert helper.domains_administered.count() == 2


@pytest.mark.parametrize("role", ["auditor everywhere", "help everywhere"])
def test_whoever_only_looks_reads_groups_and_domains(
    own: World, helper: Account, role: str
) -> None:
    html = page_of(browser_as(role, own), helper)

    assert "Help desk" in html
    assert "a.example, b.example" in html
