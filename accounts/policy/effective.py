"""Which policy binds whom, and what follows from it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from accounts.models import Account, Department, Domain, Policy
from accounts.policy.queries import accounts_with_policies


@dataclass(frozen=True)
class EffectivePolicy:
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


def load_effective_policy(account: Account) -> EffectivePolicy:
    """The policy of the account as it is in the database now. One query."""
    return get_effective_policy(accounts_with_policies().get(pk=account.pk))


def get_effective_policy(account: Account) -> EffectivePolicy:
    """The account's own policy until that ends, else its department's, its domain's."""
    return list_binding(get_levels(account))[-1]


def list_binding(levels: Iterable[Level]) -> list[EffectivePolicy]:
    """The policies among the levels that bind, each unless another comes after it."""
    return [
        EffectivePolicy(level.policy, level.name)
        for level in levels
        if level.policy is not None and not level.has_ended
    ]


def get_inherited_policy(account: Account) -> Policy:
    """The policy that would bind the account if it had no exception."""
    return list_binding(_get_group_levels(account.domain, account.department))[
        -1
    ].policy


def get_levels(account: Account) -> list[Level]:
    """Where the policy of an account can come from, what wins last."""
    until = account.policy_until
    has_ended = account.policy is not None and account.exception is None
    own = Level("exception", account.address, account.policy, until, has_ended)
    return [*_get_group_levels(account.domain, account.department), own]


def get_levels_above(group: Domain | Department) -> list[Level]:
    """Where the policy of those in it comes from who have no exception."""
    if isinstance(group, Domain):
        return _get_group_levels(group, None)
    return _get_group_levels(group.domain, group)


def client_passwords_in_force(account: Account, policy: Policy) -> bool:
    """Whether mail programs need a security password: chosen, or required."""
    return account.client_passwords_on or policy.requires_client_passwords


def _get_group_levels(domain: Domain, department: Department | None) -> list[Level]:
    levels = [Level("domain", domain.name, domain.policy)]
    if department is not None:
        levels.append(Level("department", department.name, department.policy))
    return levels
