"""What counts as a code, in every field for one."""

from collections.abc import Iterator

import pytest
from django import forms
from django.conf import settings as project_settings
from django.test import Client
from django.urls import reverse
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from phonenumber_field.phonenumber import PhoneNumber
from pytest_django import Settings
from time_machine import Traveller

from accounts import codes, phones
from accounts.codes import Purpose
from accounts.models import Account
from accounts.typed_codes import CodeField, SeveralCodes, read_code
from gateways import sms
from tests.factories import PASSWORD
from tests.unit.support import (
    HOME,
    last_code,
    press_get_code,
    press_next,
    send_second_step,
    sign_in,
    totp_of,
)

pytestmark = pytest.mark.one_database

LANGUAGES = [code for code, _ in project_settings.LANGUAGES]


def full_width(code: str) -> str:
    return "".join(chr(ord(s) + 0xFEE0) if s.isdigit() else s for s in code)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("059553", "059553"),
        (" 059 553\n", "059553"),
        ("059-553", "059553"),
        ("059\u2013553", "059553"),
        ("0 5 9 5 5 3", "059553"),
        ("\u200b059\u2060553\ufeff", "059553"),
        ("059\u00a0553", "059553"),
        ("059\u3000553", "059553"),
        (full_width("059553"), "059553"),
        (full_width("059\u3000553"), "059553"),
        ("验证码\uff1a059553\uff0c请勿泄露", "059553"),
        ("059553是您的验证码\uff0c5分钟内有效。", "059553"),
        ("059553 059553", "059553"),
        ("#059553", "059553"),
        ("@mail2.example.com #059553", "059553"),
        ("@123456.example.com #059553", "059553"),
        ("@a.123456.example #059553", "059553"),
        ("call +12025550123: 059553", "059553"),
        ("", None),
        ("05955", None),
        ("0595530", None),
        ("12 34", None),
        ("05955a", None),
        ("a059553", None),
        ("٠٥٩٥٥٣", None),
        ("none", None),
    ],
)
def test_the_one_run_of_six_digits_is_the_code(typed: str, code: str | None) -> None:
    assert read_code(typed) == code


@pytest.mark.parametrize(
    "typed", ["059553 123456", f"059553, then {full_width('123456')}"]
)
def test_of_two_codes_none_is_chosen(typed: str) -> None:
    with pytest.raises(SeveralCodes):
        read_code(typed)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("newline", ["\n", "\r\n", "", " "])
def test_the_whole_message_can_be_pasted(
    alice: Account, settings: Settings, language: str, purpose: Purpose, newline: str
) -> None:
    """A field of one line joins the lines that are pasted into it."""
    settings.MAIL_SITES = [
        {"key": "sg", "name": "Singapore", "url": "https://mail.sg.example.com/"}
    ]
    alice.language = language
    phones.propose_number(alice, PhoneNumber.from_string("+12025550177"), by=HOME)
    codes.send_code(alice, purpose, by=HOME)
    text = sms.outbox[-1].text

    assert text.endswith(f"@mail.sg.example.com #{last_code()}")
    assert read_code(text.replace("\n", newline)) == last_code()


# --- every field for a code -----------------------------------------------------------


def forms_of_ours(base: type = forms.BaseForm) -> Iterator[type[forms.Form]]:
    form: type[forms.Form]
    for form in base.__subclasses__():
        if form.__module__.partition(".")[0] in {"accounts", "clientpasswords"}:
            yield form
        yield from forms_of_ours(form)


def test_every_field_for_a_code_is_of_this_kind(client: Client, db: None) -> None:
    client.get("/")  # imports all views, and with them all forms
    names = {"code", "otp_token", "token"}
    fields = {
        f"{form.__module__}.{form.__name__}": field
        for form in forms_of_ours()
        for name, field in form.base_fields.items()
        if name in names or field.widget.attrs.get("autocomplete") == "one-time-code"
    }

    assert {
        "accounts.forms.CodeForm",
        "accounts.forms.SecondFactorForm",
        "accounts.forms.AppForm",
        "clientpasswords.forms.CodeForm",
    } <= set(fields)
    for name, field in fields.items():
        assert isinstance(field, CodeField), name
        attributes = field.widget.attrs
        assert attributes["inputmode"] == "numeric"
        assert attributes["autocomplete"] == "one-time-code"
        assert int(attributes["maxlength"]) >= 200
        assert "pattern" not in attributes
        assert field.widget.input_type == "text"


def test_the_window_takes_full_width_digits_and_the_message(
    browser: Client, client_passwords_on: None
) -> None:
    code = press_get_code(browser)
    assert press_next(browser, full_width(code)).status_code == 200

    press_get_code(browser)
    assert press_next(browser, sms.outbox[-1].text).status_code == 200


def test_two_codes_are_refused_with_a_sentence(
    browser: Client, client_passwords_on: None
) -> None:
    answer = press_next(browser, f"{press_get_code(browser)} 123456")

    assert answer.status_code == 422
    assert "There is more than one code in this text." in answer.content.decode()


def test_the_page_of_the_phone_takes_full_width_digits(
    browser: Client, alice: Account
) -> None:
    data = {"number": "+12025550177", "password": PASSWORD}
    browser.post(reverse("accounts:phone-number"), data)
    browser.post(reverse("accounts:phone-send"))

    typed = {"code": full_width(last_code())}
    answer = browser.post(reverse("accounts:phone-code"), typed)

    assert answer.status_code == 302


def test_the_second_step_takes_full_width_digits(
    client: Client, alice: Account, clock: Traveller
) -> None:
    device = TOTPDevice.objects.create(user=alice, name="default")
    sign_in(client, "alice@example.com", PASSWORD)

    assert send_second_step(client, full_width(totp_of(device))) == 302


def test_the_second_step_refuses_what_is_no_code_without_counting(
    client: Client, alice: Account, clock: Traveller
) -> None:
    device = TOTPDevice.objects.create(user=alice, name="default")
    sign_in(client, "alice@example.com", PASSWORD)

    for typed in ("12345", "123456 654321", "nothing"):
        assert send_second_step(client, typed) == 200

    device.refresh_from_db()
    assert device.throttling_failure_count == 0


def test_an_app_is_set_up_by_full_width_digits(browser: Client) -> None:
    page = reverse("two_factor:setup")
    browser.get(page)
    asks = browser.post(page, {"set_up_view-current_step": "welcome"})
    code = f"{totp(bytes.fromhex(asks.context['form'].key)):06}"

    browser.post(
        page,
        {
            "set_up_view-current_step": "generator",
            "generator-token": f"{full_width(code[:3])} {full_width(code[3:])}",
            "generator-password": PASSWORD,
        },
    )

    assert TOTPDevice.objects.count() == 1
