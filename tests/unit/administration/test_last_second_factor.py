"""Recovery codes end with the last second factor, whoever takes it away."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django_otp.models import Device
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.models import WebAuthnCredential

from accounts.models import Account, RecoveryCodes
from accounts.signin import second_factor
from administration.bulk import actions
from provisioning import operations, tokens
from provisioning.models import ApiToken
from provisioning.operations import Order
from provisioning.tokens import Terms
from tests.factories import PASSWORD, make_client_password
from tests.signedin import sign_in_verified
from tests.unit.accounts.passkeysteps import make_passkey
from tests.unit.administration.jobsteps import ordered, work_off
from tests.unit.api.mailboxsteps import send
from tests.unit.support import HOME

ORDER = Order(HOME, "They asked for it.")
Factor = TOTPDevice | WebAuthnCredential


def make_app(account: Account) -> TOTPDevice:
    device: TOTPDevice = TOTPDevice.objects.create(user=account, name="default")
    return device


FACTORS: dict[str, Callable[[Account], Factor]] = {
    "app": make_app,
    "passkey": make_passkey,
}


def owner_takes(account: Account, factor: Factor, _admin: Client) -> None:
    """Remove the passkey, or turn off all, which is the way to take an app away."""
    browser, typed = sign_in_verified(account, factor), {"password": PASSWORD}
    if isinstance(factor, WebAuthnCredential):
        browser.post(reverse("accounts:passkey-remove", args=[factor.pk]), typed)
    else:
        browser.post(reverse("two_factor:disable"), typed | {"understand": "on"})


def administrator_deletes(_account: Account, factor: Factor, browser: Client) -> None:
    opts = factor._meta
    page = reverse(f"admin:{opts.app_label}_{opts.model_name}_delete", args=[factor.pk])
    assert "the web password alone is enough" in browser.get(page).text
    assert browser.post(page, {"post": "yes"}).status_code == 302


def operator_unconfirms(_account: Account, factor: Factor, browser: Client) -> None:
    """Take its confirmation from an app; nobody changes a passkey."""
    if isinstance(factor, WebAuthnCredential):
        administrator_deletes(_account, factor, browser)
        return
    page = reverse("admin:otp_totp_totpdevice_change", args=[factor.pk])
    typed = {"name": "default", "step": 30, "t0": 0, "digits": 6, "tolerance": 1}
    more = {"drift": 0, "throttling_failure_count": 0}
    assert browser.post(page, typed | more).status_code == 302


TAKES = [owner_takes, administrator_deletes, operator_unconfirms]


@pytest.mark.parametrize("take", TAKES, ids=lambda take: take.__name__)
@pytest.mark.parametrize("kind", FACTORS)
def test_recovery_codes_end_with_the_last_second_factor_whoever_takes_it(
    administrator: Client,
    alice: Account,
    kind: str,
    take: Callable[[Account, Factor, Client], None],
) -> None:
    factor = FACTORS[kind](alice)
    second_factor.make_recovery_codes(alice, by=HOME)

    take(alice, factor, administrator)

    assert not second_factor.is_on(alice)
    assert second_factor.get_recovery_codes(alice) is None
    removed = alice.security_events.get(kind="recovery-removed")
    assert not removed.notifications.exists()  # the notice of the factor is enough


@pytest.mark.parametrize("take", TAKES[1:], ids=lambda take: take.__name__)
@pytest.mark.parametrize("kind", FACTORS)
def test_they_stay_while_there_is_another_one(
    administrator: Client,
    alice: Account,
    kind: str,
    take: Callable[[Account, Factor, Client], None],
) -> None:
    factor = FACTORS[kind](alice)
    for other, make in FACTORS.items():
        if other != kind:
            make(alice)
    second_factor.make_recovery_codes(alice, by=HOME)

    take(alice, factor, administrator)

    assert second_factor.is_on(alice)
    assert second_factor.get_recovery_codes(alice) is not None
    assert not alice.security_events.filter(kind="recovery-removed").exists()


def test_every_kind_of_second_factor_with_a_page_is_walked() -> None:
    """Of the kinds that are registered, all but the codes themselves."""
    kinds = {
        model
        for model in apps.get_models()
        if issubclass(model, Device) and admin.site.is_registered(model)
    }

    assert kinds == {TOTPDevice, WebAuthnCredential, RecoveryCodes}


def by_bulk(action: str) -> Callable[[Account, Account], Any]:
    return lambda admin, owner: work_off(ordered(admin, action, [owner]))


def by_api(method: str, place: str) -> Callable[[Account, Account], Any]:
    def send_it(_admin: Account, owner: Account) -> None:
        made = tokens.make("sync", ApiToken.Scope.values, Terms(), ORDER)
        program = Client(headers={"Authorization": f"Bearer {made.text}"})
        sent = send(program, method, f"/api/v1/accounts/{owner.address}{place}", {})
        assert sent.status_code == 200, sent.content.decode()

    return send_it


# Acts on a mailbox that take no second factor: what belongs to one stays with it.
LEAVING: dict[str, Callable[[Account, Account], Any]] = {
    **{
        action.name: by_bulk(action.name)
        for action in actions.BULK_ACTIONS
        if action.model is Account and action.asks_nothing
    },
    "phone reset": lambda _admin, owner: operations.reset_phone(owner, ORDER),
    "API off-boarding": by_api("POST", "/off-board"),
    "API deletion of passwords": by_api("DELETE", "/client-passwords"),
}


@pytest.mark.parametrize("kind", FACTORS)
@pytest.mark.parametrize("act", LEAVING)
def test_other_acts_leave_the_factor_and_its_codes(
    admin: Account, alice: Account, act: str, kind: str
) -> None:
    FACTORS[kind](alice)
    make_client_password(alice)
    second_factor.make_recovery_codes(alice, by=HOME)

    LEAVING[act](admin, alice)

    assert second_factor.is_on(alice)
    assert second_factor.get_recovery_codes(alice) is not None
