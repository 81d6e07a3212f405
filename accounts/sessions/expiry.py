"""Expiry of mail sessions: end sessions whose right ended by time alone.

A right can end without anybody acting: security passwords become required, an exception
ends, or a security password expires or is suspended. The logon views compare all these
times with the clock. So once a minute this module asks the mail servers for their
sessions, and the views whether each is still allowed.
"""

from django.conf import settings
from django.db.models import Q

from accounts.models import Account, Cutoff, Policy
from accounts.sessions import cutoffs, rights
from gateways import doveadm


def end_expired_sessions() -> int:
    """Order cut-offs for all sessions that lost their right; return how many names.

    Mail servers that do not answer, and sessions that did not end, are tried again in
    the next round.
    """
    if not _can_rights_expire():
        return 0
    found = {
        each.login_name
        for node in settings.DOVEADM_URLS
        for each in rights.find_lost_sessions(_list_sessions(node), in_our_domains=True)
    }
    ordered = Cutoff.objects.unconfirmed().filter(is_review=True, login_mask__in=found)
    names = found.difference(ordered.values_list("login_mask", flat=True))
    for name in names:
        cutoffs.review_sessions(name)
    return len(names)


def _can_rights_expire() -> bool:
    """Return whether the policies or exceptions make any right end by time.

    Other times, such as those that owners set, have their own scheduled cut-offs.
    """
    of_policies = Q(required_from__isnull=False) | Q(client_password_days__isnull=False)
    return (
        Policy.objects.filter(of_policies).exists()
        or Policy.objects.suspending().exists()
        or Account.objects.filter(policy_until__isnull=False).exists()
    )


def _list_sessions(node: str) -> list[doveadm.Connection]:
    try:
        return doveadm.list_sessions(node, "*")
    except (doveadm.DoveadmError, ValueError):
        return []
