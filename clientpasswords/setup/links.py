"""Links that set up another device: offered for a code, redeemed once.

The owner sees the link as a QR code. The device that opens it within ten minutes gets a
client password of its own, issued at that moment: none is stored in clear. A link may
be for a device that has a password: the new one then takes its place (`replacing`).
"""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.debug import sensitive_variables

from accounts import codes, retention
from accounts.events import Actor
from accounts.models import Account, Phone
from accounts.notify import queue
from accounts.policy import effective
from accounts.signin import second_factor
from accounts.signin.authenticator import AppCode
from clientpasswords import labels, lifecycle
from clientpasswords.lifecycle import Issued
from clientpasswords.models import ClientPassword, SetUpLink

LIFETIME = timedelta(minutes=10)


class AlreadyOffered(Exception):
    """The same form was sent before, and its link was shown then."""


class LinkGone(Exception):
    """The link was redeemed, withdrawn or replaced, has expired, or never existed."""


@dataclass(frozen=True)
class Offer:
    """A new link and the token that opens it: shown once, never stored."""

    link: SetUpLink
    token: str = field(repr=False)


@sensitive_variables("code", "token")
def offer(
    account: Account,
    *,
    code: str | AppCode,
    attempt: UUID,
    by: Actor,
    other: ClientPassword | None = None,
) -> Offer:
    """Spend `code` for a link instead of a password; earlier links become invalid.

    `other` is a client password of the account: what the link brings is then for the
    same device, as for `lifecycle.issue`.

    Raises:
        AlreadyOffered: The attempt succeeded before; the code was not checked.
        Refused, SessionOver: No password could be issued; the code stays valid.
        codes.CodeError: A wrong try was counted.
    """
    token = secrets.token_urlsafe(16)
    with transaction.atomic():
        owner = Account.objects.lock_own(account)
        if owner.set_up_links.filter(attempt=attempt).exists():
            raise AlreadyOffered
        policy = effective.load_effective_policy(owner).policy
        other = lifecycle.find_other(owner, other)
        lifecycle.require_room(owner, policy, other=other)
        link = None
        refusal = lifecycle.spend_code(owner, policy, code, by)
        if refusal is None:
            owner.set_up_links.all().unused().delete()
            link = owner.set_up_links.create(
                digest=_digest(token),
                attempt=attempt,
                sessions=_proofs_of(owner),
                expires_at=timezone.now() + LIFETIME,
                device_of=other,
            )
    if link is None:  # outside of the transaction, which would undo the count
        raise refusal or codes.NoCode
    return Offer(link, token)


@sensitive_variables("token")
def find(token: str) -> SetUpLink:
    """Return the link that this token opens, without a change to it.

    The token becomes invalid when the web password is changed or all sessions are
    ended, as an attacker may have made the link. So it does when the phone number or a
    second factor changes.

    Raises:
        LinkGone: There is no such link any more.
    """
    rows = SetUpLink.objects.open().select_related("account", "device_of")
    link = rows.filter(digest=_digest(token), account__is_active=True).first()
    if link is None:
        raise LinkGone
    if not constant_time_compare(link.sessions, _proofs_of(link.account)):
        raise LinkGone
    return link


@sensitive_variables("token")
def redeem(token: str, *, user_agent: str, network_address: str | None) -> Issued:
    """Issue a client password for the device that opened the link, once.

    Raises:
        LinkGone: There is no such link any more.
        Refused: No password can be issued now; the link stays valid until it expires.
    """
    with transaction.atomic():
        owner = Account.objects.lock(find(token).account_id)
        link = find(token)  # it may have been redeemed while this waited for the lock
        policy = effective.load_effective_policy(owner).policy
        lifecycle.require_room(owner, policy, other=link.device_of)
        taken = owner.client_passwords.live().values_list("label", flat=True)
        issued = lifecycle.create(
            owner,
            attempt=uuid4(),  # by that of the link's form another may be issued
            label=labels.suggest(user_agent, set(taken)),
            by=Actor(owner.address, network_address),
            other=link.device_of,
        )
        # No window follows in which its owner could name the device.
        queue.send_named(owner.pk, issued.client_password.pk)
        link.used_at = timezone.now()
        link.client_password = issued.client_password
        link.save(update_fields=["used_at", "client_password"])
    return issued


def withdraw(account: Account) -> None:
    """Make the link that was not redeemed yet invalid."""
    account.set_up_links.all().unused().delete()


def forget() -> int:
    """Delete links that expired before the retention time; return how many."""
    old = SetUpLink.objects.all().older_than(retention.SET_UP_LINKS.oldest)
    return old.delete()[0]


def _proofs_of(owner: Account) -> str:
    """Return a digest of everything that proves to be the owner now.

    Comparing it finds a change of these, whatever has caused it.
    """
    phone = Phone.objects.filter(account=owner).first()
    app = second_factor.get_app(owner)
    keys = second_factor.get_passkeys(owner).order_by("pk").values_list("pk", flat=True)
    proofs = [
        owner.get_session_auth_hash(),
        str(phone.number) if phone else "",
        f"{app.pk}:{app.key}" if app else "",
        *map(str, keys),
    ]
    mac = salted_hmac(
        "clientpasswords.links.proofs", " ".join(proofs), algorithm="sha256"
    )
    return mac.hexdigest()


@sensitive_variables()
def _digest(token: str) -> str:
    return salted_hmac("clientpasswords.links", token, algorithm="sha256").hexdigest()
