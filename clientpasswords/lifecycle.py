"""The life of a client password: switched on, issued, shown once, named, revoked.

Views, admin and commands all come through here.
"""

from dataclasses import dataclass, field
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts import codes, events
from accounts.codes import Purpose
from accounts.events import Actor, Event, Kind
from accounts.models import MAX_CLIENT_PASSWORDS, Account, Phone, Policy
from accounts.policy import effective
from accounts.sessions import cutoffs
from accounts.signin import authenticator
from accounts.signin.authenticator import AppCode
from clientpasswords import passwords
from clientpasswords.models import ClientPassword, ClientPasswordQuerySet
from clientpasswords.scopes import Scope
from gateways.loginnames import build_mask


class Refused(Exception):
    """The account may not do this now."""


class ThirdPartyLogonOff(Refused):
    """The policy lets no mail program connect, by any protocol."""


class NotInForce(Refused):
    """Security passwords are neither chosen nor required."""


class LimitReached(Refused):
    """As many client passwords are in use as the policy allows."""


class Required(Refused):
    """The policy requires security passwords; the owner cannot turn them off."""


class AlreadyIssued(Exception):
    """This very form made a client password before, which was shown then."""

    def __init__(self, client_password: ClientPassword) -> None:
        self.client_password = client_password
        super().__init__("already issued")


@dataclass(frozen=True)
class Issued:
    """A new client password, and its secret in clear: shown once, kept nowhere."""

    client_password: ClientPassword
    secret: str = field(repr=False)


def switch_on(account: Account, *, by: Actor) -> None:
    """From now on mail programs need a client password; the web password is refused.

    Client passwords that were suspended work again. Sessions of the web password end,
    but for the webmail's.
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
    """From now on the web password works in mail programs; client passwords sleep.

    The `code` is spent if the policy asks for one, and not looked at otherwise.

    Raises:
        Required: the policy requires security passwords; nothing changed.
        codes.CodeError: nothing changed, but that a wrong try is counted.
    """
    with transaction.atomic():
        owner = Account.objects.lock(account.pk)
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
    if refusal is not None:  # raised inside, it would undo the count of wrong tries
        raise refusal


def send_code(account: Account, act: Purpose = Purpose.ISSUE, *, by: Actor) -> None:
    """Send the code for this act, if something could be done with it.

    Raises:
        Refused: no text message was spent.
        codes.CodeError: as `codes.send_code` says.
    """
    policy = effective.load_effective_policy(account).policy
    if act is Purpose.ISSUE:
        require_room(account, policy)
    if act is Purpose.SWITCH_OFF and policy.requires_client_passwords:
        raise Required
    codes.send_code(account, act, by=by)


@sensitive_variables("code")
def issue(
    account: Account, *, code: str | AppCode, attempt: UUID, label: str, by: Actor
) -> Issued:
    """Spend `code`, make a client password that works at once, and return it in clear.

    Nobody sees the secret again after this. Either the code is spent and the password
    stored, or neither. One `attempt` makes one password, however often it is sent.

    Raises:
        AlreadyIssued: the attempt succeeded before; the code was not looked at.
        Refused: the code stays good.
        codes.CodeError: a wrong try is counted.
    """
    with transaction.atomic():
        # One issue at a time an account, so that the count holds until we commit.
        owner = Account.objects.lock(account.pk)
        earlier = owner.client_passwords.filter(attempt=attempt).first()
        if earlier is not None:
            raise AlreadyIssued(earlier)
        policy = effective.load_effective_policy(owner).policy
        require_room(owner, policy)
        issued = None
        refusal = spend_code(owner, policy, code, by)
        if refusal is None:
            issued = create(owner, attempt=attempt, label=label, by=by)
    if issued is None:  # raised inside, it would undo the count of wrong tries
        raise refusal or codes.NoCode
    return issued


@sensitive_variables()
def create(owner: Account, *, attempt: UUID, label: str, by: Actor) -> Issued:
    """Make a client password for an owner who is locked, has room, and proved it."""
    issued = _create_row(owner, attempt, label)
    events.record(Kind.ISSUED, owner, by=by, device=label)
    return issued


def limit_scope(client_password: ClientPassword, scope: Scope, *, by: Actor) -> None:
    """Let it be used for this only; what it loses by that, it loses at once.

    Sessions of a protocol that it is not for any more end, and all of its sessions when
    its networks change. When it expires, the rest end within a minute.
    """
    with transaction.atomic():
        owner = Account.objects.lock(client_password.account_id)
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
            row.told_of_end = row.expires_at  # by the event below
        row.save(update_fields=[*scope.columns(), "session_names", "told_of_end"])
        cutoffs.schedule_review(
            owner, build_mask(owner.address, row.pk), scope.expires_at
        )
        cutoffs.review_account(owner)
        events.record(
            Kind.LIMITED, owner, by=by, device=row.label, **scope.event_detail()
        )


def rename(client_password: ClientPassword, label: str) -> None:
    """Give it another name, which must be normalised."""
    ClientPassword.objects.filter(pk=client_password.pk).update(label=label)


def revoke(client_passwords: ClientPasswordQuerySet, *, by: Actor) -> int:
    """End these for ever, and the mail sessions that run on them; return how many.

    The next logon is refused as soon as this has committed, whether or not the mail
    servers answer; those that do not are asked again until they confirm.
    """
    with transaction.atomic():
        names = client_passwords.login_names()
        rows = revoke_only(client_passwords, by=by)
        cutoffs.end_sessions_of_all((row.account, names[row.pk]) for row in rows)
    return len(rows)


def revoke_only(
    client_passwords: ClientPasswordQuerySet, *, by: Actor, why: str = ""
) -> list[ClientPassword]:
    """As `revoke`, inside `atomic()`; whoever calls it sees to the mail sessions."""
    live = client_passwords.live().select_related("account").select_for_update()
    rows = list(live.order_by("account_id", "pk"))
    ClientPassword.objects.filter(pk__in=[row.pk for row in rows]).update(
        revoked_at=timezone.now()
    )
    events.record_all(
        Event(Kind.REVOKED, row.account, by, detail={"device": row.label}, why=why)
        for row in rows
    )
    return rows


def forget() -> int:
    """Delete the rows that were revoked long ago; return how many."""
    return ClientPassword.objects.all().long_revoked().delete()[0]


def find_refusal(account: Account, policy: Policy, *, in_use: int) -> Refused | None:
    """What stands against a further client password, to be raised or shown."""
    if not policy.third_party_logon or not any(policy.protocols.values()):
        return ThirdPartyLogonOff()
    if not effective.client_passwords_in_force(account, policy):
        return NotInForce()
    if in_use >= policy.max_client_passwords:
        return LimitReached()
    return None


@sensitive_variables("code")
def spend_code(
    owner: Account,
    policy: Policy,
    code: str | AppCode,
    by: Actor,
    act: Purpose = Purpose.ISSUE,
) -> codes.CodeError | None:
    """Spend the code of either kind, and return None; or return why it was refused."""
    if isinstance(code, AppCode):
        has_phone = Phone.objects.filter(account=owner).exists()
        return authenticator.spend_code(owner, policy, code, has_phone=has_phone, by=by)
    return codes.spend_code(owner, act, code, by=by)


def require_room(owner: Account, policy: Policy) -> None:
    """Raise what stands against a further client password.

    Raises:
        Refused: as it says.
    """
    in_use = owner.client_passwords.live().count()
    if refusal := find_refusal(owner, policy, in_use=in_use):
        raise refusal


@sensitive_variables()
def _create_row(owner: Account, attempt: UUID, label: str) -> Issued:
    rows = owner.client_passwords.all()
    slots = set(rows.live().values_list("slot", flat=True))
    selectors = set(rows.values_list("selector", flat=True))
    secret = passwords.generate()
    while passwords.selector(secret) in selectors:  # 1 in 6,000 with ten on file
        secret = passwords.generate()
    client_password = owner.client_passwords.create(
        slot=min(set(range(1, MAX_CLIENT_PASSWORDS + 1)) - slots),
        label=label,
        selector=passwords.selector(secret),
        hash=passwords.hash_for_mail_server(secret),
        attempt=attempt,
    )
    return Issued(client_password, secret)
