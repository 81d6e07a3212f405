"""Refuse changes by which administrators would shut out their own mail programs.

The change is tried in a transaction and rolled back. The logon views alone decide who
is let in, and they know every policy setting.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Account, MailLogon, MailWebLogon
from accounts.models.protocols import PROTOCOLS_BY_KEY
from accounts.sessions import rights
from accounts.sessions.rights import LostSessions
from clientpasswords import refusals
from clientpasswords.models import ClientPassword, Logon
from clientpasswords.refusals import NETWORK_NOT_ALLOWED
from clientpasswords.rollout import RECENT
from gateways.doveadm import Connection


@dataclass(frozen=True)
class Lockout:
    """What would be refused: the protocols, and the reasons that the views give."""

    protocols: list[str]
    reasons: set[str]

    def blamed_field(self, names: list[str]) -> str:
        """Return the changed field that causes the lockout.

        It is a setting of the policy, or the field that names the policy. `names` are
        the changed fields, at least one.
        """
        settings = {refusals.BY_KEY[reason].policy_setting for reason in self.reasons}
        found = [name for name in names if name in settings or name in self.protocols]
        # The views give a list of networks for this, and no reason.
        networks = [
            name for name in names if name == NETWORK_NOT_ALLOWED.policy_setting
        ]
        return (found or networks or names)[0]


def check(author: Account, change: Callable[[], object]) -> Lockout | None:
    """Return what the change would refuse of the mail programs the author used lately.

    Only what is let in now counts. None: the change refuses nothing. The change itself
    is rolled back.
    """
    recent = _recent_logons(author)
    if not recent:
        return None
    with transaction.atomic():
        before = _refused_logons(author, recent)
        change()
        refused = _refused_logons(author, recent) - before
        reasons = _refusal_reasons(author)
        transaction.set_rollback(True)
    if not refused:
        return None
    protocols = {each.protocol for each in refused}
    return Lockout(sorted(protocols), reasons)


def _recent_logons(author: Account) -> list[Logon]:
    """Return the recent successful logons of the author."""
    rows = Logon.objects.filter(
        Q(by_web_password=True) | Q(client_password__revoked_at=None),
        account=author,
        reason="",
        last_at__gte=timezone.now() - RECENT,
    ).exclude(by_web_password=False, client_password=None)
    return [row for row in rows if row.protocol in PROTOCOLS_BY_KEY]


def _refused_logons(author: Account, used: list[Logon]) -> set[Logon]:
    """Return the logons that would be refused now.

    They are checked under the names that their sessions would have: a change of
    networks changes these names.
    """
    names = ClientPassword.objects.filter(account=author).login_names()
    on_line = {
        row: Connection(
            names.get(row.client_password_id or 0, author.address),
            PROTOCOLS_BY_KEY[row.protocol].session_services[0],
            0,
            row.network_address or "",
        )
        for row in used
    }
    gone = rights.find_lost_sessions(on_line.values())
    return {
        row
        for row, each in on_line.items()
        for protocol in (row.protocol, None)
        if LostSessions(each.username, each.ip, protocol) in gone
    }


def _refusal_reasons(author: Account) -> set[str]:
    views = (MailLogon, MailWebLogon)
    return {
        refusal
        for view in views
        for refusal in view.objects.filter(address=author.address).values_list(
            "refusal", flat=True
        )
        if refusal
    }
