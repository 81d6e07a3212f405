"""Policies in queries: which accounts one binds, and what it asks of them."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Account, Department, Domain, Policy


def accounts_bound_by(policy: Policy) -> QuerySet[Account]:
    """The accounts that `effective` gives this policy to now."""
    return Account.objects.filter(is_bound_by_one_of([policy.pk]))


def is_bound_by_one_of(pks: Iterable[int] | QuerySet[Policy, Any]) -> Q:
    """Whether one of these policies binds an account; `pks` may be a query of them."""
    # As `binding_policy`, in terms that a database looks up by an index.
    departments = Department.objects.filter(policy__in=pks).values("pk")
    without = Department.objects.filter(policy=None).values("pk")
    domains = Domain.objects.filter(policy__in=pks).order_by().values("pk")
    by_domain = Q(department=None) | Q(department__in=without)
    inherited = Q(department__in=departments) | by_domain & Q(domain__in=domains)
    has_none = Q(policy=None) | Q(policy_until__lte=timezone.now())
    return has_exception() & Q(policy__in=pks) | has_none & inherited


def accounts_bound_by_domain(domain: Domain) -> QuerySet[Account]:
    """The accounts that are bound by the domain's policy, whichever that is."""
    by_domain = Q(department=None) | Q(department__policy=None)
    return Account.objects.filter(~has_exception() & by_domain, domain=domain)


def accounts_bound_by_department(department: Department) -> QuerySet[Account]:
    """The accounts that are bound by the department's policy, or would be by one."""
    return Account.objects.filter(~has_exception(), department=department)


def binding_policy() -> Coalesce:
    """The primary key of the policy that binds an account, to annotate it with."""
    exception = Case(When(has_exception(), then=F("policy")))
    return Coalesce(exception, F("department__policy"), F("domain__policy"))


def has_exception() -> Q:
    """Whether an account's own policy binds it now."""
    has_not_ended = Q(policy_until=None) | Q(policy_until__gt=timezone.now())
    return Q(policy__isnull=False) & has_not_ended


def policies_requiring() -> QuerySet[Policy]:
    """The policies that `requires_client_passwords` is true of now."""
    begun = Q(required_from=None) | Q(required_from__lte=timezone.now())
    return Policy.objects.filter(
        begun, client_passwords_required=True, report_only=False
    )


def are_client_passwords_required() -> Q:
    """Whether client passwords are required of an account with its `binding_policy`."""
    return Q(binding__in=policies_requiring().order_by().values("pk"))


def policies_refusing(protocol: str) -> QuerySet[Policy]:
    """The policies by which no mail program connects by this protocol."""
    return Policy.objects.filter(Q(third_party_logon=False) | Q(**{protocol: False}))


def are_client_passwords_in_force() -> Q:
    """As `client_passwords_in_force`, of accounts annotated with their `binding`."""
    return Q(client_passwords_on=True) | are_client_passwords_required()


def can_client_passwords_log_on() -> Q:
    """Whether any client password can log on, of accounts with their `binding`.

    Which of them do, and by which protocols, the logon views say.
    """
    with_logon = Policy.objects.filter(third_party_logon=True).order_by()
    return are_client_passwords_in_force() & Q(
        is_active=True, binding__in=with_logon.values("pk")
    )


def accounts_with_policies() -> QuerySet[Account]:
    """Accounts that come with whatever `effective` looks at."""
    return Account.objects.select_related(
        "policy", "department__policy", "domain__policy"
    )
