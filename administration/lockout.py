"""Whether a change would shut out the mail programs of whoever makes it.

The change is tried on the database and taken back: the logon views alone decide who is
let in, and know of every answer that a policy gives.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import rights
from accounts.models import Account, MailLogon, MailWebLogon
from accounts.rights import Lost
from clientpasswords.models import Logon
from clientpasswords.rollout import LATELY
from gateways.doveadm import Connection

SERVICES = {"imap": "imap", "pop3": "pop3", "smtp": "submission"}


@dataclass(frozen=True)
class ShutOut:
    """What the mail programs would be told: the protocols, and the views' reasons."""

    protocols: list[str]
    reasons: set[str]


def of(author: Account, change: Callable[[], object]) -> ShutOut | None:
    """Return what of theirs, in use lately and let in now, the change would refuse.

    None if that is nothing. Nothing is kept of the change.
    """
    used = _in_use(author)
    if not used:
        return None
    with transaction.atomic():
        before = _refused(used)
        change()
        refused = _refused(used) - before
        reasons = _reasons(author)
        transaction.set_rollback(True)
    if not refused:
        return None
    protocols = {rights.PROTOCOLS[each.service] for each in refused}
    return ShutOut(sorted(protocols), reasons)


def _in_use(author: Account) -> list[Connection]:
    """The author's mail programs of late, as if they were on line."""
    rows = Logon.objects.filter(
        Q(by_web_password=True) | Q(client_password__revoked_at=None),
        account=author,
        reason="",
        last_at__gte=timezone.now() - LATELY,
    ).exclude(by_web_password=False, client_password=None)
    return [
        Connection(
            row.client_password.login_name if row.client_password else author.address,
            SERVICES[row.protocol],
            0,
            row.network_address or "",
        )
        for row in rows.select_related("client_password__account")
        if row.protocol in SERVICES
    ]


def _refused(used: list[Connection]) -> set[Connection]:
    gone = rights.lost(used)
    return {
        each
        for each in used
        for protocol in (rights.PROTOCOLS[each.service], None)
        if Lost(each.username, each.ip, protocol) in gone
    }


def _reasons(author: Account) -> set[str]:
    views = (MailLogon, MailWebLogon)
    return {
        refusal
        for view in views
        for refusal in view.objects.filter(address=author.address).values_list(
            "refusal", flat=True
        )
        if refusal
    }
