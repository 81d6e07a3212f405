"""Whoever is asked who may log on gives the same answer, in whatever world.

A world is all that bears on a logon: policies on three levels, the mailbox, a security
password, networks, times. What is right is written down here anew, in plain words, and
compared with the logon views, the query sets, the policy in Python, the decision of
`check_logon`, the diagnosis, and the review of sessions.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from accounts.models import (
    Account,
    Department,
    Domain,
    MailLogon,
    MailSetting,
    MailWebLogon,
    Policy,
)
from accounts.policy import effective, queries
from accounts.sessions import rights
from clientpasswords.logon import decision, diagnosis
from clientpasswords.models import ClientPassword
from gateways.doveadm import Connection
from tests.factories import PASSWORD, make_client_password

pytestmark = pytest.mark.both_databases

ADDRESS = "alice@example.com"
OFFICE, HOME, WEBMAIL, ELSEWHERE = (
    "192.0.2.7",
    "203.0.113.7",
    "127.2.0.1",
    "198.51.100.7",
)
NETWORKS = ["", "192.0.2.0/24", "203.0.113.0/24", "192.0.2.0/24,203.0.113.0/24"]
PROTOCOLS = ("imap", "pop3", "smtp")
SERVICES = {"imap": "imap", "pop3": "pop3", "smtp": "submission"}
# Hours from now; a day has 24, so that lives of ten and forty days are told apart.
WHEN = st.sampled_from([None, -1, 1])
DAY = 24


@dataclass(frozen=True)
class Rules:
    """What one policy says."""

    third_party_logon: bool
    imap: bool
    pop3: bool
    smtp: bool
    client_passwords_required: bool
    report_only: bool
    required_from: int | None
    client_networks: str
    client_password_days: int | None
    suspend_unused_days: int | None

    def allows(self, protocol: str) -> bool:
        return bool(getattr(self, protocol))

    @property
    def requires(self) -> bool:
        has_begun = self.required_from is None or self.required_from < 0
        return self.client_passwords_required and not self.report_only and has_begun


@dataclass(frozen=True)
class World:
    """Everything that bears on the logons of one mailbox."""

    of_domain: Rules
    of_department: Rules | None
    own: Rules | None
    own_until: int | None
    has_department: bool
    is_active: bool
    is_on: bool
    imap: bool
    pop3: bool
    networks: str
    age: int
    revoked: bool
    expires: int | None
    suspends: int | None
    webmail: str

    @property
    def rules(self) -> Rules:
        """Those that bind."""
        if self.own and (self.own_until is None or self.own_until > 0):
            return self.own
        if self.has_department and self.of_department:
            return self.of_department
        return self.of_domain

    @property
    def is_in_force(self) -> bool:
        return self.is_on or self.rules.requires

    def for_all(self, protocol: str) -> str | None:
        """Why no mail program is let in by it at all."""
        if not self.is_active:
            return "account-disabled"
        if not self.rules.third_party_logon:
            return "third-party-logon-off"
        return None if self.rules.allows(protocol) else "protocol-off"

    def for_web(self, protocol: str) -> str | None:
        required = "security-password-required" if self.is_in_force else None
        return self.for_all(protocol) or required

    def for_client(self, protocol: str) -> str | None:
        days = self.rules.client_password_days
        reasons = [
            ("account-disabled", not self.is_active),
            ("revoked", self.revoked),
            ("expired", self.expires is not None and self.expires < 0),
            ("expired", days is not None and self.age > days),
            (
                "suspended-unused",
                self.suspends is not None
                and self.suspends < 0
                and self.rules.suspend_unused_days is not None,
            ),
            ("third-party-logon-off", not self.rules.third_party_logon),
            ("protocol-off", not self.rules.allows(protocol)),
            ("out-of-scope", not {"smtp": True, **vars(self)}[protocol]),
            ("suspended", not self.is_in_force),
        ]
        return next((reason for reason, holds in reasons if holds), None)

    def there(self, ip: str, *, is_client: bool) -> str | None:
        """Why not from there, by the networks alone."""
        if self.rules.client_networks and not is_in(ip, self.rules.client_networks):
            return "network-not-allowed"
        if is_client and self.networks and not is_in(ip, self.networks):
            return "out-of-scope"
        return None


def is_in(ip: str, networks: str) -> bool:
    """All networks here end after three numbers."""
    return ip.rpartition(".")[0] in networks


policies = st.builds(
    Rules,
    third_party_logon=st.sampled_from([True, True, False]),
    imap=st.sampled_from([True, True, False]),
    client_networks=st.sampled_from(NETWORKS),
    client_password_days=st.sampled_from([None, 10, 40]),
    suspend_unused_days=st.sampled_from([None, 30]),
    required_from=WHEN,
)
worlds = st.builds(
    World,
    of_domain=policies,
    of_department=st.none() | policies,
    own=st.none() | policies,
    own_until=WHEN,
    is_active=st.sampled_from([True, True, True, False]),
    networks=st.sampled_from(NETWORKS),
    age=st.sampled_from([0, 20]),
    revoked=st.sampled_from([False, False, False, True]),
    expires=WHEN,
    suspends=WHEN,
    webmail=st.sampled_from(["", "127.2.0.0/24"]),
)


def at(hours: int | None) -> Any:
    return None if hours is None else timezone.now() + timedelta(hours=hours)


def make_policy(name: str, rules: Rules) -> Policy:
    fields = {**vars(rules), "required_from": at(rules.required_from)}
    # All uses are known: what is to be suspended by now, is.
    return Policy.objects.create(name=name, uses_known_to=timezone.now(), **fields)


@dataclass
class Made:
    """A world in the database."""

    world: World
    account: Account
    row: ClientPassword
    secret: str
    bound: Policy
    others: list[Policy] = field(default_factory=list)


def make(world: World) -> Made:
    rules = {"domain": world.of_domain, "department": world.of_department}
    rules["own"] = world.own
    made = {name: make_policy(name, each) for name, each in rules.items() if each}
    domain = Domain.objects.create(name="example.com", policy=made["domain"])
    department = Department.objects.create(
        domain=domain, name="Sales", policy=made.get("department")
    )
    account = Account.objects.create_user(
        ADDRESS,
        PASSWORD,
        domain=domain,
        department=department if world.has_department else None,
        policy=made.get("own"),
        policy_until=at(world.own_until) if world.own else None,
        is_active=world.is_active,
        client_passwords_on=world.is_on,
    )
    MailSetting.objects.update_or_create(
        name="webmail_networks", defaults={"value": world.webmail}
    )
    row, secret = make_client_password(
        account,
        imap=world.imap,
        pop3=world.pop3,
        networks=world.networks,
        created_at=at(-world.age * DAY),
        revoked_at=at(-1) if world.revoked else None,
        expires_at=at(world.expires),
        suspends_at=at(world.suspends),
    )
    binding = next(name for name in made if rules[name] is world.rules)
    others = [policy for name, policy in made.items() if name != binding]
    return Made(world, account, row, secret, made[binding], others)


@hypothesis(
    deadline=None,
    max_examples=30,
    # To shrink a world takes minutes, and what is wrong is in the message anyway.
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(world=worlds)
def test_views_queries_and_python_agree_on_who_may_log_on(
    world: World, db: None
) -> None:
    with transaction.atomic():
        made = make(world)
        assert_policies_agree(made)
        for protocol in PROTOCOLS:
            assert_views_agree(made, protocol)
            for ip in (OFFICE, HOME, WEBMAIL, ELSEWHERE):
                assert_decisions_agree(made, protocol, ip)
        transaction.set_rollback(True)


def assert_policies_agree(made: Made) -> None:
    world, account = made.world, made.account
    bound = effective.load_effective_policy(account).policy
    assert bound == made.bound
    assert account in queries.accounts_bound_by(made.bound)
    for other in made.others:
        assert account not in queries.accounts_bound_by(other)
    rows = Account.objects.annotate(binding=queries.binding_policy())
    assert rows.get().binding == made.bound.pk
    assert bound.requires_client_passwords == world.rules.requires
    assert (made.bound in queries.policies_requiring()) == world.rules.requires
    required = rows.filter(queries.are_client_passwords_required())
    assert required.exists() == world.rules.requires
    in_force = rows.filter(queries.are_client_passwords_in_force())
    assert in_force.exists() == world.is_in_force
    assert effective.client_passwords_in_force(account, bound) == world.is_in_force
    can = rows.filter(queries.can_client_passwords_log_on())
    assert can.exists() == (
        world.is_in_force and world.is_active and world.rules.third_party_logon
    )


def assert_views_agree(made: Made, protocol: str) -> None:
    world = made.world
    client = MailLogon.objects.get(credential=made.row.pk, protocol=protocol)
    web = MailWebLogon.objects.get(address=ADDRESS, protocol=protocol)
    assert client.refusal == world.for_client(protocol)
    assert web.refusal == world.for_web(protocol)
    is_refused = made.bound in queries.policies_refusing(protocol)
    assert is_refused == (
        world.for_all(protocol) not in {None, "account-disabled"}
        or not (world.rules.third_party_logon and world.rules.allows(protocol))
    )
    found = diagnosis.diagnose(made.account, None)[protocol]
    assert found.refusal == web.refusal
    assert [each for _row, each in found.passwords] == (
        [] if world.revoked else [client.refusal]
    )


def assert_decisions_agree(made: Made, protocol: str, ip: str) -> None:
    world, row = made.world, made.row
    is_webmail = bool(world.webmail) and world.is_active and is_in(ip, world.webmail)
    client = world.for_client(protocol) or world.there(ip, is_client=True)
    web = world.for_web(protocol) or world.there(ip, is_client=False)
    web = None if is_webmail else web

    def reason_of(password: str) -> str:
        return decision.decide(ADDRESS, protocol, password, ip).reason

    name = f"security password {row.pk}"
    assert reason_of(made.secret) == (f"{name}: {client}" if client else name)
    assert reason_of(PASSWORD) == (web or "web password")
    assert reason_of("wrong") == (web or "wrong-password")
    found = diagnosis.diagnose(made.account, ip)[protocol]
    assert found.web_refusal == web
    assert found.usable == (client is None and not world.revoked)
    sessions = {row.login_name: client, ADDRESS: web}
    connections = [
        Connection(login, SERVICES[protocol], number, ip)
        for number, login in enumerate(sessions)
    ]
    lost = {each.login_name for each in rights.find_lost_sessions(connections)}
    assert lost == {login for login, refusal in sessions.items() if refusal}
