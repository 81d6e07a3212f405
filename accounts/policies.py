"""Which policy binds whom, and what follows from it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db.models import Case, F, Q, QuerySet, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Account, Department, Domain, Policy


@dataclass(frozen=True)
class Effective:
    """The policy that binds an account, and whose it is."""

    policy: Policy
    decided_by: str


@dataclass(frozen=True)
class Level:
    """One place that a policy can come from; `policy` is None where it names none."""

    kind: Literal["domain", "department", "exception"]
    name: str
    policy: Policy | None
    until: datetime | None = None
    has_ended: bool = False


def of(account: Account) -> Effective:
    """The policy of the account as it is in the database now. One query."""
    return effective(with_policies().get(pk=account.pk))


def bound_by(policy: Policy) -> QuerySet[Account]:
    """The accounts that `effective` gives this policy to now."""
    return Account.objects.filter(bound_by_one_of([policy.pk]))


def bound_by_one_of(pks: Iterable[int] | QuerySet[Policy, Any]) -> Q:
    """Whether one of these policies binds an account; `pks` may be a query of them."""
    # As `binding`, in terms that a database can look up instead of working them out.
    departments = Department.objects.filter(policy__in=pks).values("pk")
    without = Department.objects.filter(policy=None).values("pk")
    domains = Domain.objects.filter(policy__in=pks).order_by().values("pk")
    by_domain = Q(department=None) | Q(department__in=without)
    inherited = Q(department__in=departments) | by_domain & Q(domain__in=domains)
    has_none = Q(policy=None) | Q(policy_until__lte=timezone.now())
    return has_exception() & Q(policy__in=pks) | has_none & inherited


def bound_by_domain(domain: Domain) -> QuerySet[Account]:
    """The accounts that are bound by the domain's policy, whichever that is."""
    by_domain = Q(department=None) | Q(department__policy=None)
    return Account.objects.filter(~has_exception() & by_domain, domain=domain)


def bound_by_department(department: Department) -> QuerySet[Account]:
    """The accounts that are bound by the department's policy, or would be by one."""
    return Account.objects.filter(~has_exception(), department=department)


def binding() -> Coalesce:
    """The primary key of the policy that binds an account, to annotate it with."""
    exception = Case(When(has_exception(), then=F("policy")))
    return Coalesce(exception, F("department__policy"), F("domain__policy"))


def has_exception() -> Q:
    """Whether an account's own policy binds it now."""
    has_not_ended = Q(policy_until=None) | Q(policy_until__gt=timezone.now())
    return Q(policy__isnull=False) & has_not_ended


def requiring() -> QuerySet[Policy]:
    """The policies that `requires_client_passwords` is true of now."""
    begun = Q(required_from=None) | Q(required_from__lte=timezone.now())
    return Policy.objects.filter(
        begun, client_passwords_required=True, report_only=False
    )


def requires() -> Q:
    """Whether client passwords are required of an account with its `binding`."""
    return Q(binding__in=requiring().order_by().values("pk"))


def closing(protocol: str) -> QuerySet[Policy]:
    """The policies by which no mail program connects by this protocol."""
    return Policy.objects.filter(Q(third_party_logon=False) | Q(**{protocol: False}))


def in_force() -> Q:
    """What `client_passwords_in_force` says, of an account with its `binding`."""
    return Q(client_passwords_on=True) | requires()


def lets_client_passwords_in() -> Q:
    """Whether any of its client passwords can open, of an account with its `binding`.

    Which of them do, and by which protocols, the logon views say.
    """
    with_logon = Policy.objects.filter(third_party_logon=True).order_by()
    return in_force() & Q(is_active=True, binding__in=with_logon.values("pk"))


def with_policies() -> QuerySet[Account]:
    """Accounts that come with whatever `effective` looks at."""
    return Account.objects.select_related(
        "policy", "department__policy", "domain__policy"
    )


def effective(account: Account) -> Effective:
    """The account's own policy until that ends, else its department's, its domain's."""
    return deciding(levels_of(account))[-1]


def deciding(levels: Iterable[Level]) -> list[Effective]:
    """The policies among the levels that bind, each unless another comes after it."""
    return [
        Effective(level.policy, level.name)
        for level in levels
        if level.policy is not None and not level.has_ended
    ]


def inherited(account: Account) -> Policy:
    """The policy that would bind the account if it had no exception."""
    return deciding(_levels(account.domain, account.department))[-1].policy


def levels_of(account: Account) -> list[Level]:
    """Where the policy of an account can come from, what wins last."""
    until = account.policy_until
    has_ended = account.policy is not None and account.exception is None
    own = Level("exception", account.address, account.policy, until, has_ended)
    return [*_levels(account.domain, account.department), own]


def levels_above(group: Domain | Department) -> list[Level]:
    """Where the policy of those in it comes from who have no exception."""
    if isinstance(group, Domain):
        return _levels(group, None)
    return _levels(group.domain, group)


def client_passwords_in_force(account: Account, policy: Policy) -> bool:
    """Whether mail programs need a security password: chosen, or required."""
    return account.client_passwords_on or policy.requires_client_passwords


def _levels(domain: Domain, department: Department | None) -> list[Level]:
    levels = [Level("domain", domain.name, domain.policy)]
    if department is not None:
        levels.append(Level("department", department.name, department.policy))
    return levels
