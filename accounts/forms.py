"""Forms of sign-in and settings.

Forms with a web password throttle its tries.
"""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from django_otp.forms import OTPAuthenticationFormMixin
from django_otp.models import Device
from phonenumber_field.phonenumber import PhoneNumber
from two_factor.forms import TOTPDeviceForm

from accounts import mobilenumbers, sites
from accounts.http import UserRequest
from accounts.models import Account
from accounts.signin import second_factor, throttle
from accounts.typed_codes import CodeField, RecoveryCodeField, SecondFactorField

SCHEME_COOKIE = "scheme"
SCHEMES = ("", "light", "dark")


# They join emoji, and letters of some scripts.
JOINERS = "\u200c\u200d"


class SignInForm(AuthenticationForm):
    """Address and web password; failed tries are throttled."""

    error_messages = {
        **AuthenticationForm.error_messages,
        "invalid_login": _("Incorrect address or password."),
        "inactive": _("Incorrect address or password."),
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
        """Check the password, unless a limit of failures is reached.

        Who is at the wrong site reads which is the right one, by the domain alone.

        Raises:
            throttle.TooManyTries: a limit is reached; the view answers with status 429.
        """
        name = self.cleaned_data.get("username", "")
        try:
            with throttle.count_try_from(self.request, name):
                return super().clean()
        except forms.ValidationError as refusal:
            site = sites.find_site(name)
            if site is None or site.is_own:
                raise
            raise forms.ValidationError(
                format_html(
                    gettext("Mailboxes of {} are at another site: {}."),
                    name.rpartition("@")[2],
                    format_html('<a href="{}">{}</a>', site.sign_in_url, site.name),
                )
            ) from refusal


class CodeForm(forms.Form):
    """The code of the text message, or the whole message."""

    code = CodeField(
        label=_("Dynamic Captcha"),
        error_messages={"required": _("Enter the code.")},
    )

    def focus_code(self) -> None:
        """Put the focus on the field for the code."""
        self.fields["code"].widget.attrs["data-focus"] = ""

    def forget_code(self) -> None:
        """Remove the code from the form's data, so that pages do not repeat it."""
        if self.is_bound:
            kept = {name: self.data.get(name, "") for name in self.fields}
            self.data = kept | {"code": ""}


class SecondFactorForm(OTPAuthenticationFormMixin, forms.Form):
    """A code of the authenticator app, or one of the recovery codes."""

    otp_token = SecondFactorField(
        label=_("Code from your authenticator app"), required=False
    )
    recovery_code = RecoveryCodeField(label=_("Recovery code"), required=False)
    otp_error_messages = {
        **OTPAuthenticationFormMixin.otp_error_messages,
        "token_required": _("Enter the code."),
        "invalid_token": _("The code is incorrect or was already used."),
    }
    otp_error_messages["device_required"] = otp_error_messages["invalid_token"]
    # For two_factor's wizard: it must not check the code a second time.
    idempotent = False

    def __init__(self, user: Account, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.user = user
        if second_factor.get_app(user) is not None:
            self.fields["otp_token"].widget.attrs["autofocus"] = ""

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """Check the code, in a transaction that locks the device."""
        if not self.errors:
            typed = self.cleaned_data
            typed["otp_token"] = typed["recovery_code"] or typed["otp_token"]
            self.clean_otp(self.user)
        return self.cleaned_data

    def _chosen_device(self, user: Account) -> Device | None:
        return second_factor.lock_device_for(
            user, self.cleaned_data.get("otp_token", "")
        )


class WebPasswordRequiredForm(forms.Form):
    """A form that asks for the web password as well."""

    password = forms.CharField(
        label=_("Web password"),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )

    def __init__(self, request: UserRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._request = request

    @sensitive_variables()
    def clean_password(self) -> str:
        """Check the web password, unless a limit of failures is reached.

        The cleaned value is empty, so that nothing keeps the password.

        Raises:
            throttle.TooManyTries: a limit is reached; the view answers with status 429.
        """
        user, password = self._request.user, self.cleaned_data["password"]
        with throttle.count_try_from(self._request, user.address):
            if not user.check_password(password):
                raise forms.ValidationError(_("Incorrect web password."))
        return ""


class AppForm(TOTPDeviceForm, WebPasswordRequiredForm):
    """The first code of a new authenticator app, and the web password."""

    token: Any = CodeField(
        label=_("Code from your authenticator app"),
        widget=forms.TextInput({"autofocus": ""}),
    )

    def __init__(
        self, request: UserRequest, key: str, user: Account, **kwargs: Any
    ) -> None:
        super().__init__(key, user, request=request, **kwargs)

    @sensitive_variables()
    def clean_token(self) -> int:
        """Check the code, which the library wants as a number."""
        self.cleaned_data["token"] = int(self.cleaned_data["token"])
        token: int = super().clean_token()
        return token


class TurnOffForm(WebPasswordRequiredForm):
    """That two-step sign-in is really to be turned off."""

    understand = forms.BooleanField(label=_("Yes, I am sure"))


class PasskeyForm(WebPasswordRequiredForm):
    """What to call a new passkey."""

    name = forms.CharField(
        label=_("Name of the passkey"),
        help_text=_("For example, the device or the password manager that stores it."),
        widget=forms.TextInput({"autocomplete": "off"}),
        max_length=40,
    )
    field_order = ["name", "password"]

    def clean_name(self) -> str:
        name = " ".join(self.cleaned_data["name"].split())
        kept = [sign for sign in name if sign.isprintable() or sign in JOINERS]
        if not set(kept) - set(JOINERS):
            raise forms.ValidationError(self.fields["name"].error_messages["required"])
        return "".join(kept)


class WebPasswordChangeForm(PasswordChangeForm):
    """A new web password, confirmed by the current one."""

    def __init__(self, request: UserRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request.user, *args, **kwargs)
        self._request = request
        self.fields["old_password"].label = _("Current web password")
        self.fields["new_password1"].label = _("New web password")
        self.fields["new_password2"].label = _("Repeat the new web password")
        self.fields["new_password2"].help_text = ""

    @sensitive_variables()
    def clean_old_password(self) -> str:
        """Check the current web password, unless a limit of failures is reached.

        Raises:
            throttle.TooManyTries: a limit is reached; the view answers with status 429.
        """
        with throttle.count_try_from(self._request, self._request.user.address):
            return super().clean_old_password()

    def refuse_old_password(self) -> None:
        """Say that it is wrong: it was changed while this form was checked."""
        self.add_error("old_password", self.error_messages["password_incorrect"])


class PhoneNumberForm(WebPasswordRequiredForm):
    """A new phone number, confirmed by the web password."""

    number = forms.CharField(
        label=_("New mobile number"),
        help_text=_("With the country code, for example +65 8123 4567."),
        max_length=40,
        widget=forms.TextInput({"autocomplete": "tel", "inputmode": "tel"}),
    )
    field_order = ["number", "password"]

    def clean_number(self) -> PhoneNumber:
        return mobilenumbers.parse(self.cleaned_data["number"])


class LanguageForm(forms.Form):
    """The language of the pages, mails and text messages."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


class MailPreferencesForm(forms.Form):
    """Which optional mails the owner gets; mails about changes are always sent."""

    told_of_uses = forms.BooleanField(
        label=_(
            "Notify me when a security password is used for the first time or from a "
            "new network"
        ),
        required=False,
    )


class AppearanceForm(forms.Form):
    """The appearance: light, dark, or the same as the device."""

    scheme = forms.ChoiceField(
        label=_("Appearance"),
        required=False,
        choices=[
            ("", _("Same as the device")),
            ("light", _("Light")),
            ("dark", _("Dark")),
        ],
    )
