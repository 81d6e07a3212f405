"""Replace the password of a device: the old one works until the new one is used.

`lifecycle.issue` makes the new one. It waits: it is the `replacement` of the old one,
and both count as one against the limit. What ends that is here, or is the deletion of
either.
"""

from django.db import transaction

from accounts import events
from accounts.events import Actor, Kind
from accounts.models import Account
from accounts.policy import effective
from clientpasswords import lifecycle
from clientpasswords.models import ClientPassword, Usage

BATCH = 100  # passwords in one round


def delete_replaced() -> int:
    """Delete each client password whose replacement was used; return how many.

    Call it every second. Its owner is notified of both by one mail: the follower of the
    log leaves the first use out.
    """
    used = Usage.objects.filter(client_password__replaces__isnull=False)
    rows = used.select_related("client_password").order_by("client_password")[:BATCH]
    return sum(_delete_replaced_by(each) for each in rows)


def _delete_replaced_by(usage: Usage) -> int:
    """Delete the password that this one replaces, unless that was called off."""
    replaced = ClientPassword.objects.filter(replacement=usage.client_password)
    with transaction.atomic():
        Account.objects.lock(usage.client_password.account_id)
        return lifecycle.revoke(
            replaced.replaced(),
            by=Actor(usage.node, usage.network_address),
            kind=Kind.REPLACED,
            protocol=usage.protocol,
        )


def keep_both(client_password: ClientPassword, *, by: Actor) -> bool:
    """Call the replacement off: this one and the one it was to replace stay.

    Return whether it still waited; otherwise nothing changed. Of this and the deletion
    by the first use, the first one counts: both lock the owner.

    Raises:
        LimitReached: There is room for one of them only; nothing changed.
        SessionOver: The session of who asks was ended meanwhile; nothing changed.
    """
    with transaction.atomic():
        owner = Account.objects.lock_own(client_password.account)
        rows = owner.client_passwords.filter(pk=client_password.pk)
        if not rows.filter(replaces__isnull=False).exists():
            return False
        policy = effective.load_effective_policy(owner).policy
        if owner.client_passwords.counted().count() >= policy.max_client_passwords:
            raise lifecycle.LimitReached
        lifecycle.end_replacements(rows)
        events.record(Kind.KEPT_BOTH, owner, by=by, **client_password.event_detail)
    return True
