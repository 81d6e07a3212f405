"""Links by which another device sets itself up: offered for a code, used once.

The owner sees the link as a QR code. Whoever opens it within ten minutes gets a client
password of its own, made at that moment: none waits anywhere in the clear.
"""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac
from django.views.decorators.debug import sensitive_variables

from accounts import codes, retention
from accounts.events import Actor
from accounts.models import Account, Phone
from accounts.policy import effective
from accounts.signin import second_factor
from accounts.signin.authenticator import AppCode
from clientpasswords import labels, lifecycle
from clientpasswords.lifecycle import Issued
from clientpasswords.models import SetUpLink

LIFETIME = timedelta(minutes=10)


class AlreadyOffered(Exception):
    """This very form made a link before, which was shown then."""


class LinkGone(Exception):
    """The link was used, withdrawn or replaced, has run out, or never was."""


@dataclass(frozen=True)
class Offer:
    """A new link, and the token that opens it: shown once, kept nowhere."""

    link: SetUpLink
    token: str = field(repr=False)


@sensitive_variables("code", "token")
def offer(account: Account, *, code: str | AppCode, attempt: UUID, by: Actor) -> Offer:
    """Spend `code` for a link instead of a password; one offered before is dead.

    Raises:
        AlreadyOffered: the attempt succeeded before; the code was not looked at.
        Refused: no password could be made now; the code stays good.
        codes.CodeError: a wrong try is counted.
    """
    token = secrets.token_urlsafe(16)
    with transaction.atomic():
        owner = Account.objects.lock(account.pk)
        if owner.set_up_links.filter(attempt=attempt).exists():
            raise AlreadyOffered
        policy = effective.load_effective_policy(owner).policy
        lifecycle.require_room(owner, policy)
        link = None
        refusal = lifecycle.spend_code(owner, policy, code, by)
        if refusal is None:
            owner.set_up_links.all().unused().delete()
            link = owner.set_up_links.create(
                digest=_digest(token),
                attempt=attempt,
                sessions=_proofs_of(owner),
                expires_at=timezone.now() + LIFETIME,
            )
    if link is None:  # outside of the transaction, which would undo the count
        raise refusal or codes.NoCode
    return Offer(link, token)


@sensitive_variables("token")
def find(token: str) -> SetUpLink:
    """The link that this token opens; nothing changes by looking.

    It opens nothing once the web password was changed, or all sessions were ended:
    whoever has made it may have been somebody else. Nor does it once the number on file
    or the second factors are others than those with which it was made.

    Raises:
        LinkGone: as it says.
    """
    rows = SetUpLink.objects.open().select_related("account")
    link = rows.filter(digest=_digest(token), account__is_active=True).first()
    if link is None:
        raise LinkGone
    if not constant_time_compare(link.sessions, _proofs_of(link.account)):
        raise LinkGone
    return link


@sensitive_variables("token")
def redeem(token: str, *, user_agent: str, network_address: str | None) -> Issued:
    """Make a client password for the device that opened the link, once.

    Raises:
        LinkGone: as it says.
        Refused: no password can be made now; the link stays good for its time.
    """
    with transaction.atomic():
        owner = Account.objects.lock(find(token).account_id)
        link = find(token)  # whoever held the lock before us may have used it
        lifecycle.require_room(owner, effective.load_effective_policy(owner).policy)
        taken = owner.client_passwords.live().values_list("label", flat=True)
        issued = lifecycle.create(
            owner,
            attempt=link.attempt,
            label=labels.suggest(user_agent, set(taken)),
            by=Actor(owner.address, network_address),
        )
        link.used_at = timezone.now()
        link.client_password = issued.client_password
        link.save(update_fields=["used_at", "client_password"])
    return issued


def withdraw(account: Account) -> None:
    """Let the link that is out bring nothing any more."""
    account.set_up_links.all().unused().delete()


def forget() -> int:
    """Delete the links that ran out long ago; return how many."""
    old = SetUpLink.objects.all().older_than(retention.SET_UP_LINKS.oldest)
    return old.delete()[0]


def _proofs_of(owner: Account) -> str:
    """Return a digest of all with which somebody proves to be the owner now.

    It says nothing of how these were lost, so that no way of losing them is forgotten.
    """
    phone = Phone.objects.filter(account=owner).first()
    app = second_factor.app(owner)
    keys = second_factor.passkeys(owner).order_by("pk").values_list("pk", flat=True)
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
