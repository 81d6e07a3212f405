"""Filters for the lists of mailboxes and of security passwords."""

from datetime import timedelta
from functools import partial

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.expressions import Combinable, NegatedExpression
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from accounts import phones
from accounts.models import Account, Phone, Policy
from accounts.models.protocols import PROTOCOLS
from accounts.policy import queries
from administration.base.filters import ChoiceFilter
from clientpasswords import limits, rollout
from clientpasswords.models import ClientPassword
from clientpasswords.usage import history

SOON = timedelta(days=30)


class WebPasswordFilter(ChoiceFilter):
    title = _("web password in mail programs")
    parameter_name = "web"
    options = [
        (
            "refused",
            _("Refused"),
            lambda rows: rows.filter(queries.is_web_password_refused()),
        ),
        (
            "let-in",
            _("Let in"),
            lambda rows: rows.filter(queries.is_web_password_let_in()),
        ),
        (
            "used",
            _("Used in the last 30 days"),
            rollout.filter_by_web_password,
        ),
    ]


class RequiredFilter(ChoiceFilter):
    title = _("security passwords required")
    parameter_name = "required"
    options = [
        (
            "yes",
            _("Yes"),
            lambda rows: filter_bound_by(rows, queries.policies_requiring()),
        ),
        (
            "no",
            _("No"),
            lambda rows: filter_bound_by(rows, queries.policies_not_requiring()),
        ),
    ]


class GroupRequiredFilter(ChoiceFilter):
    """Filters domains and departments by the policy that they name themselves."""

    title = _("security passwords required")
    parameter_name = "required"
    options = [
        (
            "yes",
            _("Yes"),
            lambda rows: rows.filter(policy__in=queries.policies_requiring()),
        ),
        (
            "no",
            _("No"),
            lambda rows: rows.exclude(policy__in=queries.policies_requiring()),
        ),
    ]


def filter_bound_by(
    rows: QuerySet[Account], which: QuerySet[Policy]
) -> QuerySet[Account]:
    """Return the accounts that one of these policies binds. One query."""
    if not which.exists():
        # Otherwise the database would read every account to find none.
        return rows.none()
    # This keeps the index on addresses in use, as the list needs the first rows only.
    condition = queries.is_bound_by_one_of(which.order_by().values("pk"))
    found: QuerySet[Account] = rows.filter(condition)
    return found


def filter_closed_protocol(rows: QuerySet[Account], protocol: str) -> QuerySet[Account]:
    """Return the accounts whose policy turns this protocol off."""
    return filter_bound_by(rows, queries.policies_refusing(protocol))


class ProtocolsFilter(ChoiceFilter):
    """Filters by protocols that the effective policy turns off."""

    title = _("protocols")
    parameter_name = "protocols"
    options = [
        (
            f"{each.key}-off",
            format_lazy(_("{protocol} off"), protocol=each.label),
            partial(filter_closed_protocol, protocol=each.key),
        )
        for each in PROTOCOLS
    ]


class PasswordsFilter(ChoiceFilter):
    title = _("security passwords")
    # Django forbids filters of users whose parameter begins with “password”.
    parameter_name = "has"
    options = [
        ("some", _("Has some"), lambda rows: rows.filter(has_passwords())),
        ("none", _("Has none"), lambda rows: rows.filter(has_no_passwords())),
        ("full", _("At the limit"), limits.at_limit),
    ]


class PhoneFilter(ChoiceFilter):
    title = _("phone for codes")
    parameter_name = "phone"
    options = [
        ("none", _("No phone"), lambda rows: rows.filter(~has_phone())),
        (
            "locked",
            _("Codes locked"),
            lambda rows: rows.filter(phones.has_locked_codes()),
        ),
    ]


class ExceptionFilter(ChoiceFilter):
    title = _("exception")
    parameter_name = "exception"
    options = [
        (
            "yes",
            _("Has an exception"),
            lambda rows: rows.filter(queries.has_exception()),
        ),
        ("ending", _("Ends within 30 days"), lambda rows: rows.filter(ends_soon())),
        ("ended", _("Has ended"), lambda rows: rows.filter(has_ended())),
    ]


class UseFilter(ChoiceFilter):
    title = _("use")
    parameter_name = "use"
    options = [
        ("idle", _("Not for 90 days"), history.idle_passwords),
        ("never", _("Never"), history.never_used_passwords),
    ]


class StateFilter(ChoiceFilter):
    title = _("state")
    parameter_name = "state"
    options = [
        ("live", _("Not deleted"), lambda rows: rows.live()),
        (
            "expired",
            _("Past its own end"),
            lambda rows: rows.live().filter(expires_at__lte=timezone.now()),
        ),
        ("deleted", _("Deleted"), lambda rows: rows.exclude(revoked_at=None)),
    ]


def has_passwords() -> Exists:
    return Exists(ClientPassword.objects.live().filter(account=OuterRef("pk")))


def has_no_passwords() -> "NegatedExpression[Combinable]":
    """Whether there is none; evaluated row by row, in the order of the list."""
    # With EXISTS, PostgreSQL reads all security passwords of the host first.
    live = ClientPassword.objects.live().filter(account=OuterRef("pk")).order_by()
    has_one = Subquery(live.values(found=Value(value=True))[:1])
    return ~Coalesce(has_one, Value(value=False))


def has_phone() -> Exists:
    return Exists(Phone.objects.filter(account=OuterRef("pk")))


def ends_soon() -> Q:
    return queries.has_exception() & Q(policy_until__lte=timezone.now() + SOON)


def has_ended() -> Q:
    return Q(policy__isnull=False, policy_until__lte=timezone.now())
