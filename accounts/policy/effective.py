"""The effective policy of an account: its own, its department's or its domain's."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from accounts.models import Account, Department, Domain, Policy
from accounts.policy.queries import accounts_with_policies


@dataclass(frozen=True)
class EffectivePolicy:
    """The policy that applies to an account, and the name of the level that sets it."""

    policy: Policy
    decided_by: str


@dataclass(frozen=True)
class Level:
    """One level that can set the policy; `policy` is None if this one does not."""

    kind: Literal["domain", "department", "exception"]
    name: str
    policy: Policy | None
    until: datetime | None = None
    has_ended: bool = False


def load_effective_policy(account: Account) -> EffectivePolicy:
    """Return the effective policy, read from the database now, in one query."""
    return get_effective_policy(accounts_with_policies().get(pk=account.pk))


def get_effective_policy(account: Account) -> EffectivePolicy:
    """Return the account's own policy, or its department's, or its domain's.

    The account's own policy counts until `policy_until`. There are no queries if the
    account comes from `queries.accounts_with_policies`.
    """
    return list_binding(get_levels(account))[-1]


def list_binding(levels: Iterable[Level]) -> list[EffectivePolicy]:
    """Return the policies of the levels; the last one is the effective policy."""
    return [
        EffectivePolicy(level.policy, level.name)
        for level in levels
        if level.policy is not None and not level.has_ended
    ]


def get_inherited_policy(account: Account) -> Policy:
    """Return the policy that would apply to the account without its exception."""
    return list_binding(_get_group_levels(account.domain, account.department))[
        -1
    ].policy


def get_levels(account: Account) -> list[Level]:
    """Return the levels that can set the account's policy; the last one wins."""
    until = account.policy_until
    has_ended = account.policy is not None and account.exception is None
    own = Level("exception", account.address, account.policy, until, has_ended)
    return [*_get_group_levels(account.domain, account.department), own]


def get_levels_above(group: Domain | Department) -> list[Level]:
    """Return the levels for accounts in this group that have no exception."""
    if isinstance(group, Domain):
        return _get_group_levels(group, None)
    return _get_group_levels(group.domain, group)


def client_passwords_in_force(account: Account, policy: Policy) -> bool:
    """Return whether mail programs need a security password.

    They do if the owner turned security passwords on, or the policy requires them.
    """
    return account.client_passwords_on or policy.requires_client_passwords


def _get_group_levels(domain: Domain, department: Department | None) -> list[Level]:
    levels = [Level("domain", domain.name, domain.policy)]
    if department is not None:
        levels.append(Level("department", department.name, department.policy))
    return levels
