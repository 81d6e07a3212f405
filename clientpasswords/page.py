"""The state behind the page of security passwords of one account."""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cached_property

from django.db.models import Subquery
from django.urls import reverse
from django.utils import timezone

from accounts import codes, networks, sites
from accounts.models import Account, MailLogon, Phone
from accounts.models.protocols import PROTOCOL_KEYS, PROTOCOLS
from accounts.policy import effective, queries
from accounts.policy.effective import EffectivePolicy
from accounts.sessions import cutoffs
from accounts.signin import authenticator
from accounts.sites import Server, ServerPair
from clientpasswords import labels, lifecycle
from clientpasswords.models import ClientPassword, FollowedLog, Logon
from clientpasswords.refusals import REQUIRED, SUSPENDED_UNUSED
from clientpasswords.strip import Strip, read_strip

# A mail program is shown as refused for this time.
REFUSED_WITHIN = timedelta(days=1)
# A mail program that used the web password within this time may do so again.
WEB_PASSWORD_USED_WITHIN = timedelta(days=30)
MOST_PROGRAMS = 5
MOST_REFUSALS = 50  # rows of the history, each of one protocol, network and mail server
# How long an owner may take to enter a new security password on a device.
SET_UP_WITHIN = timedelta(days=1)
REFUSAL_KEYS: dict[type[Exception], str] = {
    lifecycle.ThirdPartyLogonOff: "third-party-logon-off",
    lifecycle.NotInForce: "not-in-force",
    lifecycle.LimitReached: "limit",
    codes.NoPhone: "no-phone",
    codes.Held: "held",
    codes.Locked: "locked",
}


@dataclass(frozen=True)
class OtherPasswordTried:
    """Logons that were refused as they need a security password, the newest first."""

    rows: list[Logon]

    @property
    def count(self) -> int:
        return sum(row.count for row in self.rows)

    @property
    def last_at(self) -> datetime:
        return self.rows[0].last_at

    @property
    def network_address(self) -> str | None:
        """From where the last of them came."""
        return self.rows[0].network_address

    @property
    def protocols(self) -> str:
        """Which protocols were tried, in the order of all lists: "IMAP, SMTP"."""
        tried = {row.protocol for row in self.rows}
        return ", ".join(each.label for each in PROTOCOLS if each.key in tried)


@dataclass(frozen=True)
class Row:
    """A client password in the list, with the addresses of its page and window."""

    client_password: ClientPassword
    page: str
    delete_window: str
    replace_window: str

    @property
    def symbol(self) -> str:
        """The icon for its name."""
        return labels.symbol(self.client_password.label)

    @property
    def name_id(self) -> str:
        """The id of the element with its name: a number would be localized."""
        return f"device-{self.client_password.pk}"

    @property
    def replace_id(self) -> str:
        return f"replace-{self.client_password.pk}"

    @property
    def delete_id(self) -> str:
        return f"delete-{self.client_password.pk}"


@dataclass
class SecurityPasswordPage:
    """The page *Third-Party Client Logon Security Management* of one account.

    Each part is loaded when it is first used. The number of queries does not depend on
    the number of passwords.
    """

    account: Account
    new_pk: int | None = None
    zone: tzinfo | None = None  # where the reader is, if that is known

    @cached_property
    def _account_and_times(self) -> tuple[Account, datetime | None, datetime | None]:
        """The account, since when a log is silent, and when the app was set up."""
        rows = queries.accounts_with_policies().select_related("phone")
        silent = FollowedLog.objects.silent().order_by("read_to").values("read_to")
        row = rows.annotate(
            silent_since=Subquery(silent[:1]),
            app_set_up_at=authenticator.select_set_up_time(),
        ).get(pk=self.account.pk)
        return row, row.silent_since, row.app_set_up_at

    @property
    def _row(self) -> Account:
        return self._account_and_times[0]

    @cached_property
    def effective(self) -> EffectivePolicy:
        return effective.get_effective_policy(self._row)

    @cached_property
    def passwords(self) -> list[ClientPassword]:
        live = self.account.client_passwords.live()
        rows = list(live.select_related("usage", "replacement").last_used_first())
        old = {row.pk for row in rows if hasattr(row, "replacement")}
        new = {row.replaces_id: row for row in rows if row.replaces_id in old}
        # What replaces another is next to it.
        pairs = (
            [new[row.pk], row] if row.pk in new else [row]
            for row in rows
            if row.replaces_id is None
        )
        return [self.with_lifetime(row) for pair in pairs for row in pair]

    @property
    def rows(self) -> list[Row]:
        """The rows of the list."""
        return [
            Row(
                each,
                reverse("clientpasswords:device", args=[each.pk]),
                reverse("clientpasswords:delete", args=[each.pk]),
                reverse("clientpasswords:replace", args=[each.pk]),
            )
            for each in self.passwords
        ]

    @cached_property
    def strip(self) -> Strip:
        """When mail programs signed in, and were refused, by device and day."""
        return read_strip(self.account, self.passwords, self.zone)

    def with_lifetime(self, row: ClientPassword) -> ClientPassword:
        """Set what the policy says of its lifetime and inactivity; return it."""
        policy = self.effective.policy
        row.days_of_life = policy.client_password_days
        if row.suspends_at is not None and policy.suspends:
            row.is_suspended = row.pk in self._suspended
            row.will_be_suspended = not row.is_suspended
        return row

    @cached_property
    def _suspended(self) -> set[int]:
        """The keys of those that are suspended for inactivity."""
        rows = MailLogon.objects.filter(
            address=self.account.address,
            protocol=PROTOCOL_KEYS[0],  # by each protocol alike
            refusal=SUSPENDED_UNUSED.key,
        )
        return set(rows.values_list("credential", flat=True))

    @cached_property
    def phone_record(self) -> Phone | None:
        return getattr(self._row, "phone", None)

    def read_phone_again(self) -> None:
        """Show the phone as it is now: a code may be on its way to it."""
        self.phone_record = Phone.objects.filter(account=self.account).first()

    @cached_property
    def other_password_tried(self) -> OtherPasswordTried | None:
        """Recent logons that were refused as they need a security password."""
        if not self.in_force:
            return None
        lately = timezone.now() - REFUSED_WITHIN
        rows = self.account.logons.filter(reason=REQUIRED.key, last_at__gte=lately)
        newest = list(rows[:MOST_REFUSALS])
        return OtherPasswordTried(newest) if newest else None

    @cached_property
    def cutoffs_open(self) -> int:
        return cutoffs.count_unconfirmed(self.account)

    @property
    def is_switched_on(self) -> bool:
        return self._row.client_passwords_on

    @property
    def is_required(self) -> bool:
        return self.effective.policy.requires_client_passwords

    @property
    def required_from(self) -> datetime | None:
        """When security passwords become required; None if they already are in use."""
        policy = self.effective.policy
        if self.is_switched_on or not policy.will_require_client_passwords:
            return None
        return policy.required_from

    @cached_property
    def programs_to_change(self) -> list[Logon]:
        """The newest logons by the web password, which would be refused."""
        if self.in_force:
            return []
        since = timezone.now() - WEB_PASSWORD_USED_WITHIN
        rows = self.account.logons.filter(by_web_password=True, last_at__gte=since)
        return list(rows[:MOST_PROGRAMS])

    @property
    def in_force(self) -> bool:
        return effective.client_passwords_in_force(self._row, self.effective.policy)

    @property
    def decided_by(self) -> str:
        return self.effective.decided_by

    @cached_property
    def least_recently_used(self) -> ClientPassword | None:
        """At the limit, the password that was last used the longest ago, if known.

        One that was never used counts from its creation. New ones are left out, as they
        may not be entered on their device yet.
        """
        if self.refusal_key != "limit" or self.silent_since:
            return None
        made_before = timezone.now() - SET_UP_WITHIN
        rows = [
            row
            for row in self.passwords
            if row.created_at <= made_before and not row.is_in_a_pair
        ]
        return min(rows, key=_last_sign_of_life, default=None)

    @property
    def silent_since(self) -> datetime | None:
        """Since when uses are unknown because a mail server is silent, if one is."""
        return self._account_and_times[1]

    @property
    def count(self) -> int:
        """How many count against the limit."""
        return sum(row.replaces_id is None for row in self.passwords)

    @property
    def limit(self) -> int:
        return self.effective.policy.max_client_passwords

    @property
    def masked_phone(self) -> str:
        return self.phone_record.masked if self.phone_record else ""

    @property
    def owner_sets_phone(self) -> bool:
        return self.effective.policy.owner_sets_phone

    @property
    def code_to_switch_off(self) -> bool:
        return self.effective.policy.code_to_switch_off

    @property
    def client_networks(self) -> list[str]:
        """The only networks that mail programs are let in from; empty means any."""
        return networks.split_networks(self.effective.policy.client_networks)

    @property
    def protocols_on(self) -> list[str]:
        return self.effective.policy.labels_of_protocols(on=True)

    @property
    def protocols_off(self) -> list[str]:
        return self.effective.policy.labels_of_protocols(on=False)

    @cached_property
    def servers(self) -> list[Server]:
        """The servers to enter in a mail program, of those that let the account in."""
        on = self.protocols_on if self.lets_programs_in else []
        return [row for row in sites.get_own_site().servers if row.purpose in on]

    @property
    def incoming(self) -> Server | None:
        """The server to receive mail from; None where programs can only send."""
        return sites.find_incoming(self.servers)

    @property
    def outgoing(self) -> Server | None:
        """The server to send mail by; None where programs can only receive."""
        return sites.find_outgoing(self.servers)

    @property
    def server_pair(self) -> ServerPair | None:
        """The servers to receive from and send by; None unless there are both.

        Profiles and codes that set a program up without typing need both.
        """
        return sites.choose_servers(self.servers)

    @property
    def lets_programs_in(self) -> bool:
        """Whether any mail program can connect at all."""
        return self.effective.policy.third_party_logon and bool(self.protocols_on)

    @property
    def refusal(self) -> lifecycle.Refused | codes.CodeError | None:
        """Why no further password can be issued now; None if one can."""
        return self.find_refusal()

    def find_refusal(
        self, other: ClientPassword | None = None
    ) -> lifecycle.Refused | codes.CodeError | None:
        """Why none can be issued for the device of `other`, or for another one."""
        refusal = lifecycle.find_refusal(
            self._row, self.effective.policy, in_use=self.count, other=other
        )
        return refusal or self.code_refusal

    @property
    def can_replace(self) -> bool:
        """Whether a device can get a new password, even where there is no more room."""
        policy = self.effective.policy
        refusal = lifecycle.find_refusal(self._row, policy, in_use=0)
        return refusal is None and self.code_refusal is None

    @property
    def code_refusal(self) -> codes.CodeError | None:
        """Why codes of neither kind can be used; None if one can."""
        refusal = self.phone_refusal
        return None if refusal is None or self.can_use_app else refusal

    @property
    def phone_refusal(self) -> codes.CodeError | None:
        """Why no code can be sent by text message; None if one can."""
        return (
            codes.get_phone_refusal(self.phone_record)
            if self.phone_record
            else codes.NoPhone()
        )

    @cached_property
    def app_from(self) -> datetime | None:
        """When the authenticator app can first be used; None if there is none."""
        return authenticator.get_usable_from(
            self._account_and_times[2],
            self.effective.policy,
            has_phone=self.phone_record is not None,
        )

    @property
    def can_use_app(self) -> bool:
        return self.app_from is not None and self.app_from <= timezone.now()

    @cached_property
    def refusal_key(self) -> str:
        """The refusal as a key for templates; empty if there is none."""
        if self.refusal is None:
            return ""
        if self.effective.policy.third_party_logon and not self.protocols_on:
            return "all-protocols-off"
        return REFUSAL_KEYS[type(self.refusal)]


def _last_sign_of_life(row: ClientPassword) -> datetime:
    return row.used.last_at if row.used else row.created_at
