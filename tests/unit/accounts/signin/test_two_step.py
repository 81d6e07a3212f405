"""The second step of the sign-in: an authenticator app."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from time_machine import Traveller

from accounts.models import Account, Phone
from tests.factories import PASSWORD
from tests.signedin import sign_in_with_password
from tests.unit.support import is_signed_in, send_second_step, sign_in, totp_of

pytestmark = pytest.mark.both_databases

SETUP = "/settings/two-step/set-up/"
LOGIN = "/login/"
QR_KEY = "django_two_factor-qr_secret_key"


def set_up(browser: Client) -> TOTPDevice:
    """Go through the set-up to its end."""
    browser.get(SETUP)
    page = browser.post(SETUP, {"set_up_view-current_step": "welcome"})
    key = bytes.fromhex(page.context["form"].key)
    browser.post(
        SETUP,
        {
            "set_up_view-current_step": "generator",
            "generator-token": f"{totp(key):06}",
            "generator-password": PASSWORD,
        },
    )
    device: TOTPDevice = TOTPDevice.objects.get()
    return device


@pytest.fixture
def device(alice: Account, clock: Traveller) -> TOTPDevice:
    device: TOTPDevice = TOTPDevice.objects.create(user=alice, name="default")
    return device


def test_who_has_an_app_needs_its_code(client: Client, device: TOTPDevice) -> None:
    response = sign_in(client, "alice@example.com", PASSWORD)

    assert response.status_code == 200
    assert "Code from your authenticator app" in response.content.decode()
    assert not is_signed_in(client)
    assert send_second_step(client, totp_of(device)) == 302
    assert is_signed_in(client)


def test_a_wrong_code_does_not_get_in(client: Client, device: TOTPDevice) -> None:
    sign_in(client, "alice@example.com", PASSWORD)

    assert send_second_step(client, f"{(int(totp_of(device)) + 1) % 10**6:06}") == 200
    assert not is_signed_in(client)


def test_after_a_wrong_code_the_right_one_too_has_to_wait(
    client: Client, device: TOTPDevice, clock: Traveller
) -> None:
    sign_in(client, "alice@example.com", PASSWORD)
    send_second_step(client, f"{(int(totp_of(device)) + 1) % 10**6:06}")

    assert send_second_step(client, totp_of(device)) == 200
    clock.shift(2)
    assert send_second_step(client, totp_of(device)) == 302


def test_a_code_of_the_app_works_once(client: Client, device: TOTPDevice) -> None:
    code = totp_of(device)
    sign_in(client, "alice@example.com", PASSWORD)
    assert send_second_step(client, code) == 302

    other = Client()
    sign_in(other, "alice@example.com", PASSWORD)

    assert send_second_step(other, code) == 200
    assert not is_signed_in(other)


def test_the_code_alone_does_not_get_in(client: Client, device: TOTPDevice) -> None:
    client.get(LOGIN)

    send_second_step(client, totp_of(device))

    assert not is_signed_in(client)


def test_an_app_is_set_up_with_a_code_of_it(browser: Client, alice: Account) -> None:
    device = set_up(browser)

    assert device.user == alice
    page = browser.get(reverse("two_factor:setup_complete"))
    assert "Two-step sign-in is on" in page.content.decode()


def test_setting_up_ends_the_other_sessions(browser: Client, alice: Account) -> None:
    other = sign_in_with_password(alice)
    assert is_signed_in(other)

    set_up(browser)

    assert is_signed_in(browser)
    assert not is_signed_in(other)


def test_a_wrong_code_sets_nothing_up(browser: Client) -> None:
    browser.get(SETUP)
    browser.post(SETUP, {"set_up_view-current_step": "welcome"})

    browser.post(
        SETUP,
        {
            "set_up_view-current_step": "generator",
            "generator-token": "000000",
            "generator-password": PASSWORD,
        },
    )

    assert not TOTPDevice.objects.exists()


@pytest.mark.parametrize("step", ["welcome", "method", "generator"])
def test_a_session_of_the_password_alone_cannot_replace_the_app(
    browser: Client, device: TOTPDevice, step: str
) -> None:
    other_key = b"k" * 20
    session = browser.session
    session[QR_KEY] = other_key.hex()
    session.save()

    for response in (
        browser.get(SETUP),
        browser.post(
            SETUP,
            {
                "set_up_view-current_step": step,
                "method-method": "generator",
                "generator-token": f"{totp(other_key):06}",
                "generator-password": PASSWORD,
            },
        ),
    ):
        assert response.status_code == 302
        assert response["Location"] == reverse("two_factor:profile")

    assert TOTPDevice.objects.get().key == device.key


def test_turning_it_off_needs_a_session_that_used_it(
    browser: Client, device: TOTPDevice
) -> None:
    data = {"understand": "on", "password": PASSWORD}
    response = browser.post(reverse("two_factor:disable"), data)

    assert response.status_code == 302
    assert TOTPDevice.objects.exists()


def test_turned_off_the_phone_for_codes_stays(
    client: Client, device: TOTPDevice
) -> None:
    sign_in(client, "alice@example.com", PASSWORD)
    send_second_step(client, totp_of(device))

    data = {"understand": "on", "password": PASSWORD}
    client.post(reverse("two_factor:disable"), data)

    assert not TOTPDevice.objects.exists()
    assert Phone.objects.exists()


def test_the_picture_of_the_key_is_shown_during_the_set_up_only(
    browser: Client,
) -> None:
    assert browser.get(reverse("two_factor:qr")).status_code == 404

    browser.get(SETUP)
    browser.post(SETUP, {"set_up_view-current_step": "welcome"})

    picture = browser.get(reverse("two_factor:qr"))
    assert picture.status_code == 200
    assert picture["Content-Type"].startswith("image/svg+xml")


def test_the_key_does_not_stay_in_the_session(browser: Client) -> None:
    device = set_up(browser)

    sessions = [str(row.get_decoded()) for row in Session.objects.all()]

    assert device.key not in " ".join(sessions)


@pytest.mark.parametrize("change", ["password", "sessions", "disabled"])
def test_a_first_step_counts_no_more_once_what_it_began_under_has_changed(
    client: Client, device: TOTPDevice, alice: Account, change: str
) -> None:
    sign_in(client, "alice@example.com", PASSWORD)
    if change == "password":
        alice.set_password("another long password")
    elif change == "sessions":
        alice.sessions_ended += 1
    else:
        alice.is_active = False
    alice.save()

    data = {"sign_in_view-current_step": "token", "token-otp_token": totp_of(device)}
    page = client.post(LOGIN, data)

    assert not is_signed_in(client)
    assert page.status_code == 200
    assert "Full address" in page.text
