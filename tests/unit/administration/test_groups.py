"""The ready-made groups of administrators."""

import re
from html import unescape

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.models import Group, Permission
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation
from django.utils.html import escape
from django.utils.translation import gettext

from accounts.models import Account, Phone
from administration.base.rights import describe_permission, list_permissions
from provisioning import roles
from tests.signedin import sign_in_verified
from tests.unit.administration.rolesteps import browser_as
from tests.unit.administration.worlds import World, make_administrator

pytestmark = pytest.mark.one_database


@pytest.mark.django_db
def test_the_groups_are_there_with_rights_that_there_are() -> None:
    held = {
        group.name: {
            f"{each.content_type.app_label}.{each.codename}"
            for each in group.permissions.select_related("content_type")
        }
        for group in Group.objects.all()
    }

    assert held["Every domain of the host"] == {"accounts.administer_whole_host"}
    assert all(re.search(r"\.(view|export)_", each) for each in held["Auditors"])
    assert held["Help desk"] < held["Domain administrators"] < held["Site operators"]
    assert not any(
        re.search(r"\.(add|change|delete)_", each) for each in held["Help desk"]
    )
    for name in ("Domain administrators", "Help desk", "Auditors"):
        assert "accounts.operate_site" not in held[name]


def test_site_operators_may_all_that_the_administration_offers(
    administrator: Client,
) -> None:
    request = RequestFactory().get("/")
    request.user = Account.objects.get(address="admin@example.com")
    offered = set()
    for model, page in admin.site._registry.items():
        app, name = model._meta.app_label, model._meta.model_name
        offered |= {
            f"{app}.{act}_{name}"
            for act in ("add", "change", "delete", "view")
            if getattr(page, f"has_{act}_permission")(request)
        }
        offered |= {f"{app}.{codename}" for codename, _name in model._meta.permissions}

    held = Permission.objects.filter(group__name="Site operators")

    assert offered - {
        f"{each.content_type.app_label}.{each.codename}"
        for each in held.select_related("content_type")
    } == {"accounts.administer_whole_host"}


def test_names_of_groups_are_in_the_readers_language(
    administrator: Client, own: World
) -> None:
    page = administrator.get("/admin/auth/group/", headers={"Accept-Language": "de"})
    assert page.status_code == 200
    somebody = make_administrator("help", own.domain)
    mailbox = reverse("admin:accounts_account_change", args=[somebody.pk])
    form = administrator.get(mailbox).context["adminform"].form

    names = {str(label) for _value, label in form.fields["groups"].choices}

    assert {"Site operators", "Help desk"} <= names


def test_a_page_shows_what_its_administrator_was_given_among_all_there_is(
    administrator: Client, own: World
) -> None:
    somebody = make_administrator("help", own.domain)
    somebody.user_permissions.set(list_permissions()[:2])
    offered = {
        "groups": Group.objects.order_by("name"),
        "user_permissions": list_permissions(),
        "domains_administered": somebody.domains_administered.all(),
    }

    page = reverse("admin:accounts_account_change", args=[somebody.pk])
    html = administrator.get(page).content.decode()

    for name, rows in offered.items():
        held = set(getattr(somebody, name).all())
        expected = [(str(row.pk), row in held, escape(name_of(row))) for row in rows]
        assert held
        assert options_of(html, name) == expected


def name_of(row: Model) -> str:
    return describe_permission(row) if isinstance(row, Permission) else str(row)


def options_of(html: str, field: str) -> list[tuple[str, bool, str]]:
    """What can be chosen in the field: its key, whether it is chosen, and its text."""
    start = html.index(f'<select name="{field}"')
    select = html[start : html.index("</select>", start)]
    found = re.findall(r'<option value="(\d+)"( selected)?>([^<]*)<', select)
    return [(key, bool(is_chosen), text) for key, is_chosen, text in found]


def test_groups_sites_and_their_rights_are_for_operators_whatever_else_one_has(
    own: World,
) -> None:
    account = make_administrator("domain", own.domain)
    account.user_permissions.set(Permission.objects.filter(codename__contains="group"))
    browser = sign_in_verified(account)
    group = Group.objects.get(name="Domain administrators")

    page = reverse("admin:auth_group_change", args=[group.pk])

    assert browser.get(page).status_code in {302, 403}
    assert browser.post(page, {"name": "Ours"}).status_code == 403
    assert browser.get(reverse("admin:auth_group_changelist")).status_code == 403


def test_nobody_changes_a_group_of_their_own(own: World) -> None:
    browser = browser_as("operator", own)
    mine, other = (Group.objects.create(name=name) for name in ("Mine", "Other"))
    Account.objects.get(groups__name="Site operators").groups.add(mine)

    def rename(group: Group) -> int:
        page = reverse("admin:auth_group_change", args=[group.pk])
        return int(browser.post(page, {"name": f"{group.name}!"}).status_code)

    assert (rename(mine), rename(other)) == (403, 302)


@pytest.mark.parametrize("who", ["operator", "superuser"])
@pytest.mark.parametrize("role", roles.GROUPS, ids=lambda role: role.name)
def test_nobody_changes_or_deletes_a_ready_made_group(
    own: World, role: roles.Role, who: str
) -> None:
    browser = browser_as(who, own)
    group = Group.objects.get(name=role.name)
    page = reverse("admin:auth_group_change", args=[group.pk])
    chosen = {"action": "delete_selected", "_selected_action": [group.pk]}

    looked = browser.get(page)
    changed = browser.post(page, {"name": "Ours", "permissions": []})
    deleted = browser.post(reverse("admin:auth_group_delete", args=[group.pk]))
    of_many = browser.post(
        reverse("admin:auth_group_changelist"), {**chosen, "post": "yes"}
    )

    assert "comes with the portal" in looked.content.decode()
    assert (changed.status_code, deleted.status_code) == (403, 403)
    assert of_many.status_code in {200, 302, 403}
    group.refresh_from_db()
    assert (group.name, group.permissions.count()) == (role.name, len(role.rights))


def test_the_list_says_in_the_readers_language_what_each_group_may(
    administrator: Client,
) -> None:
    Group.objects.create(name="Ours")
    page = administrator.get("/admin/auth/group/", headers={"Accept-Language": "de"})

    html = page.content.decode()

    with translation.override("de"):
        for role in roles.GROUPS:
            assert escape(gettext(role.description)) in html
            assert gettext(role.description) != role.description


def test_a_new_group_is_made(own: World) -> None:
    page = reverse("admin:auth_group_add")

    answer = browser_as("operator", own).post(page, {"name": "Ours"}, follow=True)

    assert "was added successfully" in answer.content.decode()


def test_each_permission_that_is_offered_is_a_right_and_has_a_name_in_each_language(
    administrator: Client,
) -> None:
    named: dict[str, dict[str, str]] = {}
    for language, _name in settings.LANGUAGES:
        Account.objects.update(language=language)
        html = administrator.get(reverse("admin:auth_group_add")).content.decode()
        named[language] = {
            key: name for key, _chosen, name in options_of(html, "permissions")
        }

    keys = set(named["en"])
    held = Permission.objects.filter(group__name__in=roles.DESCRIPTIONS)
    assert keys == {str(pk) for pk in held.values_list("pk", flat=True)}
    for language, names in named.items():
        assert len(set(names.values())) == len(keys)
        if language != "en":
            assert [key for key in keys if names[key] == named["en"][key]] == []
            assert not re.search(r"\bcan\b", " ".join(names.values()), re.IGNORECASE)


@pytest.mark.django_db
def test_no_right_is_handed_out_to_what_has_no_page() -> None:
    held = Permission.objects.filter(group__name="Site operators")

    models = {each.content_type.model_class() for each in held}
    assert models <= {*admin.site._registry, Phone}
    every = Permission.objects.filter(content_type__model="apitoken")
    names = set(every.values_list("codename", flat=True))
    assert names == {"add_apitoken", "view_apitoken", "revoke_apitoken"}


@pytest.mark.parametrize("language", ["en", "de"])
def test_who_may_not_change_a_group_reads_its_permissions_in_words(
    administrator: Client, language: str
) -> None:
    group = Group.objects.get(name="Help desk")
    page = reverse("admin:auth_group_change", args=[group.pk])

    text = administrator.get(page, headers={"accept-language": language}).text

    rows = group.permissions.select_related("content_type")
    assert rows
    with translation.override(language):
        for row in rows:
            assert describe_permission(row) in unescape(text)
            assert str(row) not in text
