"""Try it: would the mail server let this mail program in? The page of `check_logon`."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from django import forms
from django.contrib.auth.hashers import check_password
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from accounts import events
from accounts.events import Event, Kind
from accounts.http import actor
from accounts.models import Account
from accounts.models.protocols import PROTOCOL_CHOICES, PROTOCOL_KEYS
from accounts.signin import throttle
from administration.base.lists import Context
from administration.mailboxes.adding import AddressFormField
from clientpasswords import refusals
from clientpasswords.logon import decision, diagnosis
from clientpasswords.models import ClientPassword
from provisioning import roles

# Whoever may reset the count of wrong codes may spend a try of a password.
CHECK_PASSWORDS = "administration.unlock_codes"
NOT_YOURS = gettext_lazy("There is no such mailbox, or you do not administer it.")
NOT_THEIR_PASSWORD = gettext_lazy(
    "Only site operators can check the passwords of administrators. Leave it empty."
)
TOO_MANY = gettext_lazy(
    "Too many wrong passwords. Try again in %(minutes)s min, or leave it empty."
)


class TryForm(forms.Form):
    """The mailbox, the protocol, where the program is, and perhaps a password."""

    address = AddressFormField(
        label=gettext_lazy("Address"),
        widget=forms.EmailInput({"class": "vTextField", "autocomplete": "off"}),
    )
    protocol = forms.ChoiceField(
        label=gettext_lazy("Protocol"),
        choices=PROTOCOL_CHOICES,
        initial=PROTOCOL_KEYS[0],
    )
    ip = forms.GenericIPAddressField(
        label=gettext_lazy("IP address of the mail program"),
        help_text=gettext_lazy("Where the program is. Empty: not known."),
        required=False,
        unpack_ipv4=True,
    )
    password = forms.CharField(
        label=gettext_lazy("Password"),
        help_text=gettext_lazy(
            "A web password or a security password. Empty: only the rules are checked. "
            "It is not stored, but wrong ones count as they do at the sign-in, and the "
            "audit log says that you checked one."
        ),
        required=False,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "off"}),
    )

    def __init__(self, request: HttpRequest, rows: Any) -> None:
        data = request.POST if request.method == "POST" else None
        names = ("address", "protocol", "ip")
        initial = {n: request.GET[n][:254] for n in names if n in request.GET}
        super().__init__(data, initial=initial)
        self.request, self._rows = request, rows
        self.account: Account | None = None
        if not request.user.has_perm(CHECK_PASSWORDS):
            del self.fields["password"]

    def clean_address(self) -> str:
        """Find the mailbox, one that the administrator sees."""
        address: str = self.cleaned_data["address"]
        self.account = self._rows.filter(address=address).first()
        if self.account is None:
            raise forms.ValidationError(NOT_YOURS)
        return address

    @sensitive_variables()
    def clean(self) -> dict[str, Any]:
        """Refuse to check the passwords of administrators above the author."""
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("password") and self.account is not None:
            author = self.request.user
            if not roles.may_change_mailbox(author, self.account):
                self.add_error("password", NOT_THEIR_PASSWORD)
        return cleaned


class _WrongPassword(Exception):
    """It is no password of this mailbox; `verdict` is what the mail server says."""

    def __init__(self, verdict: decision.Verdict) -> None:
        self.verdict = verdict
        super().__init__("wrong password")


@dataclass(frozen=True)
class Outcome:
    """What the mail server would answer, in sentences."""

    is_let_in: bool
    headline: str
    # What was typed, or which passwords would do.
    passwords: str
    advice: str


@sensitive_variables()
def page_context(request: HttpRequest, rows: Any) -> tuple[Context, int]:
    """Return the context of the page, and its status.

    A POST asks as the mail server does, and records who asked about whom. A wrong
    password counts as one at the sign-in.
    """
    form = TryForm(request, rows)
    context: Context = {"form": form}
    if not form.is_bound:
        return context, HTTPStatus.OK
    if not form.is_valid() or form.account is None:
        return context, HTTPStatus.UNPROCESSABLE_ENTITY
    try:
        context["outcome"] = _try(form, form.account)
    except throttle.TooManyTries as error:
        minutes = -(-int(error.wait.total_seconds() + 1) // 60)
        form.add_error("password", TOO_MANY % {"minutes": minutes})
        return context, HTTPStatus.TOO_MANY_REQUESTS
    has_ip = bool(form.cleaned_data["ip"])
    return context | {"account": form.account, "has_ip": has_ip}, HTTPStatus.OK


@sensitive_variables()
def _try(form: TryForm, account: Account) -> Outcome:
    asked = form.cleaned_data
    if asked.get("password"):
        outcome, said = _check_password(form, account)
    else:
        outcome, said = _check_rules(account, asked["protocol"], asked["ip"] or None)
    detail = {"protocol": asked["protocol"], "outcome": said}
    event = Event(Kind.LOGON_TRIED, account, actor(form.request), detail=detail)
    events.record_all([event])
    return outcome


@sensitive_variables()
def _check_password(form: TryForm, account: Account) -> tuple[Outcome, str]:
    """Return what comes of this password, and how the audit log says it.

    Raises:
        TooManyTries: too many were wrong; nothing was checked.
    """
    asked = form.cleaned_data
    password, ip = asked["password"], asked["ip"] or None
    try:
        with throttle.count_check_from(form.request, account.address):
            verdict = decision.decide(account.address, asked["protocol"], password, ip)
            what = _describe_password(account, password, verdict)
    except _WrongPassword as error:
        verdict = error.verdict
        what = _("What you typed is no password of this mailbox.")
    return _describe(verdict.refusal, what), verdict.reason


@sensitive_variables()
def _describe_password(
    account: Account, password: str, verdict: decision.Verdict
) -> str:
    """Return the sentence that says which password this is, even if it is refused.

    Raises:
        _WrongPassword: it is none of this mailbox.
    """
    if verdict.credential is not None:
        row = ClientPassword.objects.get(pk=verdict.credential)
        words = _("What you typed is the security password “%(device)s”.")
        return words % {"device": row.label}
    # The mail server does not look at a web password that it would refuse anyway.
    if verdict.login_name is None and not check_password(password, account.password):
        raise _WrongPassword(verdict)
    return _("What you typed is the web password.")


def _check_rules(
    account: Account, protocol: str, ip: str | None
) -> tuple[Outcome, str]:
    """Return what the rules say whatever is typed, and how the audit log says it."""
    found = diagnosis.diagnose(account, ip)[protocol]
    if found.in_force and not found.opens_by_web_password:
        return _check_security_passwords(found)
    if found.web_refusal is None and not found.has_web_password:
        headline = _("No, there is no password yet that it could use.")
        advice = _("Set a web password on the page of the mailbox.")
        no_outcome = Outcome(
            is_let_in=False, headline=headline, passwords="", advice=advice
        )
        return no_outcome, "no-password"
    words = _("With the web password.") if found.opens_by_web_password else ""
    return _describe(found.web_refusal, words), found.web_refusal or "web password"


def _check_security_passwords(found: diagnosis.Diagnosis) -> tuple[Outcome, str]:
    """Return what the rules say where the web password is refused."""
    words = _("Security passwords that work there: %(usable)s of %(number)s.")
    words %= {"usable": found.usable, "number": len(found.passwords)}
    if found.usable:
        return _describe(None, words), "security password"
    reasons = {refusal for _row, refusal in found.passwords}
    refusal = reasons.pop() if len(reasons) == 1 else refusals.REQUIRED.key
    return _describe(refusal, words), str(refusal)


def _describe(refusal: str | None, passwords: str) -> Outcome:
    reason = refusals.BY_KEY.get(refusal or "")
    advice = str(reason.help.remedy) if reason else ""
    return Outcome(refusal is None, _describe_answer(refusal), passwords, advice)


def _describe_answer(refusal: str | None) -> str:
    if refusal is None:
        return _("Yes, the mail server would let it in.")
    words = _("No, the mail server would refuse it: %(reason)s.")
    return words % {"reason": refusals.describe(refusal)}
