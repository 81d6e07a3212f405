"""The administration: who gets in, and what nobody sees there."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, reverse
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings

from accounts.models import Account, Cutoff, Department, Phone
from clientpasswords import lifecycle
from clientpasswords.models import ClientPassword
from tests.factories import (
    PASSWORD,
    make_account,
    make_client_password,
    make_domain,
)
from tests.signedin import sign_in_verified
from tests.unit.support import HOME, code_for, sign_in, totp_of


def addresses() -> Iterator[str]:
    """Every page of the administration, with the newest row where one is needed."""
    for name in ("index", "password_change", "password_change_done", "jsi18n"):
        yield reverse(f"admin:{name}")
    for model, model_admin in admin.site._registry.items():
        row = model._default_manager.order_by("-pk").first()
        for pattern in model_admin.urls:
            assert isinstance(pattern, URLPattern)
            if pattern.name is None:
                continue
            arguments: list[Any] = [] if row is None else [row.pk]
            for args in ([], arguments):
                try:
                    yield reverse(f"admin:{pattern.name}", args=args)
                except NoReverseMatch:
                    continue


@pytest.fixture
def mailbox(bob: Account) -> Account:
    """A mailbox with everything that a mailbox can have."""
    Department.objects.create(domain=make_domain(), name="Sales")
    make_client_password(bob, "Bob's phone")
    code_for(bob)
    TOTPDevice.objects.create(user=bob, name="default")
    Group.objects.create(name="Helpdesk")
    Cutoff.objects.create(account=bob, login_mask="m", node="n", kicks=1)
    return bob


@pytest.fixture
def staff(db: None) -> Account:
    """An administrator who has no second factor."""
    return Account.objects.create_superuser("staff@example.com", PASSWORD)


def test_nobody_gets_in_with_the_web_password_alone(
    client: Client, staff: Account, mailbox: Account
) -> None:
    client.force_login(staff)

    for address in set(addresses()):
        for response in (client.get(address), client.post(address)):
            assert response.status_code in {302, 403}, address
            assert not response.content, address


def test_nobody_gets_in_with_a_second_factor_that_was_not_used(
    client: Client, staff: Account, mailbox: Account
) -> None:
    TOTPDevice.objects.create(user=staff, name="default")
    client.force_login(staff)

    for address in set(addresses()):
        assert client.get(address).status_code in {302, 403}, address


def test_an_owner_does_not_get_in_with_both_factors(mailbox: Account) -> None:
    browser = sign_in_verified(mailbox)

    for address in set(addresses()):
        assert browser.get(address).status_code == 302, address
    response = browser.get("/admin/", follow=True)
    assert response.status_code == 403


def test_without_a_session_one_is_led_to_the_sign_in(
    client: Client, mailbox: Account
) -> None:
    for address in set(addresses()):
        response = client.get(address)
        query = f"login/?next={address}"
        assert response["Location"] in {f"/{query}", f"/admin/{query}"}

    page = reverse("admin:accounts_policy_add")
    response = client.get(page, follow=True)
    assert response.redirect_chain[-1] == (f"/login/?next={page}", 302)


def test_without_a_second_factor_one_is_led_to_its_set_up(
    client: Client, staff: Account
) -> None:
    client.force_login(staff)

    response = client.get("/admin/", follow=True)

    assert response.redirect_chain[-1] == (reverse("two_factor:setup"), 302)


def test_with_both_factors_one_gets_in(client: Client, staff: Account) -> None:
    device = TOTPDevice.objects.create(user=staff, name="default")
    first = sign_in(client, "staff@example.com", PASSWORD, follow_to="/admin/")
    assert "Code from your authenticator app" in first.content.decode()
    assert client.get("/admin/").status_code == 302

    response = client.post(
        f"{reverse('two_factor:login')}?next=/admin/",
        {
            "sign_in_view-current_step": "token",
            "token-otp_token": totp_of(device),
        },
    )

    assert response["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_the_sign_in_of_the_administration_is_the_portals(
    administrator: Client, client: Client, db: None
) -> None:
    assert client.get("/admin/login/")["Location"] == "/login/?next=/admin/"
    assert administrator.get("/admin/login/")["Location"] == "/admin/"


def test_no_page_shows_what_is_secret(administrator: Client, mailbox: Account) -> None:
    row = mailbox.client_passwords.get()
    digest = Phone.objects.get(account=mailbox).digest
    key = TOTPDevice.objects.get(user=mailbox).key
    web = mailbox.password.rpartition("$")[2]
    secrets = {"hash": row.hash, "digest": digest, "key": key, "web password": web}

    walked = set(addresses())
    seen = 0
    for address in walked:
        response = administrator.get(address)
        assert response.status_code in {200, 302, 403, 404}, address
        seen += response.status_code == 200
        page = response.content.decode()
        for what, secret in secrets.items():
            assert secret[:12] not in page, (what, address)
        assert "argon2" not in page, address
        assert "selector" not in page.replace("selector-", ""), address
        assert f">{row.selector}<" not in page, address
        assert "2025550124" not in page or "/account/" in address, address
    assert seen > 25


def test_nobody_makes_or_changes_a_password_there(
    administrator: Client, mailbox: Account
) -> None:
    row = mailbox.client_passwords.get()
    base = "/admin/clientpasswords/clientpassword"

    assert administrator.get(f"{base}/add/").status_code == 403
    assert administrator.post(f"{base}/add/").status_code == 403
    assert administrator.post(f"{base}/{row.pk}/delete/").status_code == 403
    response = administrator.post(f"{base}/{row.pk}/change/", {"label": "Changed"})

    row.refresh_from_db()
    assert response.status_code == 403
    assert row.label == "Bob's phone"


@pytest.mark.parametrize("model", ["securityevent", "cutoff"])
@pytest.mark.parametrize("act", ["add/", "{pk}/change/", "{pk}/delete/"])
def test_nobody_writes_the_record_by_hand(
    administrator: Client, mailbox: Account, model: str, act: str
) -> None:
    lifecycle.revoke(ClientPassword.objects.all(), by=HOME)
    rows = {"securityevent": mailbox.security_events, "cutoff": mailbox.cutoffs}[model]
    pk = rows.values_list("pk", flat=True)[0]

    response = administrator.post(f"/admin/accounts/{model}/{act.format(pk=pk)}")

    assert response.status_code == 403
    assert rows.filter(pk=pk).exists()


# --- what administrators do -----------------------------------------------------------


def revoke_in_list(browser: Client, row: ClientPassword) -> Any:
    data = {"action": "revoke", "_selected_action": [row.pk]}
    asked = browser.post("/admin/clientpasswords/clientpassword/", data)
    if asked.status_code != 302 or "/job/" not in asked["Location"]:
        return asked
    data = {"confirm": "Yes", "reason": "Lost"}
    return browser.post(asked["Location"], data, follow=True)


def test_an_administrator_revokes_a_password(
    administrator: Client, mailbox: Account
) -> None:
    row = mailbox.client_passwords.get()

    response = revoke_in_list(administrator, row)

    row.refresh_from_db()
    assert "Done" in response.content.decode()
    assert row.revoked_at is not None
    event = mailbox.security_events.get(kind="revoked")
    assert event.actor == "admin@example.com"


@pytest.mark.parametrize(
    ("permissions", "revoked"),
    [
        (["view_clientpassword"], False),
        (["view_clientpassword", "revoke_clientpassword"], True),
        (["view_account", "change_account"], False),
        ([], False),
    ],
)
def test_revoking_needs_its_own_permission(
    administrator: Client, mailbox: Account, permissions: list[str], *, revoked: bool
) -> None:
    row = mailbox.client_passwords.get()
    helper = Account.objects.get(address="admin@example.com")
    helper.is_superuser = False
    helper.save()
    helper.domains_administered.add(helper.domain)
    helper.user_permissions.set(Permission.objects.filter(codename__in=permissions))

    revoke_in_list(administrator, row)

    row.refresh_from_db()
    assert (row.revoked_at is not None) is revoked


def test_a_deleted_mailbox_is_logged_off(
    administrator: Client, settings: Settings
) -> None:
    settings.DOVEADM_URLS = ["http://node.example/"]
    carol = make_account("carol@example.com")

    administrator.post(f"/admin/accounts/account/{carol.pk}/delete/", {"post": "yes"})

    assert not Account.objects.filter(pk=carol.pk).exists()
    assert Cutoff.objects.get().login_mask == "carol@example.com*"


def test_nobody_deletes_many_records_at_once(administrator: Client) -> None:
    """It would collect everything that hangs on them."""
    carol = make_account("carol@example.com")

    administrator.post(
        "/admin/accounts/account/",
        {"action": "delete_selected", "_selected_action": [carol.pk], "post": "yes"},
    )

    assert Account.objects.filter(pk=carol.pk).exists()


def test_a_mailbox_with_a_history_is_disabled_not_deleted(
    administrator: Client, mailbox: Account
) -> None:
    administrator.post(f"/admin/accounts/account/{mailbox.pk}/delete/", {"post": "yes"})

    assert Account.objects.filter(pk=mailbox.pk).exists()


def test_the_page_of_a_security_password_tells_its_scope(
    administrator: Client, alice: Account
) -> None:
    row, _secret = make_client_password(alice, networks="192.0.2.0/24", pop3=False)

    page = administrator.get(f"/admin/clientpasswords/clientpassword/{row.pk}/change/")

    assert "192.0.2.0/24" in page.content.decode()
    fields = flatten_fieldsets(page.context["adminform"].fieldsets)
    assert {"imap", "pop3", "smtp", "expires_at"} <= set(fields)
