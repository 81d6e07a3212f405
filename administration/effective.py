"""The policy that binds, value by value, and where it comes from: for every page."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.forms import ModelChoiceField, fields_for_model
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import policies
from accounts.models import Policy
from accounts.policies import Effective, Level

ON, OFF = gettext_lazy("On"), gettext_lazy("Off")


KINDS = {
    "domain": gettext_lazy("Domain"),
    "department": gettext_lazy("Department"),
    "exception": gettext_lazy("Exception"),
}


def box(levels: Sequence[Level]) -> SafeString:
    """Return what the levels say, which of them binds, and what each answer is."""
    *others, winner = policies.deciding(levels)
    context: dict[str, Any] = {
        "levels": [(KINDS[level.kind], level) for level in levels],
        "winner": winner,
        "rows": [
            (name, text, _differing(others, name, text))
            for name, text in values(winner.policy)
        ],
    }
    return render_to_string("admin/effective.html", context)


def values(policy: Policy) -> Iterator[tuple[str, str]]:
    """Yield each answer of the policy, by its name and in words.

    They are what a form for it asks, but for its name and to whom it belongs: a field
    that is added to policies is among them.
    """
    for name, field in fields_for_model(Policy, exclude=["name"]).items():
        if not isinstance(field, ModelChoiceField):
            yield str(field.label), _text(getattr(policy, name))


def differences(old: Policy, new: Policy) -> list[tuple[str, str, str]]:
    """Return each answer that is different: its name, the old one and the new one."""
    pairs = zip(values(old), values(new), strict=True)
    return [(name, was, will) for (name, was), (_n, will) in pairs if was != will]


def requirement(policy: Policy) -> str:
    """Return in a few words whether security passwords are required."""
    if policy.requires_client_passwords:
        return _("Required")
    if policy.will_require_client_passwords:
        return _("From %(day)s") % {"day": _text(policy.required_from)}
    return _("Report only") if policy.client_passwords_required else _("Not required")


def protocols(policy: Policy) -> str:
    """Return by which protocols mail programs connect."""
    names = [name for name, on in policy.protocols.items() if on]
    return " ".join(names) if policy.third_party_logon and names else "—"


def _differing(
    others: Iterable[Effective], name: str, text: str
) -> list[tuple[str, str]]:
    """Return what those that have lost would have said otherwise, and whose it is."""
    said = [(each.decided_by, dict(values(each.policy))[name]) for each in others]
    return [(whose, other) for whose, other in said if other != text]


def _text(value: object) -> str:
    text: object = value
    if isinstance(value, bool):
        text = ON if value else OFF
    elif isinstance(value, datetime):
        text = date_format(timezone.localtime(value), "SHORT_DATETIME_FORMAT")
    elif value in {None, ""}:
        text = "—"
    return str(text)
