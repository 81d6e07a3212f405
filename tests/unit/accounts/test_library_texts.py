"""The second step speaks the reader's language, in the libraries' own texts as well."""

import pytest
from django.utils import translation
from django.utils.functional import Promise
from django_otp.forms import OTPAuthenticationFormMixin
from two_factor.forms import TOTPDeviceForm

from mailportal import settings

OTHERS = [code for code, _name in settings.LANGUAGES if code != "en"]
SHOWN = ("invalid_token", "n_failed_attempts", "verification_not_allowed")


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("name", SHOWN)
def test_what_the_sign_in_step_says(name: str, language: str) -> None:
    text = OTPAuthenticationFormMixin.otp_error_messages[name]

    assert said(text, language) != said(text, "en")


@pytest.mark.parametrize("language", OTHERS)
def test_what_its_set_up_says(language: str) -> None:
    text = TOTPDeviceForm.error_messages["invalid_token"]

    assert said(text, language) != said(text, "en")


def said(text: Promise, language: str) -> str:
    with translation.override(language):
        return str(text % {"failure_count": 3})
