"""Is the input well formed? And, at the sign-in, may it be tried at all?"""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from accounts import signin
from accounts.http import client_address

SCHEME_COOKIE = "scheme"
SCHEMES = ("", "light", "dark")


class SignInForm(AuthenticationForm):
    """Address and web password; every try counts until it turns out to be right."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("The address or the password is not right."),
        "inactive": _("The address or the password is not right."),
    }

    request: HttpRequest

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.fields["username"].label = _("Full address")
        self.fields["username"].widget.attrs |= {
            "autocomplete": "username",
            "inputmode": "email",
            "placeholder": "name@example.com",
        }
        self.fields["password"].label = _("Web password")

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """Check the password, unless so many were wrong that it must wait.

        Raises:
            signin.TooManyTries: the view answers it with a page of its own.
        """
        with signin.counted(
            self.cleaned_data.get("username", ""), client_address(self.request)
        ):
            return super().clean()


class LanguageForm(forms.Form):
    """The language of the pages, mails and text messages."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


class MailsForm(forms.Form):
    """Which mails the owner wants; those about changes are always sent."""

    told_of_uses = forms.BooleanField(
        label=_(
            "Tell me when a security password is used for the first time, or from a "
            "new network"
        ),
        required=False,
    )


class SchemeForm(forms.Form):
    """Light, dark, or as the device has it."""

    scheme = forms.ChoiceField(
        label=_("Appearance"),
        required=False,
        choices=[("", _("As the device")), ("light", _("Light")), ("dark", _("Dark"))],
    )
