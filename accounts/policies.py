"""Which policy binds whom, and what follows from it."""

from dataclasses import dataclass

from django.db.models import Q, QuerySet
from django.utils import timezone

from accounts.models import Account, Policy


@dataclass(frozen=True)
class Effective:
    """The policy that binds an account, and whose it is."""

    policy: Policy
    decided_by: str


def of(account: Account) -> Effective:
    """The policy of the account as it is in the database now. One query."""
    return effective(with_policies().get(pk=account.pk))


def bound_by(policy: Policy) -> QuerySet[Account]:
    """The accounts that `effective` gives this policy to now."""
    has_exception = Q(policy__isnull=False) & (
        Q(policy_until=None) | Q(policy_until__gt=timezone.now())
    )
    by_domain = Q(department=None) | Q(department__policy=None)
    return Account.objects.filter(
        (has_exception & Q(policy=policy))
        | (
            ~has_exception
            & (Q(department__policy=policy) | (by_domain & Q(domain__policy=policy)))
        )
    )


def with_policies() -> QuerySet[Account]:
    """Accounts that come with whatever `effective` looks at."""
    return Account.objects.select_related(
        "policy", "department__policy", "domain__policy"
    )


def effective(account: Account) -> Effective:
    """The account's own policy until that ends, else its department's, its domain's."""
    if account.exception:
        return Effective(account.exception, account.address)
    if account.department and account.department.policy:
        return Effective(account.department.policy, account.department.name)
    return Effective(account.domain.policy, account.domain.name)


def client_passwords_in_force(account: Account, policy: Policy) -> bool:
    """Whether mail programs need a security password: chosen, or required."""
    return account.client_passwords_on or policy.requires_client_passwords
