"""Which policy binds whom, and what follows from it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from accounts.models import Account, Department, Domain, Policy
from accounts.policy.queries import with_policies


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
