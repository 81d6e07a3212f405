"""What a change of policies takes from mailboxes, and what it makes possible.

Every page that asks before such a change measures it here: the change of one policy, of
the policy of a group, and the actions on many mailboxes and groups.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import reduce
from itertools import islice, product
from operator import or_
from typing import Any, TypeVar

from django.db import connection
from django.db.models import (
    Count,
    Exists,
    F,
    GenericIPAddressField,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from accounts import networks
from accounts.models import Account, Policy
from accounts.models.protocols import PROTOCOL_KEYS
from accounts.policy import queries
from clientpasswords.models import Logon
from clientpasswords.rollout import COUNT_LIMIT, RECENT

M = TypeVar("M", bound=Model)
# Mailboxes among which the database looks; among more, what it found is looked up.
MOST_LISTED = 1_000
# Mailboxes that are read to be looked up, and logons to be compared with networks.
MOST_READ = 20_000
# Where a change binds more mailboxes than `COUNT_LIMIT`, each effect is counted up to
# here: that it has more is what matters then.
MOST_COUNTED = 1_000

# The key of the policy that binds a mailbox without an exception.
INHERITED = Coalesce(F("department__policy"), F("domain__policy"))


class EffectKind(StrEnum):
    """The effects of a change, in the order of the page."""

    NO_LOGON = "no-logon"
    PROTOCOL_OFF = "protocol-closed"
    REQUIRED = "required"
    SUSPENDED = "suspended"
    NETWORKS = "networks"
    ANNOUNCED = "announced"
    LOGON = "logon"
    PROTOCOL_ON = "protocol-opened"
    RELEASED = "released"
    MORE_NETWORKS = "more-networks"


# Effects that refuse, at once, what mail programs did lately; the others say what
# becomes possible, and what will be required.
LOSSES = frozenset(
    {
        EffectKind.NO_LOGON,
        EffectKind.PROTOCOL_OFF,
        EffectKind.REQUIRED,
        EffectKind.SUSPENDED,
        EffectKind.NETWORKS,
    }
)


@dataclass(frozen=True)
class PolicyChange:
    """Which policy binds mailboxes afterwards, and with which settings.

    It is `policy`, or the one whose key the expression `inherited` gives; with neither
    of them it is the same as now. `settings` are those that it then has, other than it
    is stored. With `inherited`, `own` is the path of the policy that mailboxes have now
    instead; those without one keep what they inherit.
    """

    policy: Policy | None = None
    inherited: Combinable | None = None
    own: str = "policy"
    settings: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Effect:
    """Mailboxes that a change affects alike, by key, with their addresses.

    If `has_more`, there are more of them, or there may be. `at` is when it begins;
    None: at once.
    """

    kind: EffectKind
    protocol: str = ""
    at: datetime | None = None
    mailboxes: dict[int, str] = field(default_factory=dict, repr=False)
    has_more: bool = False

    @property
    def count(self) -> int:
        return len(self.mailboxes)

    @property
    def is_loss(self) -> bool:
        return self.kind in LOSSES


@dataclass(frozen=True)
class Consequences:
    """How many mailboxes a change binds, and its effects.

    `bound` is one more than `COUNT_LIMIT` where it stopped there.
    """

    bound: int
    effects: list[Effect]

    @property
    def losing(self) -> Effect:
        """Return all mailboxes that lose anything, as one effect."""
        losses = [each for each in self.effects if each.is_loss]
        found = {pk: name for each in losses for pk, name in each.mailboxes.items()}
        has_more = any(each.has_more for each in losses)
        return Effect(EffectKind.NO_LOGON, mailboxes=found, has_more=has_more)


def measure_consequences(
    mailboxes: QuerySet[Account],
    change: PolicyChange,
    among: Collection[int] | None = None,
) -> Consequences:
    """Compare before and after of the policies that bind these mailboxes now.

    Only those whose keys are `among` these count, if it is given. What was let in
    lately, and is let in now, counts as lost if it will be refused. If the change binds
    more than `COUNT_LIMIT`, each effect is counted up to `MOST_COUNTED`. Two queries.
    """
    # Without an order, as the database would otherwise use that of the addresses.
    mailboxes = mailboxes.order_by()
    if among is not None and len(among) <= MOST_LISTED:
        mailboxes = mailboxes.filter(pk__in=among)
    counted = _policies_and_count(mailboxes) if among is None else Policy.objects.all()
    policies: list[Any] = list(counted.order_by("pk"))
    bound = policies[0].bound or 0 if among is None else len(among)
    most = COUNT_LIMIT if bound <= COUNT_LIMIT else MOST_COUNTED
    limit = most + 1
    if among is not None and bound > MOST_LISTED:
        # Others between the first and the last are read as well, and do not count.
        first, last = min(among), max(among)
        mailboxes = mailboxes.filter(pk__range=(first, last))
        limit = min(MOST_READ, 1 + limit * (last - first + 1) // bound)
    branches = _find_branches(policies, change)
    if change.inherited is not None:
        mailboxes = mailboxes.annotate(before=F(change.own), after=change.inherited)
    # So many mailboxes of an effect have more than `most` that count.
    enough = most + 1 + (0 if among is None else queries.count_others(among))
    rows = _read(mailboxes, branches, limit, enough) if branches else []
    return Consequences(bound, _collect(list(branches), rows, limit, most, among))


def _policies_and_count(mailboxes: QuerySet[Account]) -> QuerySet[Any]:
    """Return all policies; each has the number of the mailboxes, up to the limit."""
    first = mailboxes.values("pk")[: COUNT_LIMIT + 1]
    counted = Account.objects.filter(pk__in=first).order_by().values(one=Value(1))
    number = counted.annotate(number=Count("pk")).values("number")
    return Policy.objects.annotate(bound=Subquery(number))


@dataclass(frozen=True)
class _Rule:
    """What a policy says of mail programs, now; protocols are those that it opens."""

    protocols: frozenset[str]
    requires: bool
    required_from: datetime | None
    networks: str

    @classmethod
    def of_policy(cls, policy: Policy) -> "_Rule":
        return cls(
            frozenset(
                key
                for key in PROTOCOL_KEYS
                if policy.third_party_logon and getattr(policy, key)
            ),
            policy.requires_client_passwords,
            policy.required_from if policy.will_require_client_passwords else None,
            policy.client_networks,
        )


@dataclass(frozen=True)
class _Branch:
    """An effect on mailboxes that were let in alike, of which one query finds all.

    Of losses, those with logons by these protocols (none: by any), with the web
    password or with a security password. `networks` are those before and after.
    """

    kind: EffectKind
    protocol: str = ""
    at: datetime | None = None
    by_web: bool = False
    protocols: frozenset[str] = frozenset()
    networks: tuple[str, str] | None = None

    @property
    def effect(self) -> tuple[EffectKind, str, datetime | None]:
        return self.kind, self.protocol, self.at


@dataclass(frozen=True)
class _Keys:
    """Keys of the policies before, and of the inherited ones after; None: whichever.

    Of mailboxes whose owners chose security passwords (`on`), or not, or whichever.
    """

    before: frozenset[int] | None = None
    after: frozenset[int] | None = None
    on: bool | None = None

    @property
    def switch(self) -> Q:
        return Q() if self.on is None else Q(client_passwords_on=self.on)


# A branch, and the choice of the owners on whom it is.
_Part = tuple[_Branch, bool | None]


def _find_branches(
    policies: list[Policy], change: PolicyChange
) -> dict[_Branch, list[_Keys]]:
    """Return each effect of the change, and for which policies it has it."""
    found = defaultdict(list)
    for was, will, keys in _pair_rules(policies, change):
        for branch, on in _compare(was, will):
            found[branch].append(replace(keys, on=on))
    return dict(found)


def _pair_rules(
    policies: list[Policy], change: PolicyChange
) -> Iterator[tuple[_Rule, _Rule, _Keys]]:
    """Yield each pair of rules before and after, with the keys of their policies."""

    def changed(policy: Policy) -> _Rule:
        altered = copy(policy)
        for name, value in change.settings.items():
            setattr(altered, name, value)
        return _Rule.of_policy(altered)

    if change.inherited is not None:
        before = _group((_Rule.of_policy(each), each.pk) for each in policies)
        after = _group((changed(each), each.pk) for each in policies)
        for (was, keys), (will, inherited) in product(before.items(), after.items()):
            yield was, will, _Keys(keys, inherited)
        return
    pairs = _group(
        ((_Rule.of_policy(each), changed(change.policy or each)), each.pk)
        for each in policies
    )
    for (was, will), keys in pairs.items():
        yield was, will, _Keys(None if len(keys) == len(policies) else keys)


def _group(pairs: Iterable[tuple[Any, int]]) -> dict[Any, frozenset[int]]:
    groups = defaultdict(set)
    for group, key in pairs:
        groups[group].add(key)
    return {group: frozenset(keys) for group, keys in groups.items()}


def _compare(was: _Rule, will: _Rule) -> Iterator[_Part]:
    """Yield what is different for a mailbox whose rule was this one."""
    if was.protocols and not will.protocols:
        yield from _list_losses(was, was.protocols, _Branch(EffectKind.NO_LOGON))
    elif will.protocols and not was.protocols:
        yield _Branch(EffectKind.LOGON), None
    else:
        yield from _compare_protocols(was, will)
        yield from _compare_requirements(was, will)
        yield from _compare_networks(was, will)


def _compare_protocols(was: _Rule, will: _Rule) -> Iterator[_Part]:
    for key in PROTOCOL_KEYS:
        if key in was.protocols - will.protocols:
            off = _Branch(EffectKind.PROTOCOL_OFF, key)
            yield from _list_losses(was, frozenset({key}), off)
        if key in will.protocols - was.protocols:
            yield _Branch(EffectKind.PROTOCOL_ON, key), None


def _compare_requirements(was: _Rule, will: _Rule) -> Iterator[_Part]:
    """Yield what is different for owners who did not choose security passwords."""
    stays = _omit_if_all(was.protocols & will.protocols)
    if will.requires and not was.requires:
        yield _Branch(EffectKind.REQUIRED, by_web=True, protocols=stays), False
    if was.requires and not will.requires:
        yield _Branch(EffectKind.SUSPENDED, protocols=stays), False
        yield _Branch(EffectKind.RELEASED), False
    if will.required_from and will.required_from != was.required_from:
        yield _Branch(EffectKind.ANNOUNCED, at=will.required_from), False


def _compare_networks(was: _Rule, will: _Rule) -> Iterator[_Part]:
    stays, both = was.protocols & will.protocols, (was.networks, will.networks)
    if not networks.covers_networks(will.networks, was.networks):
        yield from _list_losses(was, stays, _Branch(EffectKind.NETWORKS, networks=both))
    if not networks.covers_networks(was.networks, will.networks):
        yield _Branch(EffectKind.MORE_NETWORKS), None


def _list_losses(
    was: _Rule, protocols: frozenset[str], loss: _Branch
) -> Iterator[_Part]:
    """Yield the branches of a loss, by the password that is let in now."""
    loss = replace(loss, protocols=_omit_if_all(protocols))
    if was.requires:
        yield loss, None
    else:
        yield loss, True
        yield replace(loss, by_web=True), False


def _omit_if_all(protocols: frozenset[str]) -> frozenset[str]:
    return protocols if len(protocols) < len(PROTOCOL_KEYS) else frozenset()


def _bind(mailboxes: QuerySet[Account], keys: Iterable[_Keys]) -> QuerySet[Account]:
    """Return the mailboxes that these policies bind, before and after."""
    if any(each == _Keys() for each in keys):
        return mailboxes
    if any(each.after is not None for each in keys):
        by_keys = [_choose_by_both(each) for each in keys]
    else:
        by_keys = [_choose_by_policy(each) for each in keys]
    return mailboxes.filter(reduce(or_, by_keys))


def _choose_by_policy(keys: _Keys) -> Q:
    if keys.before is None:
        return keys.switch
    return keys.switch & queries.is_bound_by_one_of(keys.before)


def _choose_by_both(keys: _Keys) -> Q:
    return keys.switch & Q(before__in=keys.before, after__in=keys.after)


def _read(
    mailboxes: QuerySet[Account],
    branches: Mapping[_Branch, list[_Keys]],
    limit: int,
    enough: int,
) -> QuerySet[Any, Any]:
    """Return keys, addresses, IP addresses, and numbers of branches. One query.

    No mailbox is in two branches of an effect, so the database begins the next one only
    if it has not found `enough` before. Of networks it finds logons instead.
    """
    can_stop = connection.features.supports_slicing_ordering_in_compound
    parts: dict[Any, list[QuerySet[Any, Any]]] = defaultdict(list)
    for number, (branch, keys) in enumerate(branches.items()):
        part = _read_branch(_bind(mailboxes, keys), branch, number, limit)
        group = branch.effect if can_stop and not branch.networks else number
        parts[group].append(part)
    first, *others = (
        part.union(*more, all=True)[:enough] if more else part
        for part, *more in parts.values()
    )
    return first.union(*others, all=True)


def _read_branch(
    bound: QuerySet[Account], branch: _Branch, number: int, limit: int
) -> QuerySet[Any, Any]:
    bound = bound.filter(is_active=True)
    used, which = _list_logons(branch), Value(number)
    if branch.networks:
        rows = _limit(used.filter(account__in=bound.values("pk")), MOST_READ)
        names = "account", "account__address", "network_address"
        return rows.values_list(*names, which)
    if branch.kind in LOSSES:
        bound = bound.filter(Exists(used.filter(account=OuterRef("pk"))))
    no_address = Cast(Value(None), GenericIPAddressField())
    return _limit(bound, limit).values_list("pk", "address", no_address, which)


def _list_logons(branch: _Branch) -> QuerySet[Logon]:
    """Return the recent logons that were let in by this password and protocol."""
    rows = Logon.objects.filter(last_at__gte=timezone.now() - RECENT).order_by()
    if branch.protocols:
        rows = rows.filter(protocol__in=branch.protocols)
    if branch.by_web:
        return rows.filter(by_web_password=True)
    live = {"client_password__isnull": False, "client_password__revoked_at": None}
    return rows.filter(reason="", by_web_password=False, **live)


def _limit(rows: QuerySet[M], limit: int) -> QuerySet[M]:
    """Return so many rows; SQLite limits only queries that are in no union."""
    if connection.features.supports_slicing_ordering_in_compound:
        return rows[:limit]
    every: QuerySet[M] = QuerySet(rows.model)
    return every.filter(pk__in=rows.values("pk")[:limit]).order_by()


def _collect(
    branches: list[_Branch],
    rows: Iterable[tuple[int, str, str | None, int]],
    limit: int,
    most: int,
    among: Collection[int] | None,
) -> list[Effect]:
    """Return what was read as effects; branches of one effect become one.

    `limit` is how many rows of each branch were read, and `most` how many mailboxes of
    an effect count.
    """
    which = [each.effect for each in branches]
    found: dict[tuple[EffectKind, str, datetime | None], dict[int, str]]
    found = {each: {} for each in which}
    more, read = set[tuple[EffectKind, str, datetime | None]](), Counter[int]()
    for key, address, ip, number in rows:
        read[number] += 1
        if read[number] == (MOST_READ if branches[number].networks else limit):
            more.add(which[number])
        if (among is None or key in among) and _is_touched(branches[number], ip):
            found[which[number]][key] = address
    effects = [
        Effect(
            *each,
            dict(islice(its_own.items(), most)),
            has_more=each in more or len(its_own) > most,
        )
        for each, its_own in found.items()
        if its_own or each in more
    ]
    order = [*EffectKind]
    return sorted(effects, key=lambda each: (order.index(each.kind), each.protocol))


def _is_touched(branch: _Branch, ip: str | None) -> bool:
    """Whether a logon from this address is let in now, and refused afterwards."""
    if branch.networks is None:
        return True
    was, will = branch.networks
    is_inside = not was or networks.contains_address(was, ip)
    return is_inside and not networks.contains_address(will, ip)
