"""Everything that bears on a logon, done in any order, against a small model.

After each step the logon views, the queries of policies and the decision are asked, and
have to say what the model says. The model shares no code with them: it is written from
the words of the policy.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from pytest_django import Settings

from accounts.models import (
    Account,
    Department,
    Domain,
    MailLogon,
    MailWebLogon,
    SessionOver,
)
from accounts.models import Policy as PolicyRow
from accounts.policy import queries
from clientpasswords import lifecycle, replacing
from clientpasswords.logon import decision
from clientpasswords.models import ClientPassword
from clientpasswords.scopes import Scope
from clientpasswords.setup import links
from provisioning import operations
from provisioning.operations import Order
from tests.factories import (
    PASSWORD,
    make_account,
    make_domain,
    make_policy,
    make_usage,
    switch_off,
)
from tests.soak import tries
from tests.unit.api.conftest import client_with, make_token
from tests.unit.api.mailboxsteps import ACCOUNTS, ANY, send
from tests.unit.support import HOME, code_for, issue

pytestmark = [pytest.mark.soak, pytest.mark.both_databases]

ADDRESS = "erin@firm.example"
PROTOCOLS = ("imap", "pop3", "smtp")
OFFICE, OUTSIDE = "192.0.2.7", "203.0.113.7"
NETWORKS = ("", "192.0.2.0/24", "203.0.113.0/24,198.51.100.0/24")
DAY = timedelta(days=1)
# Moments as they are seen from now: never within the time that a test takes.
MOMENTS = st.sampled_from([None, -DAY, DAY])


@dataclass
class PolicyModel:
    """What a policy says."""

    logon: bool = True
    protocols: frozenset[str] = frozenset(PROTOCOLS)
    required: bool = False
    required_in: timedelta | None = None
    report: bool = False
    most: int = 10
    days: int | None = None
    networks: str = ""

    @property
    def requires(self) -> bool:
        has_begun = self.required_in is None or self.required_in < timedelta()
        return self.required and has_begun and not self.report

    def fields(self) -> dict[str, Any]:
        return {
            "third_party_logon": self.logon,
            **{name: name in self.protocols for name in PROTOCOLS},
            "client_passwords_required": self.required,
            "required_from": moment(self.required_in),
            "report_only": self.report,
            "max_client_passwords": self.most,
            "client_password_days": self.days,
            "client_networks": self.networks,
        }


@dataclass
class PasswordModel:
    """One security password, and what it was limited to."""

    pk: int
    secret: str
    label: str
    age_in_days: int = 0
    revoked: bool = False
    protocols: frozenset[str] = frozenset(PROTOCOLS)
    networks: str = ""
    expires_in: timedelta | None = None
    replaces: int | None = None


@dataclass
class Model:
    """The mailbox, its policies by their names, and its security passwords."""

    on: bool = False
    active: bool = True
    department: str = ""
    exception: bool = False
    exception_ends_in: timedelta | None = None
    policies: dict[str, PolicyModel] = field(
        default_factory=lambda: {
            name: PolicyModel() for name in ("domain", "Sales", "own")
        }
    )
    passwords: list[PasswordModel] = field(default_factory=list)

    @property
    def policy(self) -> PolicyModel:
        ends_in = self.exception_ends_in
        if self.exception and (ends_in is None or ends_in > timedelta()):
            return self.policies["own"]
        # The other department has no policy.
        return self.policies["Sales" if self.department == "Sales" else "domain"]

    @property
    def in_force(self) -> bool:
        return self.on or self.policy.requires

    @property
    def live(self) -> list[PasswordModel]:
        return [each for each in self.passwords if not each.revoked]

    def refusal(self) -> type[Exception] | None:
        """Why no further security password can be made."""
        if not self.active:
            return SessionOver
        if not self.policy.logon or not self.policy.protocols:
            return lifecycle.ThirdPartyLogonOff
        if not self.in_force:
            return lifecycle.NotInForce
        is_full = len(self.counted) >= self.policy.most
        return lifecycle.LimitReached if is_full else None

    def refusal_to_replace(self, password: PasswordModel) -> type[Exception] | None:
        """Why no security password can be made for the device of this one."""
        refusal = self.refusal()
        if password.revoked or refusal not in (None, lifecycle.LimitReached):
            return refusal
        pairs = {each.replaces for each in self.live}
        in_a_pair = password.replaces is not None or password.pk in pairs
        return lifecycle.BeingReplaced if in_a_pair else None

    @property
    def counted(self) -> list[PasswordModel]:
        """Of two for one device, one."""
        return [each for each in self.live if each.replaces is None]

    @property
    def waiting(self) -> list[PasswordModel]:
        return [each for each in self.live if each.replaces is not None]

    def revoke(self, *passwords: PasswordModel) -> None:
        gone = {each.pk for each in passwords}
        for each in self.passwords:
            each.revoked = each.revoked or each.pk in gone
            if each.revoked or each.replaces in gone:
                each.replaces = None

    def refusal_of_all(self, protocol: str) -> str | None:
        if not self.policy.logon:
            return "third-party-logon-off"
        return None if protocol in self.policy.protocols else "protocol-off"

    def refusal_of(self, password: PasswordModel, protocol: str) -> str | None:
        ends_in, days = password.expires_in, self.policy.days
        if not self.active:
            return "account-disabled"
        if password.revoked:
            return "revoked"
        has_ended = ends_in is not None and ends_in < timedelta()
        if has_ended or (days is not None and days <= password.age_in_days):
            return "expired"
        if refusal := self.refusal_of_all(protocol):
            return refusal
        if protocol not in password.protocols:
            return "out-of-scope"
        return None if self.in_force else "suspended"

    def refusal_of_web_password(self, protocol: str) -> str | None:
        if not self.active:
            return "account-disabled"
        if refusal := self.refusal_of_all(protocol):
            return refusal
        return "security-password-required" if self.in_force else None


def moment(span: timedelta | None) -> datetime | None:
    return None if span is None else timezone.now() + span


POLICIES = st.builds(
    PolicyModel,
    logon=st.sampled_from([True, True, True, False]),
    protocols=st.frozensets(st.sampled_from(PROTOCOLS)),
    required=st.booleans(),
    required_in=MOMENTS,
    report=st.booleans(),
    most=st.integers(1, 4),
    days=st.sampled_from([None, None, 1, 3]),
    networks=st.sampled_from(NETWORKS),
)
SCOPES = st.tuples(
    st.frozensets(st.sampled_from(PROTOCOLS), min_size=1),
    st.sampled_from(NETWORKS),
    MOMENTS,
)
PLACES = st.integers(0, 9)  # which password, of those that there are


class Mailbox(RuleBasedStateMachine):
    """Erin's mailbox; each run begins anew, and leaves nothing behind."""

    def __init__(self) -> None:
        super().__init__()
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.model = Model()
        policies = {name: make_policy(name) for name in self.model.policies}
        self.domain: Domain = make_domain("firm.example", policies["domain"])
        for name, policy in (("Sales", policies["Sales"]), ("Lab", None)):
            Department.objects.create(domain=self.domain, name=name, policy=policy)
        make_account(ADDRESS, phone="+12025550123")
        self.program = client_with(make_token(f"token {uuid4()}"))
        self.link: str | None = None
        self.link_is_for: PasswordModel | None = None

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.atomic.__exit__(None, None, None)

    @property
    def account(self) -> Account:
        return Account.objects.get(address=ADDRESS)

    @property
    def order(self) -> Order:
        return Order(HOME, "", whole_host=True)

    def row(self, password: PasswordModel) -> ClientPassword:
        return ClientPassword.objects.get(pk=password.pk)

    # --- what owners do ---------------------------------------------------------------

    @rule()
    def switch_on(self) -> None:
        lifecycle.switch_on(self.account, by=HOME)
        self.model.on = True

    @rule()
    def switch_off(self) -> None:
        if not self.model.active:
            with pytest.raises(SessionOver):
                lifecycle.switch_off(self.account, by=HOME)
        elif self.model.policy.requires:
            with pytest.raises(lifecycle.Required):
                lifecycle.switch_off(self.account, by=HOME)
        else:
            switch_off(self.account, by=HOME)
            self.model.on = False

    @rule()
    def issue(self) -> None:
        code = code_for(self.account)
        if refusal := self.model.refusal():
            with pytest.raises(refusal):
                issue(self.account, code)
        else:
            issued = issue(self.account, code, label="Phone")
            self.note(issued)

    def note(self, issued: lifecycle.Issued) -> None:
        row = issued.client_password
        made = PasswordModel(row.pk, issued.secret, row.label)
        self.model.passwords.append(made)

    @precondition(lambda self: self.model.passwords)
    @rule(place=PLACES, label=st.sampled_from(["Phone", "Tablet"]))
    def rename(self, place: int, label: str) -> None:
        password = self.model.passwords[place % len(self.model.passwords)]
        lifecycle.rename(self.row(password), label)
        password.label = label

    @precondition(lambda self: self.model.active and self.model.live)
    @rule(place=PLACES, scope=SCOPES)
    def limit(self, place: int, scope: tuple[Any, str, timedelta | None]) -> None:
        password = self.model.live[place % len(self.model.live)]
        protocols, networks, expires_in = scope
        listed = tuple(each for each in networks.split(",") if each)
        wanted = Scope(protocols, listed, moment(expires_in))
        lifecycle.limit_scope(self.row(password), wanted, by=HOME)
        password.protocols, password.networks = protocols, networks
        password.expires_in = expires_in

    @precondition(lambda self: self.model.live)
    @rule(place=PLACES)
    def delete(self, place: int) -> None:
        password = self.model.live[place % len(self.model.live)]
        rows = ClientPassword.objects.filter(pk=password.pk)
        assert lifecycle.revoke(rows, by=HOME) == 1
        assert lifecycle.revoke(rows, by=HOME) == 0
        self.model.revoke(password)
        self.link = None  # which may have gone with it

    @precondition(lambda self: self.model.passwords)
    @rule(place=PLACES)
    def replace(self, place: int) -> None:
        other = self.model.passwords[place % len(self.model.passwords)]

        def replace() -> lifecycle.Issued:
            return lifecycle.issue(
                self.account,
                code=code_for(self.account),
                attempt=uuid4(),
                label=self.row(other),
                by=HOME,
            )

        if refusal := self.model.refusal_to_replace(other):
            with pytest.raises(refusal):
                replace()
            return
        self.note_replacement(replace(), other)

    def note_replacement(self, issued: lifecycle.Issued, other: PasswordModel) -> None:
        self.note(issued)
        made = self.model.passwords[-1]
        made.protocols, made.networks = other.protocols, other.networks
        has_ended = other.expires_in is not None and other.expires_in < timedelta()
        made.expires_in = None if has_ended else other.expires_in
        made.replaces = None if other.revoked else other.pk

    @precondition(lambda self: self.model.waiting)
    @rule(place=PLACES)
    def use(self, place: int) -> None:
        password = self.model.waiting[place % len(self.model.waiting)]
        make_usage(self.row(password))
        old = next(each for each in self.model.live if each.pk == password.replaces)
        assert replacing.delete_replaced() == 1
        self.model.revoke(old)
        self.link = None

    @precondition(lambda self: self.model.active and self.model.waiting)
    @rule(place=PLACES)
    def keep_both(self, place: int) -> None:
        password = self.model.waiting[place % len(self.model.waiting)]
        if len(self.model.counted) >= self.model.policy.most:
            with pytest.raises(lifecycle.LimitReached):
                replacing.keep_both(self.row(password), by=HOME)
        else:
            replacing.keep_both(self.row(password), by=HOME)
            password.replaces = None

    @precondition(lambda self: self.model.active and self.model.refusal() is None)
    @rule()
    def offer_a_link(self) -> None:
        code = code_for(self.account)
        offered = links.offer(self.account, code=code, attempt=uuid4(), by=HOME)
        self.link, self.link_is_for = offered.token, None

    @precondition(lambda self: self.model.active and self.model.passwords)
    @rule(place=PLACES)
    def offer_a_link_to_replace(self, place: int) -> None:
        other = self.model.passwords[place % len(self.model.passwords)]
        if self.model.refusal_to_replace(other):
            return
        code, row = code_for(self.account), self.row(other)
        offered = links.offer(
            self.account, code=code, attempt=uuid4(), by=HOME, other=row
        )
        self.link, self.link_is_for = offered.token, other

    @precondition(lambda self: self.link is not None)
    @rule()
    def redeem_the_link(self) -> None:
        def redeem() -> lifecycle.Issued:
            return links.redeem(str(self.link), user_agent="", network_address=None)

        other = self.link_is_for
        refusal = (
            self.model.refusal_to_replace(other) if other else self.model.refusal()
        )
        if not self.model.active:
            with pytest.raises(links.LinkGone):
                redeem()
        elif refusal:
            with pytest.raises(refusal):
                redeem()
        else:
            if other:
                self.note_replacement(redeem(), other)
            else:
                self.note(redeem())
            with pytest.raises(links.LinkGone):
                redeem()
            self.link = None

    # --- what administrators do -------------------------------------------------------

    @rule(name=st.sampled_from(["domain", "Sales", "own"]), policy=POLICIES)
    def change_a_policy(self, name: str, policy: PolicyModel) -> None:
        row = PolicyRow.objects.get(name=name)
        operations.save_policy(row, policy.fields(), self.order)
        self.model.policies[name] = policy

    @rule(ends_in=MOMENTS)
    def make_an_exception(self, ends_in: timedelta | None) -> None:
        policy = PolicyRow.objects.get(name="own")
        operations.set_policy(self.account, policy, moment(ends_in), self.order)
        self.model.exception, self.model.exception_ends_in = True, ends_in

    @rule()
    def take_the_exception_away(self) -> None:
        operations.set_policy(self.account, None, None, self.order)
        self.model.exception, self.model.exception_ends_in = False, None

    @rule(name=st.sampled_from(["Sales", "Lab", ""]))
    def move(self, name: str) -> None:
        department = Department.objects.filter(name=name).first()
        Account.objects.filter(address=ADDRESS).update(department=department)
        self.model.department = name

    @precondition(lambda self: self.model.passwords)
    @rule(place=PLACES, days=st.integers(0, 4))
    def let_it_age(self, place: int, days: int) -> None:
        password = self.model.passwords[place % len(self.model.passwords)]
        # A little more: within a transaction the clock of PostgreSQL stands still.
        made_at = timezone.now() - days * DAY - timedelta(minutes=30)
        ClientPassword.objects.filter(pk=password.pk).update(created_at=made_at)
        password.age_in_days = days

    @rule()
    def offboard(self) -> None:
        operations.offboard(self.account, self.order)
        self.forget_all()
        self.model.active = False

    def forget_all(self) -> None:
        self.model.revoke(*self.model.live)
        self.link = None

    # --- what programs do -------------------------------------------------------------

    @rule(active=st.booleans())
    def set_active_by_token(self, active: bool) -> None:  # noqa: FBT001
        if active != self.model.active:
            self.link = None  # to disable a mailbox may end it
        answer = send(
            self.program, "PATCH", f"{ACCOUNTS}/{ADDRESS}", {"active": active}, ANY
        )
        assert answer.json()["active"] is active
        self.model.active = active

    @rule()
    def revoke_by_token(self) -> None:
        place = f"{ACCOUNTS}/{ADDRESS}/client-passwords"
        answer = self.program.delete(place)
        assert answer.json() == {"revoked": len(self.model.live)}
        self.forget_all()

    # --- what has to be true ----------------------------------------------------------

    @invariant()
    def the_views_say_what_the_model_says(self) -> None:
        rows = MailLogon.objects.filter(address=ADDRESS)
        found = {(row.credential, row.protocol): row.refusal for row in rows}
        assert found == {
            (each.pk, protocol): self.model.refusal_of(each, protocol)
            for each in self.model.passwords
            for protocol in PROTOCOLS
        }
        web = MailWebLogon.objects.filter(address=ADDRESS)
        assert {row.protocol: row.refusal for row in web} == {
            protocol: self.model.refusal_of_web_password(protocol)
            for protocol in PROTOCOLS
        }

    @invariant()
    def the_queries_say_the_same(self) -> None:
        rows = Account.objects.alias(binding=queries.binding_policy())
        is_there = {
            name: rows.filter(condition, address=ADDRESS).exists()
            for name, condition in (
                ("required", queries.are_client_passwords_required()),
                ("in force", queries.are_client_passwords_in_force()),
                ("can log on", queries.can_client_passwords_log_on()),
            )
        }
        in_force, policy = self.model.in_force, self.model.policy
        assert is_there == {
            "required": policy.requires,
            "in force": in_force,
            "can log on": in_force and policy.logon and self.model.active,
        }

    @invariant()
    def names_and_slots_are_kept(self) -> None:
        rows = ClientPassword.objects.filter(account__address=ADDRESS)
        assert dict(rows.values_list("pk", "label")) == {
            each.pk: each.label for each in self.model.passwords
        }
        slots = list(rows.live().values_list("slot", flat=True))
        assert len(set(slots)) == len(slots) == len(self.model.live)

    @rule(
        place=PLACES,
        protocol=st.sampled_from(PROTOCOLS),
        ip=st.sampled_from([OFFICE, OUTSIDE]),
    )
    def log_on(self, place: int, protocol: str, ip: str) -> None:
        for each, refusal in self.credentials(place, protocol, ip):
            found = decision.decide(ADDRESS, protocol, each, ip)
            assert (found.login_name is None) == (refusal is not None), found
            assert refusal is None or found.reason.endswith(refusal)

    def credentials(
        self, place: int, protocol: str, ip: str
    ) -> Iterator[tuple[str, str | None]]:
        """Give the web password and a security password, and what refuses each."""
        policy = self.model.policy
        by_policy = None if is_in(ip, policy.networks) else "network-not-allowed"
        yield PASSWORD, self.model.refusal_of_web_password(protocol) or by_policy
        if self.model.passwords:
            each = self.model.passwords[place % len(self.model.passwords)]
            by_own = None if is_in(ip, each.networks) else "out-of-scope"
            refusal = self.model.refusal_of(each, protocol)
            yield each.secret, refusal or by_policy or by_own


def is_in(ip: str, networks: str) -> bool:
    """As two addresses and three lists of networks have it."""
    return not networks or (ip == OUTSIDE) == networks.startswith("203.")


def test_in_any_order_the_portal_says_what_the_model_says(
    db: None, settings: Settings
) -> None:
    settings.DOVEADM_URLS = []
    settings.CODE_COOLDOWN = timedelta()
    settings.API_REQUESTS_PER_MINUTE = 10**6
    for name in ("ACCOUNT_HOUR", "ACCOUNT_DAY", "NUMBER_DAY", "NETWORK_HOUR"):
        setattr(settings, f"CODES_PER_{name}", 10**6)
    settings.CODES_PER_COUNTRY_DAY = settings.CODES_PER_DAY = 10**6

    run_state_machine_as_test(Mailbox, settings=tries(20, steps=30))
