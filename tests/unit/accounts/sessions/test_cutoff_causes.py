"""What orders a cut-off beside the plain forms of the administration."""

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.management.commands import changepassword
from accounts.models import Account, Cutoff, Department, MailSetting
from tests.factories import PASSWORD, make_account, make_domain

pytestmark = pytest.mark.usefixtures("one_node")

NEW = "another web password"


def orders() -> list[tuple[str, bool]]:
    return sorted(Cutoff.objects.values_list("login_mask", "is_review"))


def test_a_mailbox_that_gets_another_address_is_logged_off_under_the_old_one(
    administrator: Client, alice: Account
) -> None:
    response = administrator.post(
        reverse("admin:accounts_account_change", args=[alice.pk]),
        {
            "address": "alice.b@example.com",
            "domain": alice.domain_id,
            "is_active": "on",
            "phone-TOTAL_FORMS": "0",
            "phone-INITIAL_FORMS": "0",
            "_confirmed": "1",
        },
    )

    assert response.status_code == 302
    assert orders() == [("alice.b@example.com*", True), ("alice@example.com*", True)]


def test_a_new_mailbox_has_no_old_address(administrator: Client) -> None:
    make_domain()
    response = administrator.post(
        reverse("admin:accounts_account_add"),
        {"address": "new@example.com", "web_password": NEW},
    )

    assert response.status_code == 302
    assert orders() == [("new@example.com*", True)]


def test_a_deleted_department_has_its_domains_sessions_looked_at(
    administrator: Client,
) -> None:
    domain = make_domain("a.example")
    department = Department.objects.create(name="Sales", domain=domain)

    response = administrator.post(
        reverse("admin:accounts_department_delete", args=[department.pk]),
        {"post": "yes"},
    )

    assert response.status_code == 302
    assert orders() == [("*@a.example*", True)]


@pytest.mark.parametrize(
    ("old", "ended"), [(PASSWORD, [("admin@example.com", False)]), ("wrong", [])]
)
def test_an_administrators_own_new_web_password_ends_the_sessions_of_the_old_one(
    administrator: Client, old: str, ended: list[tuple[str, bool]]
) -> None:
    administrator.post(
        reverse("accounts:password"),
        {"old_password": old, "new_password1": NEW, "new_password2": NEW},
    )

    assert orders() == ended


def test_a_web_password_that_is_changed_on_the_terminal_ends_its_sessions(
    alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changepassword.Command, "_get_pass", lambda *_args: NEW)

    call_command("changepassword", alice.address, stdout=StringIO())

    alice.refresh_from_db()
    assert alice.check_password(NEW)
    assert orders() == [("alice@example.com", False)]


def test_other_networks_of_the_webmail_have_every_session_looked_at(
    alice: Account, settings: Settings
) -> None:
    make_account("bob@example.com")
    told = []
    for networks in (["192.0.2.1/32"], ["192.0.2.1/32"], ["192.0.2.2/32"]):
        settings.WEBMAIL_NETWORKS = networks
        call_command("prepare", verbosity=0, stdout=StringIO())
        told.append(orders())

    assert told == [[("*", True)], [("*", True)], [("*", True), ("*", True)]]
    assert MailSetting.objects.get(name="webmail_networks").value == "192.0.2.2/32"
