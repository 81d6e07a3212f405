"""The effective policy on pages: its settings, and where it comes from."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from django.contrib.admin import site
from django.contrib.admin.utils import label_for_field
from django.db.models import Model, Q, QuerySet, Subquery
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.events import Kind
from accounts.models import Account, Policy, SecurityEvent
from accounts.moments import moment
from accounts.policy import effective
from accounts.policy.effective import EffectivePolicy, Level
from administration.base.display import NOTHING
from administration.base.lists import Context

M = TypeVar("M", bound=Model)
Events = QuerySet[SecurityEvent]
ON, OFF = gettext_lazy("On"), gettext_lazy("Off")


KINDS = {
    "domain": gettext_lazy("Domain"),
    "department": gettext_lazy("Department"),
    "exception": gettext_lazy("Exception"),
}
# From the beginning of an event kind to the level, or the key, that it is about.
OF_KIND = {
    "domain": "domain",
    "department": "department",
    "mailbox": "exception",
    "policy": "policy",
    "code": "code",
}


def render_box(record: Model, levels: Sequence[Level]) -> SafeString:
    """Return the box with the levels of the record and the effective settings.

    It names the authors as well, if `remember_authors` was called.
    """
    *lost, winner = effective.list_binding(levels)
    others = [(each.decided_by, dict(setting_texts(each.policy))) for each in lost]
    defaults = dict(setting_texts(Policy()))
    rows = [
        (name, text, _losing_texts(others, name, text))
        for name, text in setting_texts(winner.policy)
    ]
    said: Mapping[str, SecurityEvent] = getattr(record, "said_by", {})
    context: Context = {
        "levels": [
            (KINDS[level.kind], level, said.get(level.kind) if level.policy else None)
            for level in levels
        ],
        "winner": winner,
        "changed": said.get("policy"),
        # What differs from a new policy, or from one that it overrides; and the rest.
        "rows": [row for row in rows if row[1] != defaults[row[0]] or row[2]],
        "default_rows": [
            row for row in rows if row[1] == defaults[row[0]] and not row[2]
        ],
    }
    return render_to_string("admin/effective.html", context)


def remember_authors(
    request: HttpRequest,
    record: M | None,
    levels_of: Callable[[M], list[Level]],
    also: Callable[[M], Events] | None = None,
) -> None:
    """Attach the authors of the record's policies for its page. One query.

    It finds the newest event of `also` as well. A POST attaches nothing: nobody has
    saved what was typed.
    """
    if record is not None and request.method == "GET":
        others = [also(record)] if also else []
        said = find_authors(request, levels_of(record), others)
        vars(record)["said_by"] = said


def find_authors(
    request: HttpRequest, levels: Sequence[Level], also: Iterable[Events] = ()
) -> dict[str, SecurityEvent]:
    """Return the events that set the policy of each level, and last changed the policy.

    The keys are the kinds of levels, and "policy". Events that the reader may not see
    are left out. With them come the newest of `also`, by their `OF_KIND`. One query.
    """
    several = [*also]
    page = site.get_model_admin(SecurityEvent)
    if page.has_view_permission(request):
        rows = page.get_queryset(request).order_by("-at", "-pk")
        several += [rows.filter(which) for which in _author_events(levels)]
    if not several:
        return {}
    newest = Q()
    for each in several:
        newest |= Q(pk=Subquery(each.values("pk")[:1]))
    found = SecurityEvent.objects.filter(newest)
    return {OF_KIND[event.kind.partition("-")[0]]: event for event in found}


def _author_events(levels: Sequence[Level]) -> Iterator[Q]:
    domain = levels[0].name
    gave = Q(detail__changed__has_key="policy")
    for level in levels:
        if level.kind == "domain":
            kinds, which = [Kind.DOMAIN_CREATED, Kind.DOMAIN_CHANGED], Q(domain=domain)
            which &= gave | Q(kind=Kind.DOMAIN_CREATED)
        elif level.kind == "department":
            kinds = [Kind.DEPARTMENT_CREATED, Kind.DEPARTMENT_CHANGED]
            name = f"{level.name} ({domain})"
            which = gave & Q(domain=domain, detail__department=name)
        else:
            kinds = [Kind.MAILBOX_CREATED, Kind.MAILBOX_CHANGED]
            which = gave & Q(address=level.name)
        yield which & Q(kind__in=kinds)
    binding = effective.list_binding(levels)[-1].policy.name
    kinds = [Kind.POLICY_CREATED, Kind.POLICY_CHANGED]
    yield Q(kind__in=kinds, detail__policy=binding)


def setting_texts(policy: Policy) -> Iterator[tuple[str, str]]:
    """Yield the label and the value of each setting, as text."""
    for name, value in policy.settings.items():
        yield capfirst(str(label_for_field(name, Policy))), _value_text(value)


def setting_differences(old: Policy, new: Policy) -> list[tuple[str, str, str]]:
    """Return label, old value and new value of each setting that differs."""
    pairs = zip(setting_texts(old), setting_texts(new), strict=True)
    return [(name, was, will) for (name, was), (_n, will) in pairs if was != will]


def describe_requirement(policy: Policy) -> str:
    """Return in a few words whether security passwords are required."""
    if policy.requires_client_passwords:
        return _("Required")
    if policy.will_require_client_passwords:
        return format_html(_("From {day}"), day=_value_text(policy.required_from))
    return _("Report only") if policy.client_passwords_required else _("Not required")


def describe_state(account: Account, bound: EffectivePolicy) -> str:
    """Return in a few words whether mail programs need a security password, and why.

    What the owner chose freely is neither good nor bad.
    """
    policy = bound.policy
    if policy.requires_client_passwords:
        is_own = bound.decided_by == account.address
        whose = KINDS["exception"] if is_own else bound.decided_by
        required = _("Required")
        return f"{required} · {whose}"
    chosen = _("On") if account.client_passwords_on else _("Off")
    if policy.will_require_client_passwords:
        day = _value_text(policy.required_from)
        required = format_html(_("required from {day}"), day=day)
        return format_html("{} · {}", chosen, required)
    return str(chosen)


def describe_protocols(policy: Policy) -> str:
    """Return the protocols by which mail programs may connect."""
    names = policy.labels_of_protocols(on=True)
    return " ".join(names) if policy.third_party_logon and names else NOTHING


def _losing_texts(
    others: Iterable[tuple[str, Mapping[str, str]]], name: str, text: str
) -> list[tuple[str, str]]:
    """Return the levels without effect whose value differs, with the value."""
    return [(whose, said[name]) for whose, said in others if said[name] != text]


def _value_text(value: object) -> str:
    if isinstance(value, bool):
        return str(ON if value else OFF)
    if isinstance(value, datetime):
        return moment(value)
    return NOTHING if value in {None, ""} else str(value)
