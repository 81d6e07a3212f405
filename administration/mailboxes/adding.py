"""Add a mailbox with its phone on one page, and the text to send to its owner."""

import secrets
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from django_stubs_ext import StrOrPromise

from accounts import addresses, mobilenumbers
from accounts.http import build_absolute_url
from accounts.models import Account, Domain, Phone
from accounts.passwordformat import ALPHABET
from accounts.policy import effective
from administration.base.lists import Context
from provisioning import roles

ADD_PHONE = "accounts.add_phone"
# Five groups of three symbols are 75 bits. No security password looks like it.
GROUPS, GROUP_LENGTH = 5, 3
EMPTY_MAKES_ONE = _("Empty: the portal makes one, and shows it to you once.")


class AddressFormField(forms.EmailField):
    """An address as it was meant, in an input that is made for addresses."""

    default_validators = [addresses.validate]

    def to_python(self, value: Any) -> str:
        return addresses.normalise(super().to_python(value) or "")


class AccountCreationForm(ModelForm[Account]):
    """Creates a mailbox in the domain of its address, with its phone.

    Without a typed web password it makes one, which the saved mailbox has as its
    attribute `made_password`, in this request only.
    """

    author: Account

    phone = forms.CharField(
        label=_("Phone number"),
        help_text=_(
            "For codes by text message. With the country code, for example "
            "+65 8123 4567."
        ),
        max_length=40,
        required=False,
        widget=forms.TextInput({"autocomplete": "off", "inputmode": "tel"}),
    )
    web_password = forms.CharField(
        label=_("Web password"),
        help_text=EMPTY_MAKES_ONE,
        required=False,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    without_password = forms.BooleanField(
        label=_("No web password yet"),
        help_text=_(
            "An import or an administrator sets it later. Until then, the owner cannot "
            "sign in."
        ),
        required=False,
    )

    class Meta:
        model = Account
        fields = ["address", "name", "language"]
        field_classes = {"address": AddressFormField}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Otherwise browsers take the field before the password for the user name.
        self.fields["address"].widget.attrs["autocomplete"] = "username"
        self.fields["name"].widget.attrs["autocomplete"] = "off"
        if not self.author.has_perm(ADD_PHONE):
            del self.fields["phone"]

    def clean_address(self) -> str:
        """Find the domain of the address, one that the author administers."""
        address: str = self.cleaned_data["address"]
        name = address.rpartition("@")[2]
        domain = roles.visible(self.author, Domain).filter(name=name).first()
        if domain is None:
            raise ValidationError(_explain_unknown_domain(self.author, name))
        if Account.objects.filter(address=address).exists():
            raise ValidationError(_("A mailbox with this address exists."))
        self.instance.domain = domain
        return address

    def clean_phone(self) -> Phone | None:
        """Return the phone, not saved; the audit log shows it masked."""
        typed = self.cleaned_data["phone"].strip()
        return Phone(number=str(mobilenumbers.parse(typed))) if typed else None

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """Refuse a web password together with having none."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("web_password") and cleaned.get("without_password"):
            words = _("Leave the web password empty, or remove this tick.")
            self.add_error("without_password", words)
        return cleaned

    @sensitive_variables()
    def _post_clean(self) -> None:
        """Check the web password, when the instance has the other values."""
        super()._post_clean()  # type: ignore[misc]
        password = self.cleaned_data.get("web_password")
        if password:
            try:
                password_validation.validate_password(password, self.instance)
            except ValidationError as error:
                self.add_error("web_password", error)

    @sensitive_variables()
    def save(self, commit: bool = True) -> Account:  # noqa: FBT001, FBT002
        account = super().save(commit=False)
        password, made = self.cleaned_data["web_password"], ""
        if not password and not self.cleaned_data["without_password"]:
            password = made = generate_web_password()
        account.set_password(password or None)
        account.made_password = made  # type: ignore[attr-defined]
        if commit:
            account.save()
        return account


@sensitive_variables()
def generate_web_password() -> str:
    """Return a random web password of 75 bits, in groups that a person can type."""
    return "-".join(
        "".join(secrets.choice(ALPHABET) for _symbol in range(GROUP_LENGTH))
        for _group in range(GROUPS)
    )


def get_welcome_language(account: Account) -> str:
    """Return the owner's language; that of the reader, if it is not known."""
    return account.language or translation.get_language() or settings.LANGUAGE_CODE


def write_welcome(request: HttpRequest, account: Account) -> str:
    """Return the text to send to the owner, in their language, without a password."""
    policy = effective.load_effective_policy(account).policy
    pages = {
        "sign_in": "two_factor:login",
        "password_page": "accounts:password",
        "owners_page": settings.OWNERS_PAGE,
    }
    context: Context = {
        name: build_absolute_url(request, reverse(page)) for name, page in pages.items()
    }
    context |= {
        "account": account,
        "phone": Phone.objects.filter(account=account).first(),
        "may_use_programs": policy.third_party_logon,
        "support_address": settings.SUPPORT_ADDRESS,
    }
    with translation.override(get_welcome_language(account)):
        return render_to_string("admin/accounts/account/welcome.txt", context).strip()


def _explain_unknown_domain(author: Account, name: str) -> StrOrPromise:
    """Say that there is no such domain; with a link to add it for those who may.

    It is the same for a domain that does not exist and for that of others.
    """
    if not (roles.is_operator(author) and author.has_perm("accounts.add_domain")):
        return _(
            "You administer no domain “%(name)s”. Check the part after the @, or ask a "
            "site operator to add the domain."
        ) % {"name": name}
    words = _("There is no domain “%(name)s” yet. Check the part after the @, or:")
    return format_html(
        '{} <a href="{}">{}</a>',
        words % {"name": name},
        reverse("admin:accounts_domain_add"),
        _("add the domain"),
    )
