"""Every act of an administrator is in the record: who, what, old and new, and why."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.contrib.sessions.backends.db import SessionStore
from django.core.management import call_command
from django.test import Client, RequestFactory
from django.urls import reverse
from pytest_django import Settings

from accounts.events import Kind
from accounts.models import Account, Department, Domain, Phone, Policy, SecurityEvent
from administration.base import audit
from administration.base.audited import AuditedAdmin
from tests.factories import PASSWORD, make_account, make_domain, make_policy
from tests.unit.administration.steps import save_account, save_policy
from tests.unit.support import at_once


def newest(kind: str) -> SecurityEvent:
    return SecurityEvent.objects.filter(kind=kind).latest("pk")


def changed(kind: str) -> Any:
    return newest(kind).detail["changed"]


def test_every_page_that_writes_is_recorded(administrator: Client) -> None:
    request = RequestFactory().get("/")
    request.user = Account.objects.get()

    for model, page in admin.site._registry.items():
        writes = (
            page.has_add_permission(request)
            or page.has_change_permission(request)
            or page.has_delete_permission(request)
        )
        assert isinstance(page, AuditedAdmin) or not writes, model


def test_a_changed_policy_tells_who_what_why_and_from_where(
    administrator: Client, alice: Account
) -> None:
    policy = make_policy()

    save_policy(
        administrator, policy, pop3=None, max_client_passwords="5", audit_reason="Ask 7"
    )

    event = newest("policy-changed")
    assert event.actor == "admin@example.com"
    assert event.network_address == "127.0.0.1"
    assert event.reason == "Ask 7"
    assert event.detail == {
        "policy": "Standard",
        "changed": {"pop3": ["yes", "no"], "max_client_passwords": ["10", "5"]},
    }


def test_saving_without_a_change_records_nothing(
    administrator: Client, alice: Account
) -> None:
    save_policy(administrator, make_policy())

    assert not SecurityEvent.objects.filter(kind="policy-changed").exists()


def test_a_new_policy_is_recorded(administrator: Client) -> None:
    data = {"name": "Strict", "max_client_passwords": "3"}

    administrator.post(reverse("admin:accounts_policy_add"), data)

    event = newest("policy-created")
    assert event.detail["changed"]["max_client_passwords"] == ["", "3"]


def test_another_policy_of_a_domain_and_a_department_is_recorded(
    administrator: Client,
) -> None:
    domain, strict = make_domain("firm.example"), make_policy("Strict")
    department = Department.objects.create(domain=domain, name="Sales")
    page = reverse("admin:accounts_domain_change", args=[domain.pk])
    administrator.post(page, {"name": domain.name, "policy": strict.pk})
    page = reverse("admin:accounts_department_change", args=[department.pk])
    data = {"name": "Sales", "domain": domain.pk, "policy": strict.pk}
    administrator.post(page, data)

    assert changed("domain-changed") == {"policy": ["Standard", "Strict"]}
    assert changed("department-changed") == {"policy": ["", "Strict"]}
    assert newest("domain-changed").domain == "firm.example"
    assert newest("department-changed").domain == "firm.example"


def test_a_changed_mailbox_is_recorded_and_its_rights_apart(
    administrator: Client, alice: Account
) -> None:
    group = Group.objects.create(name="Helpdesk")

    save_account(administrator, alice, name="Al", is_staff="on")
    of_both = changed("mailbox-changed"), changed("rights-changed")
    save_account(administrator, alice, name="Al", is_staff="on", groups=[group.pk])

    assert of_both == ({"name": ["", "Al"]}, {"is_staff": ["no", "yes"]})
    assert changed("rights-changed") == {"groups": ["", "Helpdesk"]}
    assert newest("rights-changed").address == "alice@example.com"


def test_a_phone_is_recorded_masked(administrator: Client) -> None:
    carol = make_account("carol@example.com")

    save_account(
        administrator,
        carol,
        **{
            "phone-TOTAL_FORMS": "1",
            "phone-0-account": carol.pk,
            "phone-0-number": "+12025550177",
            "audit_reason": "She called from +1 202 555 0177.",
        },
    )

    event = newest("phone-changed")
    assert Phone.objects.get(account=carol).number == "+12025550177"
    assert event.detail["new"] == "+1 ••• •••• ••77"
    assert event.reason == "She called from +•••77."


def test_another_web_password_is_recorded_without_it(
    administrator: Client, alice: Account
) -> None:
    page = reverse("admin:auth_user_password_change", args=[alice.pk])
    new = "quite another web password"

    administrator.post(page, {"password1": new, "password2": new, "set-password": "1"})

    alice.refresh_from_db()
    assert alice.check_password(new)
    event = newest("password-changed")
    assert event.address == "alice@example.com"
    assert event.detail == {}


def test_an_own_web_password_is_recorded(administrator: Client) -> None:
    new = "quite another web password"
    data = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}

    page = administrator.post(reverse("admin:password_change"), data)["Location"]
    assert not SecurityEvent.objects.filter(kind="password-changed").exists()
    administrator.post(page, data)

    assert newest("password-changed").address == "admin@example.com"


def test_what_is_deleted_is_recorded(administrator: Client) -> None:
    carol = make_account("carol@example.com")
    department = Department.objects.create(domain=make_domain(), name="Sales")
    unused = Domain.objects.create(name="unused.example", policy=make_policy())
    for model, row in (
        ("account", carol),
        ("department", department),
        ("domain", unused),
        ("policy", make_policy("Unused")),
    ):
        page = reverse(f"admin:accounts_{model}_delete", args=[row.pk])
        administrator.post(page, {"post": "yes"})

    deleted = newest("mailbox-deleted")
    assert (deleted.address, deleted.account) == ("carol@example.com", None)
    assert newest("department-deleted").detail == {"department": "Sales (example.com)"}
    assert newest("domain-deleted").detail == {"domain": "unused.example"}
    assert newest("policy-deleted").detail == {"policy": "Unused"}


def test_a_group_of_rights_is_recorded(administrator: Client) -> None:
    administrator.post(reverse("admin:auth_group_add"), {"name": "Night shift"})

    assert newest("record-created").detail["group"] == "Night shift"


# --- two at once ----------------------------------------------------------------------


def version_on(browser: Client, page: str) -> str:
    form = browser.get(page).context["adminform"].form
    return str(form["form_version"].value())


@pytest.mark.parametrize("model", [Policy, Domain, Department, Account])
def test_of_two_who_save_at_once_the_second_is_refused(
    administrator: Client, alice: Account, model: Any
) -> None:
    Department.objects.create(domain=make_domain(), name="Sales")
    row = model.objects.order_by("pk").last()
    page = reverse(f"admin:accounts_{model.__name__.lower()}_change", args=[row.pk])
    strict = make_policy("Strict", smtp=False)
    version = version_on(administrator, page)
    assert f'value="{version}"' in administrator.get(page).content.decode()
    rows = model.objects.filter(pk=row.pk)
    rows.update(**({"smtp": False} if model is Policy else {"policy": strict}))

    response = administrator.post(page, {"form_version": version, "name": "Mine"})

    assert response.status_code == 200
    assert "Someone else changed this" in response.content.decode()
    assert not model.objects.filter(name="Mine").exists()
    assert version_on(administrator, page) != version


@pytest.mark.django_db(transaction=True)
def test_of_two_at_the_same_moment_one_is_refused(administrator: Client) -> None:
    policy = make_policy()
    page = reverse("admin:accounts_policy_change", args=[policy.pk])
    version = version_on(administrator, page)

    def save(number: int) -> int:
        client = Client()
        client.cookies = administrator.cookies
        limit = {"max_client_passwords": str(number + 2)}
        return int(
            save_policy(client, policy, form_version=version, **limit).status_code
        )

    answers = at_once(4, save)

    assert sorted(answers) == [200, 200, 200, 302]
    policy.refresh_from_db()
    assert policy.max_client_passwords == answers.index(302) + 2


def test_what_nobody_else_has_touched_is_saved(
    administrator: Client, alice: Account
) -> None:
    page = reverse("admin:accounts_account_change", args=[alice.pk])
    version = version_on(administrator, page)
    Account.objects.filter(pk=alice.pk).update(sessions_ended=7)

    response = save_account(
        administrator,
        alice,
        name="Al",
        form_version=version,
        **{"phone-TOTAL_FORMS": "0"},
    )

    assert response.status_code == 302
    alice.refresh_from_db()
    assert alice.name == "Al"


def test_a_number_that_its_owner_has_changed_meanwhile_is_not_overwritten(
    administrator: Client, alice: Account
) -> None:
    page = reverse("admin:accounts_account_change", args=[alice.pk])
    version = version_on(administrator, page)
    Phone.objects.update(number="+12025550166")

    response = save_account(administrator, alice, form_version=version)

    assert "Someone else changed this" in response.content.decode()


# --- commands -------------------------------------------------------------------------


def test_commands_are_recorded_with_who_ran_them(
    db: None, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "maria")
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", PASSWORD)
    call_command("prepare", verbosity=0)
    settings.WEBMAIL_NETWORKS = ["192.0.2.0/24"]
    call_command("prepare", verbosity=0)
    call_command(
        "createsuperuser", interactive=False, address="root@example.com", verbosity=0
    )

    event = newest("setting-changed")
    assert event.actor == "prepare (maria)"
    assert event.detail["changed"]["webmail_networks"][1] == "192.0.2.0/24"
    created = newest("mailbox-created")
    assert created.address == "root@example.com"
    assert created.actor == "createsuperuser (maria)"


# --- what was typed is in no event ----------------------------------------------------


TYPED = "correct horse battery staple"


def test_the_web_password_of_a_new_mailbox_is_in_no_event(
    administrator: Client, alice: Account
) -> None:
    data = {"address": "new@example.com", "name": "New", "web_password": TYPED}

    page = reverse("admin:accounts_account_add")
    assert administrator.post(page, data).status_code == 302

    assert Account.objects.get(address="new@example.com").check_password(TYPED)
    event = SecurityEvent.objects.get(kind=Kind.MAILBOX_CREATED)
    assert event.detail["changed"].keys() == {"address", "name"}
    assert event.domain == "example.com"
    assert TYPED not in str(list(SecurityEvent.objects.values()))


def test_what_a_form_asks_besides_the_fields_of_its_record_is_in_no_event(
    alice: Account, rf: RequestFactory
) -> None:
    request = rf.get("/")
    request.user, request.session = alice, SessionStore()
    asked = {"name": "Alice", "secret_of_a_form": TYPED}
    form: Any = SimpleNamespace(
        instance=alice, changed_data=[*asked], cleaned_data=asked, initial={}
    )

    audit.record_saved_form(request, form, ["name", "address"], is_new=True)

    event = SecurityEvent.objects.get(kind=Kind.MAILBOX_CREATED)
    assert event.detail == {"changed": {"name": ["", "Alice"]}}
