"""Reactivate a security password that is, or will be, suspended for inactivity."""

from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts import events
from accounts.codes import Purpose
from accounts.events import Actor, Kind
from accounts.models import Account
from accounts.policy import effective
from accounts.signin.authenticator import AppCode
from clientpasswords import lifecycle
from clientpasswords.models import ClientPassword


@sensitive_variables("code")
def reactivate(
    account: Account,
    client_password: ClientPassword,
    *,
    code: str | AppCode,
    by: Actor,
) -> None:
    """Spend `code` and let the password in again; its inactivity starts from now.

    If no suspension is set, nothing changes and the code stays valid.

    Raises:
        SessionOver: The session of who asks was ended meanwhile; nothing changed.
        codes.CodeError: Nothing changed, except that a wrong try was counted.
    """
    with transaction.atomic():
        owner = Account.objects.lock_own(account)
        rows = owner.client_passwords.live().filter(pk=client_password.pk)
        row = rows.filter(suspends_at__isnull=False).first()
        if row is None:
            return
        policy = effective.load_effective_policy(owner).policy
        refusal = lifecycle.spend_code(owner, policy, code, by, Purpose.REACTIVATE)
        if refusal is None:
            rows.update(suspends_at=None, revived_at=timezone.now())
            events.record(Kind.REACTIVATED, owner, by=by, **row.event_detail)
    if refusal is not None:  # outside of the transaction, which would undo the count
        raise refusal
