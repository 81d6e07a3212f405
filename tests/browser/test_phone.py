"""The phone, and the authenticator app in its place; every state is accessible."""

from datetime import timedelta

import pytest
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from playwright.sync_api import expect

from accounts.models import Account, Phone, Policy
from tests import factories
from tests.browser import steps
from tests.browser.conftest import Visit
from tests.browser.look import Look
from tests.browser.watch import Watch

pytestmark = pytest.mark.browser

PHONE = "/settings/phone/"


def test_the_way_to_another_number(
    visit: Visit, alice: Account, look: Look, watch: Watch
) -> None:
    watch.expected |= {422}
    page = visit(PHONE, alice)
    expect(page.get_by_text("+1 ••• •••• ••23")).to_be_visible()
    look(page, "phone")

    steps.link(page, "Change the number").click()
    page.get_by_label("New mobile number").fill("12")
    page.get_by_label("Web password").fill("wrong")
    steps.button(page, "Next").click()
    expect(page.get_by_text("Enter a number that begins with")).to_be_visible()
    look(page, "phone-number-wrong")

    page.get_by_label("New mobile number").fill("+12025550177")
    page.get_by_label("Web password").fill(factories.PASSWORD)
    steps.button(page, "Next").click()
    expect(steps.heading(page, "Confirm the current number")).to_be_visible()
    steps.get_code(page)
    expect(page.get_by_label("Dynamic Captcha")).to_be_focused()
    look(page, "phone-code-old")

    steps.type_code(page, steps.last_code())
    expect(steps.heading(page, "Confirm the new number")).to_be_visible()
    steps.get_code(page)
    steps.type_code(page, steps.wrong_code())
    expect(page.get_by_text("Incorrect code.")).to_be_visible()
    look(page, "phone-code-new-wrong")

    steps.type_code(page, steps.last_code())
    expect(page.get_by_text("The new phone number is on file.")).to_be_visible()
    expect(page.get_by_text("The new number gets codes in 1 day")).to_be_visible()
    look(page, "phone-held")


def test_a_mailbox_without_a_number(visit: Visit, alice: Account, look: Look) -> None:
    Phone.objects.all().delete()
    page = visit(PHONE, alice)
    expect(page.get_by_text("Ask your administrator to enter")).to_be_visible()
    look(page, "phone-none")


def test_the_page_where_the_owner_enters_the_number(
    visit: Visit, alice: Account, look: Look
) -> None:
    Account.objects.update(client_passwords_on=True)
    Policy.objects.update(owner_sets_phone=True)
    Phone.objects.all().delete()
    page = visit(steps.AREA, alice)
    expect(steps.link(page, "Enter your number")).to_be_visible()
    look(page, "area-no-phone-own")


def test_the_page_with_a_number_on_hold(
    visit: Visit, alice: Account, look: Look
) -> None:
    Account.objects.update(client_passwords_on=True)
    Phone.objects.update(held_until=timezone.now() + timedelta(hours=20))
    page = visit(steps.AREA, alice)
    expect(page.get_by_text("Your phone number was changed")).to_be_visible()
    look(page, "area-held")


def test_the_identity_window_with_an_app(
    visit: Visit, alice: Account, look: Look
) -> None:
    Account.objects.update(client_passwords_on=True)
    app = TOTPDevice.objects.create(user=alice, name="default")
    TOTPDevice.objects.update(created_at=timezone.now() - timedelta(days=2))
    page = visit(steps.NEW, alice)
    page.get_by_label("Text message").check()
    expect(steps.button(page, "Get Dynamic Captcha")).to_be_visible()
    look(page, "identity-methods")

    page.get_by_label("Authenticator app").check()
    expect(steps.button(page, "Get Dynamic Captcha")).to_be_hidden()
    expect(page.get_by_text("Open your authenticator app")).to_be_visible()
    look(page, "identity-app")

    steps.type_code(page, f"{totp(app.bin_key):06}")
    expect(page.get_by_text("Shown only once")).to_be_visible()
