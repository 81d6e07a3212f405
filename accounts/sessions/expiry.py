"""Rights that end by time alone: nobody acts, and yet sessions have to be ended.

A date from which security passwords are required, the end of an exception, the life of
a security password, its suspension as nobody used it: the logon views know them all by
the clock. So it is enough to ask the mail servers every minute who is on line, and the
views who may be.
"""

from django.conf import settings
from django.db.models import Q

from accounts.models import Account, Cutoff, Policy
from accounts.sessions import cutoffs, rights
from gateways import doveadm


def end_expired_sessions() -> int:
    """Order the end of every session that has lost its right; return of how many names.

    A mail server that does not answer is asked again in the next round, and so is
    whoever was not ended in this one.
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
    """Whether any right at all ends by time, but for those that are ordered singly."""
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
