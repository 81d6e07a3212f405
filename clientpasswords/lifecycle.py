"""The life cycle of client passwords: turn on, issue, rename, limit, revoke.

Views, the administration and commands all use these functions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts import codes, events
from accounts.codes import Purpose
from accounts.events import Actor, Event, Kind
from accounts.models import Account, Phone, Policy
from accounts.notify import queue
from accounts.policy import effective
from accounts.sessions import cutoffs
from accounts.signin import authenticator
from accounts.signin.authenticator import AppCode
from clientpasswords import passwords
from clientpasswords.models import (
    ClientPassword,
    ClientPasswordQuerySet,
    SetUpLink,
)
from clientpasswords.models.password import SLOTS
from clientpasswords.scopes import Scope
from gateways.loginnames import build_mask


class Refused(Exception):
    """The account may not do this now."""


class ThirdPartyLogonOff(Refused):
    """The policy refuses mail programs by every protocol."""


class NotInForce(Refused):
    """Security passwords are neither turned on nor required."""


class LimitReached(Refused):
    """The account has as many client passwords as the policy allows."""


class BeingReplaced(Refused):
    """A new client password for the same device waits for its first use."""


class Required(Refused):
    """The policy requires security passwords, so they cannot be turned off."""


class NoCodeNeeded(Refused):
    """The act needs no code now, or there is nothing to do."""


class AlreadyIssued(Exception):
    """The same form was sent before, and its client password was shown then."""

    def __init__(self, client_password: ClientPassword) -> None:
        self.client_password = client_password
        super().__init__("already issued")


@dataclass(frozen=True)
class Issued:
    """A new client password and its secret in clear: shown once, never stored."""

    client_password: ClientPassword
    secret: str = field(repr=False)


def switch_on(account: Account, *, by: Actor) -> None:
    """Refuse the web password in mail programs; they need a client password now.

    Existing client passwords work again. Sessions by the web password end, except those
    of the webmail.
    """
    with transaction.atomic():
        owner = Account.objects.lock(account.pk)
        if owner.client_passwords_on:
            return
        Account.objects.filter(pk=owner.pk).update(client_passwords_on=True)
        events.record(Kind.SWITCHED_ON, owner, by=by)
        cutoffs.review_account(owner)


@sensitive_variables("code")
def switch_off(
    account: Account, *, by: Actor, code: str | AppCode | None = None
) -> None:
    """Let the web password in by mail programs again; suspend the client passwords.

    The `code` is spent if the policy asks for one, and ignored otherwise.

    Raises:
        Required: The policy requires security passwords; nothing changed.
        SessionOver: The session of who asks was ended meanwhile; nothing changed.
        codes.CodeError: Nothing changed, except that a wrong try was counted.
    """
    with transaction.atomic():
        owner = Account.objects.lock_own(account)
        policy = effective.load_effective_policy(owner).policy
        if policy.requires_client_passwords:
            raise Required
        if not owner.client_passwords_on:
            return
        refusal = None
        if policy.code_to_switch_off:
            refusal = spend_code(owner, policy, code or "", by, Purpose.SWITCH_OFF)
        if refusal is None:
            Account.objects.filter(pk=owner.pk).update(client_passwords_on=False)
            events.record(Kind.SWITCHED_OFF, owner, by=by)
            cutoffs.review_account(owner)
    if refusal is not None:  # outside of the transaction, which would undo the count
        raise refusal


def send_code(
    account: Account,
    act: Purpose = Purpose.ISSUE,
    *,
    by: Actor,
    is_needed: bool = True,
    other: ClientPassword | None = None,
) -> None:
    """Send a code for this act, unless the act would be refused, or needs none.

    `is_needed` is whether there is something to confirm where the code is asked for;
    `other` is the client password of the device that is to get a new one.

    Raises:
        Refused: No text message was sent.
        codes.CodeError: See `codes.send_code`.
    """
    policy = effective.load_effective_policy(account).policy
    if act is Purpose.ISSUE:
        require_room(account, policy, other=other)
    if act is Purpose.SWITCH_OFF:
        if policy.requires_client_passwords:
            raise Required
        switched_on = Account.objects.filter(pk=account.pk, client_passwords_on=True)
        is_needed &= policy.code_to_switch_off and switched_on.exists()
    if not is_needed:
        raise NoCodeNeeded
    codes.send_code(account, act, by=by)


@sensitive_variables("code")
def issue(
    account: Account,
    *,
    code: str | AppCode,
    attempt: UUID,
    label: str | ClientPassword,
    by: Actor,
) -> Issued:
    """Spend `code` and issue a client password that works at once, with its secret.

    The secret cannot be shown again. The code is spent and the password stored in one
    transaction. One `attempt` issues one password, however often it is sent.

    `label` names the device, or is another client password of the account: then the new
    one is for the same device, and gets its name and limits. Unless the other is
    deleted, the new one replaces it: see `replacing`.

    Raises:
        AlreadyIssued: The attempt succeeded before; the code was not checked.
        Refused, SessionOver: The code stays valid.
        codes.CodeError: A wrong try was counted.
    """
    with transaction.atomic():
        # Locked, so that the number of passwords stays the same until the commit.
        owner = Account.objects.lock_own(account)
        earlier = owner.client_passwords.filter(attempt=attempt).first()
        if earlier is not None:
            raise AlreadyIssued(earlier)
        policy = effective.load_effective_policy(owner).policy
        other = find_other(owner, None if isinstance(label, str) else label)
        require_room(owner, policy, other=other)
        issued = None
        refusal = spend_code(owner, policy, code, by)
        if refusal is None:
            issued = create(
                owner, attempt=attempt, label=str(label), by=by, other=other
            )
    if issued is None:  # outside of the transaction, which would undo the count
        raise refusal or codes.NoCode
    return issued


def find_other(owner: Account, other: ClientPassword | None) -> ClientPassword | None:
    """Return what is to get another one for its device, as it is now, if it is own."""
    if other is None:
        return None
    return owner.client_passwords.filter(pk=other.pk).first()


@sensitive_variables()
def create(
    owner: Account,
    *,
    attempt: UUID,
    label: str,
    by: Actor,
    other: ClientPassword | None = None,
) -> Issued:
    """Issue a client password; the caller locks the owner and checks limit and code.

    `other` is another one for the same device, as for `issue`, which has its `label`.
    """
    fields = {"label": label} if other is None else _fields_for_same_device(other)
    issued = _create_row(owner, attempt, fields)
    row = issued.client_password
    cutoffs.schedule_review(owner, build_mask(owner.address, row.pk), row.expires_at)
    detail = {"replaces": row.replaces_id} if row.replaces_id else {}
    events.record(Kind.ISSUED, owner, by=by, **row.event_detail, **detail)
    return issued


def _fields_for_same_device(other: ClientPassword) -> dict[str, Any]:
    """Return name and limits, but for a date that is over, and what is replaced."""
    scope = Scope.of_password(other).columns()
    if other.expires_at is not None and other.expires_at <= timezone.now():
        scope["expires_at"] = None
    kept = {"told_of_end": other.told_of_end} if scope["expires_at"] else {}
    replaces = other if other.revoked_at is None else None
    return {"label": other.label, "replaces": replaces, **scope, **kept}


def limit_scope(client_password: ClientPassword, scope: Scope, *, by: Actor) -> None:
    """Limit a client password to `scope`, with effect at once.

    Sessions by protocols outside the scope end, and all of its sessions if its networks
    change. When it expires, the rest end within a minute.

    Raises:
        SessionOver: The session of who asks was ended meanwhile; nothing changed.
    """
    with transaction.atomic():
        owner = Account.objects.lock_own(client_password.account)
        row = owner.client_passwords.get(pk=client_password.pk)
        before, old_name = Scope.of_password(row), row.login_name
        if scope == before:
            return
        for name, value in scope.columns().items():
            setattr(row, name, value)
        if scope.networks not in (before.networks, ()):
            row.session_names += 1
            cutoffs.end_sessions(owner, old_name)
        row.days_of_life = effective.load_effective_policy(
            owner
        ).policy.client_password_days
        if row.ends_by_date and row.ends_soon:
            row.told_of_end = row.expires_at  # the event below notifies its owner
        row.save(update_fields=[*scope.columns(), "session_names", "told_of_end"])
        cutoffs.schedule_review(
            owner, build_mask(owner.address, row.pk), scope.expires_at
        )
        cutoffs.review_account(owner)
        events.record(
            Kind.LIMITED, owner, by=by, **row.event_detail, **scope.event_detail()
        )


def rename(client_password: ClientPassword, label: str) -> None:
    """Change the label of a client password; `label` must be normalised.

    The mail about a new one has waited for it.
    """
    ClientPassword.objects.filter(pk=client_password.pk).update(label=label)
    queue.send_named(client_password.account_id, client_password.pk)


def silence_notices(client_password: ClientPassword, *, off: bool, by: Actor) -> None:
    """Turn the mails about tries of a deleted client password off, or on again.

    The tries are still refused and recorded.
    """
    with transaction.atomic():
        owner = Account.objects.lock(client_password.account_id)
        changed = owner.client_passwords.filter(
            pk=client_password.pk, is_silenced=not off
        ).update(is_silenced=off)
        if changed:
            events.record(
                Kind.NOTICES_SILENCED,
                owner,
                by=by,
                **client_password.event_detail,
                mails="off" if off else "on",
            )


def revoke(
    client_passwords: ClientPasswordQuerySet,
    *,
    by: Actor,
    kind: Kind = Kind.REVOKED,
    **detail: str,
) -> int:
    """Revoke client passwords and end their mail sessions; return how many.

    Logons are refused from the commit on, even if a mail server does not answer. Such a
    server is asked to end the sessions until it confirms. The event for each is of this
    kind, and has more detail if there is some.
    """
    with transaction.atomic():
        names = client_passwords.login_names()
        rows = revoke_only(client_passwords, by=by, kind=kind, detail=detail)
        cutoffs.end_sessions_of_all((row.account, names[row.pk]) for row in rows)
    return len(rows)


def revoke_only(
    client_passwords: ClientPasswordQuerySet,
    *,
    by: Actor,
    why: str = "",
    kind: Kind = Kind.REVOKED,
    detail: Mapping[str, str] | None = None,
) -> list[ClientPassword]:
    """Revoke inside `atomic()`; the caller ends the mail sessions.

    Links of the mailboxes stop working as well: whoever had the password may have made
    or seen one. What was to replace one of them, or to be replaced, no longer waits.
    """
    # As everywhere the mailboxes before what belongs to them: a link may be used now.
    owners = Account.objects.select_for_update(no_key=True).order_by("pk")
    list(owners.filter(pk__in=client_passwords.live().values("account")))
    live = client_passwords.live().select_related("account").select_for_update()
    rows = list(live.order_by("account_id", "pk"))
    pks = [row.pk for row in rows]
    pairs = ClientPassword.objects.filter(Q(pk__in=pks) | Q(replaces__in=pks))
    end_replacements(pairs, was_used=kind is Kind.REPLACED)
    ClientPassword.objects.filter(pk__in=pks).update(revoked_at=timezone.now())
    mailboxes = {row.account_id for row in rows}
    SetUpLink.objects.unused().filter(account__in=mailboxes).delete()
    events.record_all(
        Event(
            kind,
            row.account,
            by,
            detail={**row.event_detail, **(detail or {})},
            why=why,
        )
        for row in rows
    )
    return rows


def end_replacements(
    client_passwords: ClientPasswordQuerySet, *, was_used: bool = False
) -> None:
    """Let those that are to replace others wait no longer; the caller locks the owners.

    The notice of a first use was left to the deletion of the old one. Unless this is
    that deletion, `was_used`, the notice is sent now.
    """
    waiting = client_passwords.filter(replaces__isnull=False)
    used = waiting.filter(usage__isnull=False).order_by("pk")
    rows = [] if was_used else list(used.values_list("account", "pk"))
    waiting.update(replaces=None)
    for account, pk in rows:
        events.notify_late(Kind.FIRST_USED, account, pk)


def forget() -> int:
    """Delete those revoked before the retention time; return how many."""
    return ClientPassword.objects.all().long_revoked().delete()[0]


def find_refusal(
    account: Account,
    policy: Policy,
    *,
    in_use: int,
    other: ClientPassword | None = None,
) -> Refused | None:
    """Return why no further client password can be issued; None if one can.

    `in_use` is how many count against the limit. `other` is the one of the device that
    is to get a new one: of two for one device, one counts.
    """
    if not policy.third_party_logon or not any(policy.protocols.values()):
        return ThirdPartyLogonOff()
    if not effective.client_passwords_in_force(account, policy):
        return NotInForce()
    if other is not None and other.revoked_at is None:
        return BeingReplaced() if other.is_in_a_pair else None
    return LimitReached() if in_use >= policy.max_client_passwords else None


@sensitive_variables("code")
def spend_code(
    owner: Account,
    policy: Policy,
    code: str | AppCode,
    by: Actor,
    act: Purpose = Purpose.ISSUE,
) -> codes.CodeError | None:
    """Spend a code of either kind; return why it was refused, or None."""
    if isinstance(code, AppCode):
        has_phone = Phone.objects.filter(account=owner).exists()
        return authenticator.spend_code(owner, policy, code, has_phone=has_phone, by=by)
    return codes.spend_code(owner, act, code, by=by)


def require_room(
    owner: Account, policy: Policy, *, other: ClientPassword | None = None
) -> None:
    """Check that one can be issued, as `find_refusal` says.

    Raises:
        Refused: None can; the class of the exception is the reason.
    """
    in_use = owner.client_passwords.counted().count()
    if refusal := find_refusal(owner, policy, in_use=in_use, other=other):
        raise refusal


@sensitive_variables()
def _create_row(owner: Account, attempt: UUID, fields: dict[str, Any]) -> Issued:
    rows = owner.client_passwords.all()
    slots = set(rows.live().values_list("slot", flat=True))
    selectors = set(rows.values_list("selector", flat=True))
    secret = passwords.generate()
    while passwords.selector(secret) in selectors:  # 1 in 6,000 with ten passwords
        secret = passwords.generate()
    client_password = owner.client_passwords.create(
        **fields,
        slot=min(set(range(1, SLOTS + 1)) - slots),
        selector=passwords.selector(secret),
        hash=passwords.hash_for_mail_server(secret),
        attempt=attempt,
    )
    return Issued(client_password, secret)
