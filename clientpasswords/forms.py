"""Forms, which check that input is well formed."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Self
from uuid import UUID, uuid4

from django import forms
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

import accounts.forms
from accounts import networks
from accounts.models import Policy
from accounts.models.protocols import PROTOCOL_CHOICES, PROTOCOL_KEYS, PROTOCOLS
from accounts.signin.authenticator import AppCode
from clientpasswords.models import ClientPassword
from clientpasswords.scopes import Scope
from clientpasswords.setup import clients

LAST_YEAR = 2999
EVERYTHING = frozenset(PROTOCOL_KEYS)
SENDING = frozenset(each.key for each in PROTOCOLS if each.sends)
OFF = _("%(choice)s (switched off for your mailbox)")
# What those can do who are not limited, by whether they can receive and can send.
UNLIMITED = {
    (True, True): _("read and send mail"),
    (True, False): _("read mail"),
    (False, True): _("send mail"),
    (False, False): _("read and send mail"),
}
ACCESS = {"send": _("send mail only"), "some": _("use these protocols only:")}
# How long a password may work without that a date is chosen, in days by their key.
LIFETIMES = {"30": 30, "90": 90, "365": 365}


class CodeForm(accounts.forms.CodeForm):
    """A code, and the attempt that it is entered for."""

    attempt = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    method = forms.ChoiceField(
        label=_("Confirm by"),
        choices=[("app", _("Authenticator app")), ("phone", _("Text message"))],
        widget=forms.RadioSelect,
        required=False,
    )

    @property
    def proof(self) -> str | AppCode:
        """Return the code; an `AppCode` if it is from the authenticator app."""
        code: str = self.cleaned_data["code"]
        return AppCode(code) if self.cleaned_data["method"] == "app" else code

    def offer(self, *, phone: bool, app: bool) -> None:
        """Offer the methods that can be used; a single one is chosen without asking.

        The app comes first: it needs no text message.
        """
        if phone and app:
            self.initial.setdefault("method", "app")
            return
        self.fields["method"].widget = forms.HiddenInput()
        self.initial["method"] = "app" if app else "phone"
        # By `get`, as what a browser has sent would become lists otherwise.
        data = {name: self.data.get(name) for name in self.data}
        self.data = data | {"method": self.initial["method"]}


class ConnectForm(CodeForm):
    """A code, and the program that is to be connected."""

    program = forms.ChoiceField(
        label=_("Where will you use it?"),
        choices=[
            *((client.key, client.name) for client in clients.CLIENTS.values()),
            (clients.OTHER, _("Another program")),
        ],
        required=False,
    )

    def group_programs(self, user_agent: str) -> None:
        """List those first that run where this browser does."""
        here, elsewhere = clients.split_clients(user_agent)
        groups: list[tuple[str, list[tuple[str, Any]]]] = [
            (
                gettext("On this device"),
                [
                    *((client.key, client.name) for client in here),
                    (clients.OTHER, _("Another program")),
                ],
            )
        ]
        if elsewhere:
            names = [(client.key, client.name) for client in elsewhere]
            groups.append((gettext("On another device"), names))
        widget: Any = self.fields["program"].widget
        widget.choices = groups


def attempt_in(data: dict[str, str]) -> UUID:
    """Return the attempt of a posted form, or a new one if it has none."""
    try:
        return UUID(data.get("attempt", ""))
    except ValueError:
        return uuid4()


class LabelForm(forms.Form):
    """The name of a device, which is never refused but normalised later."""

    label = forms.CharField(
        label=_("Device"),
        required=False,
        widget=forms.TextInput({"autocomplete": "off", "maxlength": "64"}),
    )


class ScopeForm(forms.Form):
    """What a security password may be used for, of what is on for its mailbox."""

    access = forms.ChoiceField(
        label=_("Allowed to"),
        choices=[("all", UNLIMITED[True, True]), *ACCESS.items()],
        widget=forms.RadioSelect,
        initial="all",
    )
    protocols = forms.MultipleChoiceField(
        label=_("Protocols"),
        choices=PROTOCOL_CHOICES,
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    networks = forms.CharField(
        label=_("Only from these networks"),
        help_text=_("For example 192.0.2.0/24. Empty: from anywhere."),
        required=False,
        max_length=500,
        widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )
    lasts = forms.ChoiceField(
        label=_("How long it works"),
        choices=[
            ("always", _("until you delete it")),
            ("30", _("30 days")),
            ("90", _("90 days")),
            ("365", _("1 year")),
            ("date", _("until a date:")),
        ],
        widget=forms.RadioSelect,
        required=False,
    )
    expires = forms.DateField(
        label=_("Works until the end of"),
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        input_formats=["%Y-%m-%d"],
        error_messages={"invalid": _("Enter a date, for example 2027-01-31.")},
    )

    @classmethod
    def for_password(
        cls,
        client_password: ClientPassword,
        policy: Policy,
        data: Mapping[str, str] | None = None,
    ) -> Self:
        """Return the form with the present scope of this password, or with `data`.

        What the policy switches off is offered only if the password is limited to it.
        """
        scope = Scope.of_password(client_password)
        access = {EVERYTHING: "all", SENDING: "send"}.get(scope.protocols, "some")
        form = cls(
            data,
            initial={
                "access": access,
                "protocols": sorted(scope.protocols),
                "networks": ", ".join(scope.networks),
                "lasts": "date" if client_password.last_day else "always",
                "expires": client_password.last_day,
            },
        )
        form._offer({key for key, on in policy.protocols.items() if on}, access)
        form._limit_lifetimes(client_password)
        return form

    def _offer(self, on: Collection[str], access: str) -> None:
        """Offer what is on, and what the password is limited to by its `access`."""
        receives = any(each.receives for each in PROTOCOLS if each.key in on)
        sends = any(each.sends for each in PROTOCOLS if each.key in on)
        named = self.initial["protocols"] if access == "some" else ()
        protocols: Any = self.fields["protocols"]
        protocols.choices = [
            (key, label if key in on else OFF % {"choice": label})
            for key, label in PROTOCOL_CHOICES
            if key in on or key in named
        ]
        send = ACCESS["send"] if sends else OFF % {"choice": ACCESS["send"]}
        offered = [
            ("all", UNLIMITED[receives, sends], True),
            ("send", send, receives and sends),
            ("some", ACCESS["some"], len(protocols.choices) > 1),
        ]
        choices: Any = self.fields["access"]
        choices.choices = [
            (key, words) for key, words, is_use in offered if is_use or key == access
        ]
        if "some" not in dict(choices.choices):
            del self.fields["protocols"]

    def _limit_lifetimes(self, client_password: ClientPassword) -> None:
        """Offer no lifetime beyond that of the policy, and say when that is over."""
        if client_password.days_of_life is None:
            return
        days = timedelta(days=client_password.days_of_life)
        last = timezone.localtime(client_password.created_at + days)
        field: Any = self.fields["lasts"]
        text = gettext("until %(day)s, as your administrator has set")
        always = ("always", text % {"day": date_format(last, "DATE_FORMAT")})
        within = [
            (key, label)
            for key, label in field.choices[1:]
            if key not in LIFETIMES or _last_day(key) < last.date()
        ]
        field.choices = [always, *within]

    def clean_networks(self) -> tuple[str, ...]:
        return networks.parse_networks(self.cleaned_data["networks"])

    def clean_expires(self) -> date | None:
        last: date | None = self.cleaned_data["expires"]
        if last is not None and last < timezone.localdate():
            raise forms.ValidationError(gettext("Choose a date in the future."))
        if last is not None and last.year > LAST_YEAR:
            raise forms.ValidationError(
                self.fields["expires"].error_messages["invalid"]
            )
        return last

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or self.cleaned_data
        if data.get("access") != "some":
            # The boxes may be older than the policy, and do not count.
            self.errors.pop("protocols", None)
        elif not data.get("protocols") and "protocols" not in self.errors:
            self.add_error("protocols", gettext("Choose at least one."))
        lasts = data.get("lasts")
        if lasts == "always" or lasts in LIFETIMES:
            # The field of the date is hidden, whatever it holds.
            self.errors.pop("expires", None)
            data["expires"] = _last_day(lasts) if lasts in LIFETIMES else None
        elif lasts == "date" and not (data.get("expires") or "expires" in self.errors):
            self.add_error("expires", self.fields["expires"].error_messages["invalid"])
        return data

    @property
    def scope(self) -> Scope:
        """Return the scope that was entered; the form must be valid."""
        data = self.cleaned_data
        some = {"all": EVERYTHING, "send": SENDING}
        return Scope(
            frozenset(some.get(data["access"]) or data["protocols"]),
            data["networks"],
            _end_of(data["expires"]),
        )


def _last_day(lifetime: str) -> date:
    """Return the last day of this lifetime, in the reader's time zone."""
    return timezone.localdate() + timedelta(days=LIFETIMES[lifetime])


def _end_of(day: date | None) -> datetime | None:
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))
