"""Why can't they connect? The checks of the mail server, in order, for one mailbox."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account
from accounts.models.protocols import PROTOCOL_CHOICES, PROTOCOL_KEYS, PROTOCOLS_BY_KEY
from administration.base.lists import Context
from clientpasswords import refusals
from clientpasswords.logon import diagnosis
from clientpasswords.logon.diagnosis import Diagnosis

ATTEMPTS = 20


class WhyForm(forms.Form):
    """The protocol and the address of a mail program."""

    protocol = forms.ChoiceField(
        label=gettext_lazy("Protocol"),
        choices=PROTOCOL_CHOICES,
        initial=PROTOCOL_KEYS[0],
        required=False,
    )
    ip = forms.GenericIPAddressField(
        label=gettext_lazy("IP address of the mail program"),
        help_text=gettext_lazy("Empty: networks are not checked."),
        required=False,
        unpack_ipv4=True,
    )


@dataclass(frozen=True)
class Check:
    """One check; `is_good` is None if it cannot fail, or was not reached."""

    question: str
    answer: str
    is_good: bool | None


def page_context(account: Account, data: Mapping[str, str]) -> Context:
    """Return the context of the page: the form, the checks, and the last attempts."""
    form = WhyForm(data or None)
    attempts = account.logons.select_related("client_password")[:ATTEMPTS]
    context: Context = {"form": form, "attempts": attempts}
    if form.is_bound and not form.is_valid():
        return context
    asked = form.cleaned_data if form.is_bound else {}
    protocol, ip = asked.get("protocol") or PROTOCOL_KEYS[0], asked.get("ip") or None
    found = diagnosis.diagnose(account, protocol, ip)
    chain = list(list_checks(found, PROTOCOLS_BY_KEY[protocol].label))
    return context | {
        "protocol": PROTOCOLS_BY_KEY[protocol].label,
        "ip": ip,
        "checks": chain,
        "failing": next((each for each in chain if each.is_good is False), None),
        "only_webmail": found.refusal is not None and found.opens_by_web_password,
        "passwords": [
            (row, refusal, refusals.describe(refusal) if refusal else _("is let in"))
            for row, refusal in found.passwords
        ],
    }


def list_checks(found: Diagnosis, protocol: str) -> Iterator[Check]:
    """Yield the checks in order; those after a failure are not reached."""
    is_reached = True
    for refusal in refusals.CHECKED_FOR_ALL:
        fails = found.is_refused_by(refusal)
        if refusal.question is None or fails is None:
            continue
        question = str(refusal.question.text) % {"protocol": protocol}
        answer = str(refusal.question.bad_answer) if fails else _("Yes")
        if is_reached:
            yield Check(question, answer, not fails)
        else:
            yield Check(question, _("not reached"), None)
        is_reached = is_reached and not fails
    if is_reached:
        yield from _check_credentials(found)


def _check_credentials(found: Diagnosis) -> Iterator[Check]:
    """Yield the checks of passwords, once all other checks are good."""
    question = _("Are security passwords in force?")
    if not found.in_force:
        yield Check(question, _("No: mail programs use the web password"), None)
        yield _check_web_password(found)
        return
    yield Check(question, _("Yes: the web password is refused"), None)
    yield Check(
        _("Is there a security password that works from there?"),
        _("%(usable)s of %(all)s")
        % {"usable": found.usable, "all": len(found.passwords)},
        found.usable > 0,
    )


def _check_web_password(found: Diagnosis) -> Check:
    question = _("Is there a web password that mail programs can use?")
    if found.opens_by_web_password:
        return Check(question, _("Yes"), is_good=True)
    return Check(question, _("No: set one first"), is_good=False)
