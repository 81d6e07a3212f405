"""The details of events for people: labels and values in the reader's language.

The export and the API keep the names and values as they are stored.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.apps import apps
from django.contrib.admin import site
from django.contrib.auth.models import Group
from django.core.exceptions import FieldDoesNotExist
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_stubs_ext import StrOrPromise

from accounts import retention
from accounts.models import Account, Department, Domain, Policy, SecurityEvent
from accounts.models.protocols import PROTOCOL_KEYS
from accounts.moments import moment
from accounts.notify.notices import FACTS
from accounts.notify.repetition import NUMBER
from administration.base.rights import describe_right
from administration.bulk import actions
from administration.bulk.page import WHY_STOPPED
from administration.policies.effective import OFF, ON
from clientpasswords.refusals import BY_KEY
from provisioning.models import ApiToken

Kind = SecurityEvent.Kind

KEPT_FOR_A_TIME = [
    each for each in vars(retention).values() if isinstance(each, retention.Retention)
]
# What only programs read: numbers of rows.
FOR_PROGRAMS = frozenset({"credential", "replaces", NUMBER})
LABELS: dict[str, StrOrPromise] = {
    "action": _("Action"),
    "changed": _("Changed"),
    "created": pgettext_lazy("mailboxes", "Created"),
    "domains": _("domains"),
    "failed": _("Failed"),
    "file": _("File"),
    "hashes": _("With password hashes"),
    "job": _("Number of the action"),
    "like": _("Based on"),
    "listed": pgettext_lazy("noun", "Filter"),
    "mailboxes": _("Mailboxes"),
    "mails": _("Mails"),
    "outcome": _("Result"),
    "owner": _("Owner"),
    "permissions": _("Rights"),
    "phone": _("Phone number"),
    "policy": _("Policy"),
    "reason": _("Reason"),
    "refused": pgettext_lazy("mailboxes", "Refused"),
    "scopes": _("Rights"),
    "stopped": _("Stopped"),
    "unchanged": _("Unchanged"),
    "webmail_networks": _("Networks of the webmail"),
    # What `manage.py tidy` deleted, by its names.
    **{each.records: _(each.records) for each in KEPT_FOR_A_TIME},
}
# Where a key means something else in events of one kind.
LABELS_OF_KIND: dict[tuple[str, str], StrOrPromise] = {
    (Kind.ACTION_ORDERED, "mailboxes"): _("Selected"),
    (Kind.ACTION_ORDERED, "until"): _("Until"),
    (Kind.ADDRESS_RELEASED, "left"): _("left on"),
}
# Why a code was not accepted, by the class of the refusal.
CODE_REFUSALS: dict[str, StrOrPromise] = {
    "WrongCode": _("wrong code"),
    "Expired": _("the code has expired"),
    "NoCode": _("no code was sent"),
    "Locked": _("codes are locked"),
    "TooSoon": _("too soon"),
    "TooMany": _("too many"),
    "NoPhone": _("no phone number"),
    "NoApp": _("no authenticator app"),
    "Held": _("the phone number is too new"),
}
# What came of a logon that an administrator tried, beside the reasons of refusals.
OUTCOMES: dict[str, Any] = {
    "web password": _("web password"),
    "security password": _("security password"),
    "no-password": _("no password"),
    "no-such-mailbox": _("no such mailbox"),
    **{key: each.label for key, each in BY_KEY.items()},
}
# The number of the security password, for programs.
PART_OF_OUTCOME = re.compile(r"(?<=^security password) \d+$")
SCOPES = dict(ApiToken.Scope.choices)
ALL_DOMAINS = _("all")
# Models whose fields changes are named after.
NAMED_AFTER = (Policy, Account, Domain, Department, Group, TOTPDevice)


def describe_for_people(
    kind: str, detail: Mapping[str, Any], *, omit: str = ""
) -> SafeString:
    """Return an event's detail of this kind in one line, without the part `omit`."""
    changed = detail.get("changed")
    changes = changed if isinstance(changed, dict) else {}
    hidden = {*FOR_PROGRAMS, omit, *(["changed"] if changes else [])}
    parts = [
        *(
            (find_label(key, kind), format_value(key, value))
            for key, value in detail.items()
            if key not in hidden and value != ""
        ),
        *_describe_changes(changes),
    ]
    return format_html_join("; ", "{}: {}", parts)


def _describe_changes(changes: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    for name, (old, new) in changes.items():
        change = format_html(
            "{} → {}", format_value(name, old), format_value(name, new)
        )
        yield find_label(name, is_field=True), change


def find_label(name: str, kind: str = "", *, is_field: bool = False) -> str:
    """Return the label of a part of an event's detail, or of a changed field.

    A record has the name of its model; a later version may have other parts.
    """
    label = LABELS_OF_KIND.get((kind, name)) or LABELS.get(name)
    if name in FACTS and not is_field and not label:
        return gettext(FACTS[name][0])
    names_of_models = {} if is_field else _name_models()
    label = label or names_of_models.get(name) or _name_field(name)
    return capfirst(str(label or name.replace("_", " ").replace("-", " ")))


def _name_models() -> dict[str, StrOrPromise]:
    """Return the name of each model with a page, by its key in details."""
    pages = map(site.get_model_admin, filter(site.is_registered, apps.get_models()))
    return {str(page.opts.model_name): page.opts.verbose_name or "" for page in pages}


def _name_field(name: str) -> StrOrPromise:
    """Return the name of this field of a record; "" if none has such a field."""
    for model in NAMED_AFTER:
        try:
            field: Any = site.get_model_admin(model).opts.get_field(name)
        except FieldDoesNotExist:
            continue
        if hasattr(field, "verbose_name"):
            return str(field.verbose_name)
    return ""


def format_value(key: str, value: object) -> str:
    """Return a value in words: times of the reader's zone, on or off, and names."""
    if value in {None, ""}:
        return "—"
    text = str(value)
    if key in PROTOCOL_KEYS or text in {"yes", "no", "on", "off"}:
        return str(ON if text in {"yes", "on"} else OFF)
    if key in VALUES:
        return VALUES[key](text)
    return _format_moment(text) or text


def _format_moment(text: str) -> str:
    """Return a time or a day as it is read; "" if the text is none."""
    if not re.match(r"\d{4}-\d\d-\d\d", text):
        return ""
    if (at := parse_datetime(text)) is not None and len(text) > len("2026-12-08"):
        if timezone.is_aware(at):
            return moment(at)
        return date_format(at, "SHORT_DATETIME_FORMAT")
    day = parse_date(text)
    return date_format(day, "SHORT_DATE_FORMAT") if day else ""


def _format_list(text: str) -> str:
    return text.replace(" ", ", ")


def _format_refusal(text: str) -> str:
    return str(CODE_REFUSALS.get(text, text))


def _format_action(text: str) -> str:
    return str(actions.BY_NAME[text].title) if text in actions.BY_NAME else text


def _format_outcome(text: str) -> str:
    """Return the outcome of a logon: the credential, the reason why not, or both."""
    *credential, outcome = text.split(": ")
    words = [PART_OF_OUTCOME.sub("", each) for each in (*credential, outcome)]
    return ": ".join(str(OUTCOMES.get(each, each)) for each in words)


def _format_rights(text: str) -> str:
    return ", ".join(describe_right(each) or each for each in text.split(", "))


def _format_scopes(text: str) -> str:
    return ", ".join(str(SCOPES.get(each, each)) for each in text.split())


VALUES: dict[str, Callable[[str], str]] = {
    "action": _format_action,
    "domains": lambda text: str(ALL_DOMAINS) if text == "all" else _format_list(text),
    "loses": FACTS["loses"][1],
    "networks": _format_list,
    "outcome": _format_outcome,
    "protocol": str.upper,
    "protocols": FACTS["protocols"][1],
    "reason": _format_refusal,
    "permissions": _format_rights,
    "scopes": _format_scopes,
    "stopped": lambda text: str(WHY_STOPPED.get(text, text)),
    "user_permissions": _format_rights,
}
