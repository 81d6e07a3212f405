"""Whatever an administrator does to a key of an owner has its name, and is notified."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib import admin
from django.db.models import Model
from django.forms import model_to_dict
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Notification, RecoveryCodes, SecurityEvent
from accounts.notify import composing
from accounts.notify.notices import NOTICES, Kind
from accounts.secretfields import SECRET_COLUMNS
from administration.base import audit
from provisioning import roles
from tests.factories import make_account
from tests.unit.administration.jobsteps import do
from tests.unit.administration.steps import save_account
from tests.unit.administration.worlds import World

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("one_node")]


def keys_on_pages() -> dict[str, type[Model]]:
    """The records with secrets that are an owner's, and have a page."""
    found = {}
    for model in admin.site._registry:
        label = model._meta.label
        fields = {field.name for field in model._meta.get_fields()}
        if label in SECRET_COLUMNS and fields & {"user", "account"}:
            found[label] = model
    return found


KEYS = keys_on_pages()


def page_of(row: Model, act: str) -> str:
    name = f"{row._meta.app_label}_{row._meta.model_name}_{act}"
    return reverse(f"admin:{name}", args=[row.pk])


def delete(browser: Client, row: Model) -> int:
    return browser.post(page_of(row, "delete"), {"post": "yes"}).status_code


def change(browser: Client, row: Model) -> int:
    """Save its page with another name."""
    values = {
        name: value
        for name, value in model_to_dict(row).items()
        if value is not None and value is not False
    }
    data = values | {"name": "Another name"}
    return browser.post(page_of(row, "change"), data).status_code


ACTS: dict[str, Callable[[Client, Any], int]] = {"delete": delete, "change": change}
# What is done where, if not on the page of the key itself.
ELSEWHERE: dict[str, Callable[[Client, Account], Any]] = {
    "web password": lambda browser, owner: browser.post(
        reverse("admin:auth_user_password_change", args=[owner.pk]),
        {
            "usable_password": "true",
            "password1": "a new web password",
            "password2": "a new web password",
        },
    ),
    "phone": lambda browser, owner: save_account(
        browser,
        owner,
        **{
            "phone-TOTAL_FORMS": "1",
            "phone-INITIAL_FORMS": "1",
            "phone-0-id": owner.phone.pk,
            "phone-0-account": owner.pk,
            "phone-0-number": "+12025550177",
        },
    ),
    "phone, reset": lambda browser, owner: do(browser, "reset_phone", [owner]),
    "security passwords": lambda browser, owner: do(browser, "revoke_all", [owner]),
}


def assert_named_and_notified(owner: Account, newest: int) -> None:
    events = SecurityEvent.objects.filter(pk__gt=newest, account=owner)
    assert events.exists()
    for event in events:
        assert event.kind not in audit.OTHER_KINDS
        assert event.kind in NOTICES
        assert event.actor == "admin@example.com"
        assert Notification.objects.filter(event=event, account=owner).exists()
        text = composing.write_mail(owner, [event]).text
        assert "admin@example.com" in text


def newest() -> int:
    return SecurityEvent.objects.latest("pk").pk


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("label", KEYS)
def test_an_act_on_a_key_is_named_by_its_kind_and_its_owner_is_notified(
    administrator: Client, own: World, label: str, act: str
) -> None:
    row = KEYS[label]._default_manager.get(pk=row_of(own, label).pk)
    before = newest()

    status = ACTS[act](administrator, row)

    if status == 403:  # nobody may: tests/unit/administration/pages.txt
        assert newest() == before
        return
    assert status == 302
    assert_named_and_notified(own.owner, before)


def row_of(world: World, label: str) -> Any:
    return next(
        row
        for row in world.rows.values()
        if row._meta.label == label and roles.owner_of(row) == world.owner
    )


@pytest.mark.parametrize("what", ELSEWHERE)
def test_so_is_an_act_on_another_page(
    administrator: Client, own: World, what: str
) -> None:
    before = newest()

    ELSEWHERE[what](administrator, own.owner)

    assert_named_and_notified(own.owner, before)


def test_the_walk_knows_the_keys_there_are() -> None:
    assert {
        "accounts.RecoveryCodes",
        "clientpasswords.ClientPassword",
        "django_otp_webauthn.WebAuthnCredential",
        "otp_totp.TOTPDevice",
    } <= set(KEYS)
    second_factors = set(KEYS) - {"accounts.Account", "clientpasswords.ClientPassword"}
    for label in second_factors:
        assert set(audit.KINDS[KEYS[label]]) <= set(NOTICES), label


def test_a_removed_passkey_is_called_by_its_name_in_the_mail(
    administrator: Client, own: World
) -> None:
    passkey = row_of(own, "django_otp_webauthn.WebAuthnCredential")
    delete(administrator, passkey)

    event = SecurityEvent.objects.get(kind=Kind.PASSKEY_REMOVED)
    text = composing.write_mail(own.owner, [event]).text

    assert event.detail == {"passkey": "ours"}
    assert "Passkey: ours" in text


def test_recovery_codes_are_removed_without_a_word_of_them(
    administrator: Client, own: World
) -> None:
    RecoveryCodes.objects.filter(user=own.owner).update(hashes=["a-hash"])
    make_account("other@ours.example")

    delete(administrator, row_of(own, "accounts.RecoveryCodes"))

    event = SecurityEvent.objects.get(kind=Kind.RECOVERY_CODES_REMOVED)
    assert event.detail == {}
    assert event.address == own.owner.address
