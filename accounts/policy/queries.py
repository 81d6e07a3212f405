"""Queries about policies: to which accounts one applies, and what it requires."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Account, Department, Domain, Policy


def accounts_bound_by(policy: Policy) -> QuerySet[Account]:
    """Return the accounts whose effective policy is this one now."""
    return Account.objects.filter(is_bound_by_one_of([policy.pk]))


def is_bound_by_one_of(pks: Iterable[int] | QuerySet[Policy, Any]) -> Q:
    """Return a condition: one of these policies applies to the account.

    `pks` are keys of policies, or a query of policies.
    """
    # The same rule as `binding_policy`, written so that the database can use indexes.
    departments = Department.objects.filter(policy__in=pks).values("pk")
    without = Department.objects.filter(policy=None).values("pk")
    domains = Domain.objects.filter(policy__in=pks).order_by().values("pk")
    by_domain = Q(department=None) | Q(department__in=without)
    inherited = Q(department__in=departments) | by_domain & Q(domain__in=domains)
    has_none = Q(policy=None) | Q(policy_until__lte=timezone.now())
    return has_exception() & Q(policy__in=pks) | has_none & inherited


def accounts_bound_by_domains(pks: Collection[int]) -> QuerySet[Account]:
    """Return the accounts to which the policy of one of these domains applies."""
    by_domain = Q(department=None) | Q(department__policy=None)
    return Account.objects.filter(~has_exception() & by_domain, is_one("domain", pks))


def accounts_bound_by_departments(pks: Collection[int]) -> QuerySet[Account]:
    """Return the accounts to which policies of these departments apply, or would."""
    return Account.objects.filter(~has_exception(), is_one("department", pks))


def is_one(field: str, pks: Collection[int]) -> Q:
    """Return a condition: the field is one of these keys.

    If they are most of those from the first to the last, it lists only the others: a
    thousand keys make a query slow to build and to read.
    """
    first, last = min(pks, default=0), max(pks, default=0)
    if last - first >= 2 * len(pks):
        return Q(**{f"{field}__in": pks})
    others = set(range(first, last + 1)).difference(pks)
    within = Q(**{f"{field}__gte": first, f"{field}__lte": last})
    return within & ~Q(**{f"{field}__in": others})


def count_others(pks: Collection[int]) -> int:
    """Return how many keys from the first to the last are not among these."""
    return max(pks, default=0) - min(pks, default=1) + 1 - len(pks)


def binding_policy() -> Coalesce:
    """Return an expression for the key of the policy that applies to an account."""
    exception = Case(When(has_exception(), then=F("policy")))
    return Coalesce(exception, F("department__policy"), F("domain__policy"))


def has_exception() -> Q:
    """Return a condition: the account's own policy applies to it now."""
    has_not_ended = Q(policy_until=None) | Q(policy_until__gt=timezone.now())
    return Q(policy__isnull=False) & has_not_ended


def policies_requiring() -> QuerySet[Policy]:
    """Return the policies for which `requires_client_passwords` is true now."""
    begun = Q(required_from=None) | Q(required_from__lte=timezone.now())
    return Policy.objects.filter(
        begun, client_passwords_required=True, report_only=False
    )


def policies_not_requiring() -> QuerySet[Policy]:
    """Return the policies for which `requires_client_passwords` is false now."""
    return Policy.objects.exclude(pk__in=policies_requiring().order_by().values("pk"))


def policies_requiring_soon() -> QuerySet[Policy]:
    """Return the policies for which `will_require_client_passwords` is true now."""
    return Policy.objects.filter(
        client_passwords_required=True,
        report_only=False,
        required_from__gt=timezone.now(),
    )


def are_client_passwords_required() -> Q:
    """Return a condition: the policy of the account requires client passwords.

    The accounts must be annotated with `binding=binding_policy()`.
    """
    return Q(binding__in=policies_requiring().order_by().values("pk"))


def policies_refusing(protocol: str) -> QuerySet[Policy]:
    """Return the policies that refuse all mail programs by this protocol."""
    return Policy.objects.filter(Q(third_party_logon=False) | Q(**{protocol: False}))


def are_client_passwords_in_force() -> Q:
    """Return a condition: `effective.client_passwords_in_force` for the account.

    The accounts must be annotated with `binding=binding_policy()`.
    """
    return Q(client_passwords_on=True) | are_client_passwords_required()


def is_web_password_refused() -> Q:
    """Return the condition of `are_client_passwords_in_force`, without an annotation.

    Lists use it, and its opposite: the database can then read the accounts in the order
    of a list, and look nothing up for each of them.
    """
    requiring = policies_requiring().order_by().values("pk")
    return Q(client_passwords_on=True) | is_bound_by_one_of(requiring)


def is_web_password_let_in() -> Q:
    """Return the opposite of `is_web_password_refused`."""
    others = policies_not_requiring().order_by().values("pk")
    return Q(client_passwords_on=False) & is_bound_by_one_of(others)


def can_client_passwords_log_on() -> Q:
    """Return a condition: client passwords of the account may log on at all.

    The logon views decide for each client password and protocol. The accounts must be
    annotated with `binding=binding_policy()`.
    """
    with_logon = Policy.objects.filter(third_party_logon=True).order_by()
    return are_client_passwords_in_force() & Q(
        is_active=True, binding__in=with_logon.values("pk")
    )


def accounts_with_policies() -> QuerySet[Account]:
    """Return accounts with all that `effective` reads, without further queries."""
    return Account.objects.select_related(
        "policy", "department__policy", "domain__policy"
    )
