"""Why can't they connect? The newest refusal, and what the mail server checks now."""

from collections.abc import Iterator
from dataclasses import dataclass

from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account
from accounts.models.protocols import PROTOCOLS_BY_KEY
from administration.base.lists import Context
from administration.mailboxes import refused
from clientpasswords import refusals
from clientpasswords.logon import diagnosis
from clientpasswords.logon.diagnosis import Diagnosis
from clientpasswords.models import ClientPassword
from clientpasswords.usage import history

ATTEMPTS = 20


class WhyForm(forms.Form):
    """The address of a mail program."""

    ip = forms.GenericIPAddressField(
        label=gettext_lazy("IP address of the mail program"),
        help_text=gettext_lazy(
            "At first, that of the last attempt. Empty: networks are not checked."
        ),
        required=False,
        unpack_ipv4=True,
    )


@dataclass(frozen=True)
class Check:
    """One check; `is_good` is None if it cannot fail, or was not reached."""

    question: str
    answer: str
    is_good: bool | None


@dataclass(frozen=True)
class Verdict:
    """What the mail server says by some protocols: the first check that fails."""

    protocols: str
    failing: Check | None


def page_context(request: HttpRequest, account: Account) -> Context:
    """Return the context of the page: the newest refusal, the form and the checks."""
    recent = history.get_recent_logons(account)
    last_ip = next(filter(None, (each.network_address for each in recent)), None)
    is_asked = "ip" in request.GET
    form = WhyForm(request.GET if is_asked else None, initial={"ip": last_ip})
    context: Context = {"form": form, "attempts": recent[:ATTEMPTS]}
    if is_asked and not form.is_valid():
        return context
    ip = form.cleaned_data["ip"] or None if is_asked else last_ip
    found = diagnosis.diagnose(account, ip)
    chains = {key: list(list_checks(each)) for key, each in found.items()}
    return context | {
        "ip": ip,
        "newest": refused.find(request, account, recent, found),
        "protocols": [PROTOCOLS_BY_KEY[key].label for key in chains],
        "verdicts": list(list_verdicts(chains)),
        "rows": list(_list_rows(chains)),
        "only_webmail": any(
            each.refusal is not None and each.opens_by_web_password
            for each in found.values()
        ),
        "passwords": _describe_passwords(found),
    }


def list_checks(found: Diagnosis) -> Iterator[Check]:
    """Yield the checks in order; those after a failure are not reached."""
    is_reached = True
    for refusal in refusals.CHECKED_FOR_ALL:
        fails = found.is_refused_by(refusal)
        if refusal.question is None or fails is None:
            continue
        question = str(refusal.question.text)
        answer = str(refusal.question.bad_answer) if fails else _("Yes")
        if is_reached:
            yield Check(question, answer, not fails)
        else:
            yield Check(question, _("not reached"), None)
        is_reached = is_reached and not fails
    if is_reached:
        yield from _check_credentials(found)


def list_verdicts(chains: dict[str, list[Check]]) -> Iterator[Verdict]:
    """Yield each outcome once, with the protocols that it is about."""
    outcomes: dict[Check | None, list[str]] = {}
    for key, chain in chains.items():
        failing = next((each for each in chain if each.is_good is False), None)
        outcomes.setdefault(failing, []).append(PROTOCOLS_BY_KEY[key].label)
    for failing, labels in outcomes.items():
        yield Verdict(", ".join(labels), failing)


def _describe_passwords(
    found: dict[str, Diagnosis],
) -> list[tuple[ClientPassword, str]]:
    """Return each security password with its state, by protocol only if they differ."""
    states: dict[ClientPassword, dict[str, list[str]]] = {}
    for key, each in found.items():
        for row, refusal in each.passwords:
            words = refusals.describe(refusal) if refusal else _("is let in")
            labels = states.setdefault(row, {}).setdefault(words, [])
            labels.append(PROTOCOLS_BY_KEY[key].label)
    return [(row, _join_states(of_row)) for row, of_row in states.items()]


def _join_states(states: dict[str, list[str]]) -> str:
    if len(states) == 1:
        return next(iter(states))
    return "; ".join(f"{', '.join(labels)}: {said}" for said, labels in states.items())


def _list_rows(
    chains: dict[str, list[Check]],
) -> Iterator[tuple[str, list[tuple[str, Check | None]]]]:
    """Yield each question with the answer by each protocol; None: not asked."""
    questions = dict.fromkeys(
        each.question for chain in chains.values() for each in chain
    )
    by_question = {
        PROTOCOLS_BY_KEY[key].label: {each.question: each for each in chain}
        for key, chain in chains.items()
    }
    for question in questions:
        yield (
            question,
            [(label, answers.get(question)) for label, answers in by_question.items()],
        )


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
