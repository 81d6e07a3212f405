"""Why mail programs cannot connect: what the logon views say, without a password."""

from collections.abc import Iterable
from dataclasses import dataclass

from accounts.models import Account, MailLogon, MailWebLogon
from clientpasswords.logon import decision
from clientpasswords.models import ClientPassword
from clientpasswords.refusals import NETWORK_NOT_ALLOWED, REQUIRED, Refusal


@dataclass(frozen=True)
class Diagnosis:
    """What the mail server would say to one mailbox by one protocol from one place."""

    # Why no mail program is let in at all, or only with a security password.
    refusal: str | None
    # Whether the policy lets mail programs in from there; None: not looked at.
    is_let_in_there: bool | None
    # Why the web password does not open the door from there.
    web_refusal: str | None
    # Whether there is one that the mail server can check.
    has_web_password: bool
    # Each security password that is not deleted, and why it does not from there.
    passwords: list[tuple[ClientPassword, str | None]]

    @property
    def refuses_all(self) -> bool:
        """Whether nothing that a mail program could type would be let in."""
        return self.refusal is not None and not self.in_force

    @property
    def in_force(self) -> bool:
        """Whether mail programs need a security password."""
        return self.refusal == REQUIRED.key

    def is_refused_by(self, refusal: Refusal) -> bool | None:
        """Whether it is what refuses every mail program; None: not looked at."""
        if refusal is not NETWORK_NOT_ALLOWED:
            return self.refusal == refusal.key
        if self.is_let_in_there is None or self.refuses_all:
            return None
        return not self.is_let_in_there

    @property
    def opens_by_web_password(self) -> bool:
        return self.web_refusal is None and self.has_web_password

    @property
    def usable(self) -> int:
        """How many security passwords open the door from there."""
        return sum(refusal is None for _row, refusal in self.passwords)


def diagnose(account: Account, protocol: str, ip: str | None) -> Diagnosis:
    """Ask the views. Three queries. Without `ip`, networks are not looked at.

    Raises:
        MailWebLogon.DoesNotExist: the protocol is none of a mail program's.
    """
    web = MailWebLogon.objects.get(address=account.address, protocol=protocol)
    rows = account.client_passwords.live().select_related("usage")
    found = MailLogon.objects.filter(credential__in=[row.pk for row in rows])
    by_pk = {each.credential: each for each in found.filter(protocol=protocol)}
    return Diagnosis(
        refusal=web.refusal,
        is_let_in_there=None
        if ip is None
        else not decision.refusal_by_network(ip, web),
        web_refusal=web.refusal
        if ip is None
        else decision.refusal_of_web_password(web, ip),
        has_web_password=web.hash is not None,
        passwords=[(row, _refusal(by_pk[row.pk], ip)) for row in rows],
    )


def find_refusals(rows: Iterable[ClientPassword]) -> dict[int, str | None]:
    """Return of each why it opens no door; None if it does by some protocol. One query.

    Networks are not looked at.
    """
    found: dict[int, list[str | None]] = {row.pk: [] for row in rows}
    asked = MailLogon.objects.filter(credential__in=list(found)).order_by("protocol")
    for pk, refusal in asked.values_list("credential", "refusal"):
        found[pk].append(refusal)
    return {
        pk: None if None in refusals or not refusals else refusals[0]
        for pk, refusals in found.items()
    }


def _refusal(row: MailLogon, ip: str | None) -> str | None:
    if ip is None:
        return row.refusal
    return decision.refusal_of_client_password(row, ip)
