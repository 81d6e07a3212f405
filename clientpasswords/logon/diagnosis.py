"""Diagnose why mail programs cannot connect, from the logon views alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import Account, MailLogon, MailWebLogon
from accounts.models.protocols import PROTOCOL_KEYS
from clientpasswords.logon import decision
from clientpasswords.models import ClientPassword
from clientpasswords.refusals import (
    CHECKED_FOR_ALL,
    NETWORK_NOT_ALLOWED,
    REQUIRED,
    Refusal,
)


@dataclass(frozen=True)
class Diagnosis:
    """How the mail server answers for one mailbox, protocol, and network address."""

    # Why every mail program is refused, or needs a security password.
    refusal: str | None
    # Whether the policy allows the network address; None if none was given.
    is_let_in_there: bool | None
    # Why the web password is refused.
    web_refusal: str | None
    # Whether the mail server can check the hash of the web password.
    has_web_password: bool
    # Each security password that is not deleted, and why it is refused.
    passwords: list[tuple[ClientPassword, str | None]]

    @property
    def refuses_all(self) -> bool:
        """Whether every password is refused."""
        return self.refusal is not None and not self.in_force

    @property
    def in_force(self) -> bool:
        """Whether mail programs need a security password."""
        return self.refusal == REQUIRED.key

    def is_refused_by(self, refusal: Refusal) -> bool | None:
        """Whether this is why every mail program is refused; None if not checked."""
        if refusal is not NETWORK_NOT_ALLOWED:
            return self.refusal == refusal.key
        if self.is_let_in_there is None or self.refuses_all:
            return None
        return not self.is_let_in_there

    def has_mended(self, refusal: Refusal, credential: int | None) -> bool:
        """Whether this refused a mail program, and the mail server lets one in now.

        `credential` is the security password that was typed, if it was one. What was
        typed wrong, nobody can know.
        """
        if not self.lets_in:
            return False
        if refusal is REQUIRED:
            return not self.in_force
        if refusal in CHECKED_FOR_ALL:
            return self.is_refused_by(refusal) is False
        return any(
            row.pk == credential and reason is None for row, reason in self.passwords
        )

    @property
    def lets_in(self) -> bool:
        """Whether some password is let in."""
        if self.refuses_all or self.is_let_in_there is False:
            return False
        return self.usable > 0 if self.in_force else self.opens_by_web_password

    @property
    def opens_by_web_password(self) -> bool:
        return self.web_refusal is None and self.has_web_password

    @property
    def usable(self) -> int:
        """The number of security passwords that are let in."""
        return sum(refusal is None for _row, refusal in self.passwords)


def diagnose(account: Account, ip: str | None) -> dict[str, Diagnosis]:
    """Ask the logon views, by protocol. Three queries. Without `ip`, no networks."""
    rows = list(account.client_passwords.live().select_related("usage", "replacement"))
    found: dict[str, dict[int, MailLogon]] = {key: {} for key in PROTOCOL_KEYS}
    for each in MailLogon.objects.filter(credential__in=[row.pk for row in rows]):
        found[each.protocol][each.credential] = each
    webs = MailWebLogon.objects.filter(address=account.address)
    return {
        web.protocol: Diagnosis(
            refusal=web.refusal,
            is_let_in_there=None
            if ip is None
            else not decision.refusal_by_network(ip, web),
            web_refusal=web.refusal
            if ip is None
            else decision.refusal_of_web_password(web, ip),
            has_web_password=web.hash is not None,
            passwords=[
                (row, _refusal(found[web.protocol][row.pk], ip))
                for row in rows
                if row.pk in found[web.protocol]
            ],
        )
        for web in sorted(webs, key=lambda web: PROTOCOL_KEYS.index(web.protocol))
    }


def find_refusals(rows: Iterable[ClientPassword]) -> dict[int, str | None]:
    """Return, by key, why each is refused; None if a protocol lets it in. One query.

    Networks are not checked.
    """
    asked = ClientPassword.objects.filter(pk__in=[row.pk for row in rows])
    return {row.pk: row.refusal for row in asked.with_refusal().only("pk").order_by()}


def _refusal(row: MailLogon, ip: str | None) -> str | None:
    if ip is None:
        return row.refusal
    return decision.refusal_of_client_password(row, ip)
