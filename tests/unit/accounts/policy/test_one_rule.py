"""Who needs a security password, and whose can log on: one table of worlds.

The rule is written as SQL (the logon views), as queries (`queries`) and in Python
(`Policy`, `effective`). All of them are asked of every world. What is expected is
written down here anew, from the words of the policy.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from django.db.models import Q
from django.utils import timezone

from accounts.models import (
    Account,
    Department,
    Domain,
    MailLogon,
    MailWebLogon,
    Policy,
)
from accounts.policy import effective, queries
from clientpasswords.models import ClientPassword
from tests.factories import make_domain

pytestmark = pytest.mark.both_databases

PHC = "$argon2id$v=19$m=256,t=1,p=1$c2FsdHNhbHQ$aGFzaA"
HOUR = timedelta(hours=1)
# How a requirement is written down, and whether it is one now.
REQUIREMENTS: dict[str, tuple[dict[str, Any], bool]] = {
    "none": ({}, False),
    "dated": ({"required_from": -HOUR}, False),
    "report": ({"client_passwords_required": True, "report_only": True}, False),
    "begun report": (
        {
            "client_passwords_required": True,
            "report_only": True,
            "required_from": -HOUR,
        },
        False,
    ),
    "later": ({"client_passwords_required": True, "required_from": HOUR}, False),
    "begun": ({"client_passwords_required": True, "required_from": -HOUR}, True),
    "at once": ({"client_passwords_required": True}, True),
}
# Where the policy comes from; in the last two, the exception has ended, or is none.
SOURCES = ("exception", "limited exception", "department", "domain", "ended exception")


@dataclass(frozen=True)
class World:
    """One account, and what its policy says."""

    requirement: str
    source: str
    logon: bool
    on: bool
    active: bool

    @property
    def address(self) -> str:
        switches = "".join(
            str(int(each)) for each in (self.logon, self.on, self.active)
        )
        name = f"{self.requirement}.{self.source}.{switches}".replace(" ", "-")
        return f"{name}@{self.domain}"

    @property
    def policy(self) -> str:
        return f"{self.requirement} {self.logon}"

    @property
    def domain(self) -> str:
        """Policies of domains and departments differ from each other."""
        inherits = self.source in {"domain", "ended exception"}
        own = self.policy if inherits else "other"
        return f"{own.lower().replace(' ', '-')}.example"

    @property
    def requires(self) -> bool:
        return REQUIREMENTS[self.requirement][1]

    @property
    def in_force(self) -> bool:
        return self.on or self.requires

    @property
    def lets_in(self) -> bool:
        return self.active and self.logon and self.in_force


TABLE = [
    World(*each)
    for each in product(
        REQUIREMENTS, SOURCES, [True, False], [True, False], [True, False]
    )
]


def make_policies() -> dict[str, Policy]:
    """One for each requirement, with and without logons, and one that is neither."""
    now = timezone.now()
    policies = {"other": Policy(name="other", third_party_logon=False)}
    for (name, (fields, _is)), logon in product(REQUIREMENTS.items(), [True, False]):
        values = {
            key: now + value if isinstance(value, timedelta) else value
            for key, value in fields.items()
        }
        policy = Policy(name=f"{name} {logon}", third_party_logon=logon, **values)
        policies[policy.name] = policy
    Policy.objects.bulk_create(policies.values())
    return policies


def make_account_of(
    world: World, policies: dict[str, Policy], domain: Domain, department: Department
) -> Account:
    own: dict[str, tuple[Policy, datetime | None]] = {
        "exception": (policies[world.policy], None),
        "limited exception": (policies[world.policy], timezone.now() + HOUR),
        "ended exception": (policies["other"], timezone.now() - HOUR),
    }
    exception = own.get(world.source)
    return Account(
        address=world.address,
        domain=domain,
        department=department if world.source == "department" else None,
        policy=exception[0] if exception else None,
        policy_until=exception[1] if exception else None,
        client_passwords_on=world.on,
        is_active=world.active,
        password=f"argon2{PHC}",
    )


@pytest.fixture
def _everybody(db: None) -> None:
    """An account with a security password for each world."""
    policies = make_policies()
    domains = {
        name: make_domain(name, policies[policy])
        for name, policy in {
            each.domain: each.policy if each.domain != "other.example" else "other"
            for each in TABLE
        }.items()
    }
    departments = {
        name: Department.objects.create(
            domain=domains["other.example"], name=name, policy=policy
        )
        for name, policy in policies.items()
    }
    accounts = [
        make_account_of(each, policies, domains[each.domain], departments[each.policy])
        for each in TABLE
    ]
    Account.objects.bulk_create(accounts)
    ClientPassword.objects.bulk_create(
        ClientPassword(account=account, slot=1, selector="1111", hash=PHC)
        for account in accounts
    )


def find_by_query(condition: Q) -> set[str]:
    rows = Account.objects.alias(binding=queries.binding_policy()).filter(condition)
    return set(rows.values_list("address", flat=True))


@pytest.mark.usefixtures("_everybody")
def test_queries_and_python_say_the_same_of_every_world() -> None:
    loaded = {row.address: row for row in queries.accounts_with_policies()}
    policies = {
        address: effective.get_effective_policy(row).policy
        for address, row in loaded.items()
    }

    required = {each.address for each in TABLE if each.requires}
    assert find_by_query(queries.are_client_passwords_required()) == required
    assert {
        address for address, row in policies.items() if row.requires_client_passwords
    } == required
    in_force = {each.address for each in TABLE if each.in_force}
    assert find_by_query(queries.are_client_passwords_in_force()) == in_force
    assert {
        address
        for address, row in loaded.items()
        if effective.client_passwords_in_force(row, policies[address])
    } == in_force
    assert find_by_query(queries.is_web_password_refused()) == in_force
    everybody = {each.address for each in TABLE}
    assert find_by_query(queries.is_web_password_let_in()) == everybody - in_force
    lets_in = {each.address for each in TABLE if each.lets_in}
    assert find_by_query(queries.can_client_passwords_log_on()) == lets_in


@pytest.mark.usefixtures("_everybody")
def test_the_logon_views_say_the_same_of_every_world() -> None:
    let_in = MailLogon.objects.filter(refusal=None).values_list("address", flat=True)
    assert set(let_in) == {each.address for each in TABLE if each.lets_in}

    refused = MailWebLogon.objects.filter(refusal="security-password-required")
    assert set(refused.values_list("address", flat=True)) == {
        each.address for each in TABLE if each.active and each.logon and each.in_force
    }


@pytest.mark.usefixtures("_everybody")
def test_the_policies_that_require_and_that_refuse_are_found() -> None:
    expected = {each.policy for each in TABLE if each.requires}
    assert {row.name for row in queries.policies_requiring()} == expected
    others = {row.name for row in queries.policies_not_requiring()}
    assert others == {row.name for row in Policy.objects.all()} - expected

    expected = {each.policy for each in TABLE if not each.logon} | {"other"}
    for protocol in ("imap", "pop3", "smtp"):
        assert {row.name for row in queries.policies_refusing(protocol)} == expected


@pytest.mark.usefixtures("_everybody")
def test_whom_a_policy_binds_is_who_has_it() -> None:
    bound_to = {
        row.address: effective.get_effective_policy(row).policy.pk
        for row in queries.accounts_with_policies()
    }
    assert {each.policy for each in TABLE} == {
        row.name for row in Policy.objects.filter(pk__in=bound_to.values())
    }

    for policy in Policy.objects.all():
        expected = {address for address, pk in bound_to.items() if pk == policy.pk}
        rows = queries.accounts_bound_by(policy)
        assert set(rows.values_list("address", flat=True)) == expected
        assert find_by_query(Q(binding=policy.pk)) == expected
