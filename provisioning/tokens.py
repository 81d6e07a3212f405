"""API tokens: made, shown once, recognised, revoked.

A token consists of `mpt_`, the key of its row, and 256 random bits. It cannot be
guessed, so that a fast hash is enough.
"""

import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django.views.decorators.debug import sensitive_variables

from accounts import events
from accounts.events import Actor, Event, Kind
from accounts.models import Account, Domain
from provisioning import roles, token_access
from provisioning.models import ApiToken
from provisioning.operations import Order
from provisioning.token_access import WHOLE_HOST_SCOPES

Scope = ApiToken.Scope
TOKEN_PATTERN = re.compile(r"mpt_([0-9a-f]{12})_[A-Za-z0-9_-]{43}")
TAKEN = gettext_noop(
    "A token with this name exists or existed. Names cannot be reused."
)
MAX_NAME_LENGTH = 60
NO_DIGEST = "0" * 64
# Recording every use would cost a write per request.
USE_RECORDED_EVERY = timedelta(hours=1)


class TokenRefused(Exception):
    """The token is not made; the message says why, `field` names the parameter."""

    def __init__(self, field: str, words: str) -> None:
        super().__init__(words)
        self.field = field


@dataclass(frozen=True)
class NewToken:
    """A new token, and its text, which is shown once and not stored."""

    token: ApiToken
    text: str = field(repr=False)


@dataclass(frozen=True)
class Terms:
    """Domains, expiry and owner of a token. None: all domains, no expiry, no owner.

    A token may do no more than its owner may do at that time, and nothing while they
    are not an administrator. It is refused changes that would shut out the mail
    programs of its owner.
    """

    domains: Collection[Domain] | None = None
    expires_at: datetime | None = None
    owner: Account | None = None


@sensitive_variables()
def make(name: str, scopes: Collection[str], terms: Terms, order: Order) -> NewToken:
    """Make a token that can be used at once.

    Raises:
        TokenRefused: the name is taken, the scopes or domains are not possible, or the
            owner is not an administrator of them.
    """
    _require_valid_terms(name, scopes, terms)
    key = secrets.token_hex(6)
    text = f"mpt_{key}_{secrets.token_urlsafe(32)}"
    token = ApiToken(
        name=name,
        key=key,
        digest=_digest(text),
        scopes=sorted(scopes),
        is_limited=terms.domains is not None,
        expires_at=terms.expires_at,
        created_by=order.by.name,
        owner=terms.owner,
        is_owned=terms.owner is not None,
    )
    try:
        with transaction.atomic():
            token.save(force_insert=True)
            token.domains.set(terms.domains or [])
            _record(Kind.RECORD_CREATED, token, order)
    except IntegrityError:
        raise TokenRefused("name", _(TAKEN)) from None
    return NewToken(token, text)


@sensitive_variables()
def find(text: str) -> ApiToken | None:
    """Return the live token with this text. One query."""
    shaped = TOKEN_PATTERN.fullmatch(text)
    key = shaped[1] if shaped else ""
    token = _tokens_with_owner().filter(key=key).first()
    digest = token.digest if token else NO_DIGEST
    is_right = secrets.compare_digest(digest, _digest(text))
    return token if token and is_right and token.is_live else None


def reload(pk: int) -> ApiToken | None:
    """Return this token and its owner as they are now, if it is live. One query."""
    token = _tokens_with_owner().filter(pk=pk).first()
    return token if token and token.is_live else None


def record_use(token: ApiToken) -> None:
    """Record the use of the token, unless one was recorded within the hour."""
    now = timezone.now()
    if token.last_used_at is None or now - token.last_used_at > USE_RECORDED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def revoke(name: str, order: Order) -> bool:
    """Revoke the token; return False if it was revoked before.

    Raises:
        ApiToken.DoesNotExist: there is none of this name.
    """
    with transaction.atomic():
        token = ApiToken.objects.select_for_update().get(name=name)
        if token.revoked_at is not None:
            return False
        ApiToken.objects.filter(pk=token.pk).update(revoked_at=timezone.now())
        _record(Kind.RECORD_DELETED, token, order)
    return True


def actor(token: ApiToken, network_address: str | None) -> Actor:
    """Return the actor of the token for the audit log."""
    return Actor(f"{token.name} (API token)", network_address)


def _tokens_with_owner() -> QuerySet[ApiToken]:
    return ApiToken.objects.select_related("owner")


def _require_valid_terms(name: str, scopes: Collection[str], terms: Terms) -> None:
    domains, expires_at, owner = terms.domains, terms.expires_at, terms.owner
    _require_valid_name(name)
    if ApiToken.objects.filter(name=name).exists():
        raise TokenRefused("name", _(TAKEN))
    if not scopes or not set(scopes) <= set(Scope.values):
        words = _("Select at least one of these scopes: %(scopes)s.")
        raise TokenRefused("scopes", words % {"scopes": ", ".join(Scope.values)})
    too_much = WHOLE_HOST_SCOPES & set(scopes)
    if domains is not None and too_much:
        words = _("A token for some domains cannot have the scope %(scopes)s.")
        raise TokenRefused("domains", words % {"scopes": ", ".join(sorted(too_much))})
    if domains is not None and not domains:
        raise TokenRefused("domains", _("Select at least one domain."))
    if owner is not None and not (owner.is_active and owner.is_staff):
        raise TokenRefused("owner", _("The owner must be an administrator."))
    if owner is not None and domains is not None:
        _require_owned_domains(owner, domains)
    beyond = token_access.scopes_beyond_owner(owner, scopes) if owner else ()
    if beyond:
        words = _("The owner is not allowed: %(scopes)s.")
        raise TokenRefused("scopes", words % {"scopes": ", ".join(sorted(beyond))})
    if expires_at is not None and expires_at <= timezone.now():
        raise TokenRefused("expires_at", _("Choose a time in the future."))


def _require_valid_name(name: str) -> None:
    """Refuse names that cannot be told apart in the audit log."""
    if not (
        0 < len(name) <= MAX_NAME_LENGTH and name.isprintable() and name == name.strip()
    ):
        words = _("Enter a name of 1 to %(most)s visible characters.")
        raise TokenRefused("name", words % {"most": MAX_NAME_LENGTH})


def _require_owned_domains(owner: Account, domains: Collection[Domain]) -> None:
    if roles.sees_whole_host(owner):
        return
    own = set(roles.administered_domains(owner).values_list("pk", flat=True))
    outside = sorted(each.name for each in domains if each.pk not in own)
    if outside:
        words = _("The owner does not administer %(domains)s.")
        raise TokenRefused("domains", words % {"domains": ", ".join(outside)})


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _record(kind: Kind, token: ApiToken, order: Order) -> None:
    names = sorted(token.domains.values_list("name", flat=True))
    detail = {
        "apitoken": token.name,
        "scopes": " ".join(token.scopes),
        "domains": " ".join(names) if token.is_limited else "all",
        "expires": token.expires_at.isoformat() if token.expires_at else "",
    }
    if token.owner is not None:
        detail["owner"] = token.owner.address
    events.record_all([Event(kind, None, order.by, detail=detail, why=order.why)])
