"""Operations on one record. Each returns whether it changed anything.

Every operation is idempotent. The caller reviews the mail sessions afterwards, once for
all records.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts import events, phones
from accounts.events import Actor, Detail, Event, Kind
from accounts.models import (
    Account,
    Department,
    Domain,
    NewPhone,
    Phone,
    Policy,
    RecoveryCodes,
)
from accounts.policy import effective, queries
from clientpasswords import lifecycle
from clientpasswords.consequences import MOST_LISTED
from clientpasswords.models import ClientPassword
from clientpasswords.setup import links
from provisioning.models import ApiToken

NO_FAILURES = {"throttling_failure_count": 0, "throttling_failure_timestamp": None}


@dataclass(frozen=True)
class Order:
    """Who orders an operation, and why; whether they administer the whole host."""

    by: Actor
    why: str
    whole_host: bool = True


class NotAllowed(Exception):
    """Whoever ordered the operation may not change this record in this way."""


def set_policy(
    account: Account, policy: Policy | None, until: datetime | None, order: Order
) -> bool:
    """Give the mailbox this policy of its own until `until`; None takes it away.

    Raises:
        NotAllowed: the policy belongs to another domain.
    """
    if policy and policy.domain_id not in {None, account.domain_id}:
        raise NotAllowed
    before = {"policy": account.policy, "policy_until": account.policy_until}
    after = {"policy": policy, "policy_until": until if policy else None}
    if before == after:
        return False
    Account.objects.filter(pk=account.pk).update(
        **after, policy_reason=order.why[:200] if policy else ""
    )
    _record_mailbox_change(account, before, after, order)
    return True


def set_policy_settings(
    account: Account,
    settings: Mapping[str, bool | None],
    until: datetime | None,
    order: Order,
) -> bool:
    """Change these settings for the mailbox; the other settings stay.

    If the inherited policy has the resulting settings, the mailbox loses its own
    policy. Otherwise it gets a policy of its own: an existing one with these settings,
    or a new one named after the policy that bound it.
    """
    bound_by = effective.load_effective_policy(account).policy
    if all(getattr(bound_by, name) == value for name, value in settings.items()):
        return False
    wanted = {**bound_by.settings, **settings}
    if wanted == effective.get_inherited_policy(account).settings:
        return set_policy(account, None, None, order)
    policy = _get_or_create_policy(bound_by, wanted, account.domain, order)
    return set_policy(account, policy, until, order)


def set_domain_policy(domain: Domain, policy: Policy, order: Order) -> bool:
    """Give the domain this policy.

    Raises:
        NotAllowed: the policy belongs to another domain.
    """
    if policy.domain_id not in {None, domain.pk}:
        raise NotAllowed
    if domain.policy_id == policy.pk:
        return False
    changes = events.describe_changes({"policy": domain.policy}, {"policy": policy})
    Domain.objects.filter(pk=domain.pk).update(policy=policy)
    detail: Detail = {"domain": domain.name, **changes}
    _record(Kind.DOMAIN_CHANGED, detail, order, domain.name)
    return True


def set_department_policy(
    department: Department, policy: Policy | None, order: Order
) -> bool:
    """Give the department this policy; None: the policy of its domain applies.

    Raises:
        NotAllowed: the policy belongs to another domain.
    """
    if policy and policy.domain_id not in {None, department.domain_id}:
        raise NotAllowed
    if department.policy == policy:
        return False
    changes = events.describe_changes({"policy": department.policy}, {"policy": policy})
    Department.objects.filter(pk=department.pk).update(policy=policy)
    detail: Detail = {"department": str(department), **changes}
    _record(Kind.DEPARTMENT_CHANGED, detail, order, department.domain.name)
    return True


def make_domain(name: str, policy: Policy, order: Order) -> Domain:
    """Create a domain with this policy.

    Raises:
        ValidationError: the name is not a valid domain name, or is taken.
    """
    domain = Domain(name=name, policy=policy)
    domain.full_clean()
    domain.save()
    detail: Detail = {"domain": name, **events.describe_changes({}, {"policy": policy})}
    _record(Kind.DOMAIN_CREATED, detail, order, name)
    return domain


def save_policy(policy: Policy, settings: Mapping[str, object], order: Order) -> bool:
    """Save a new policy, or one that is locked, with these settings.

    Raises:
        ValidationError: a setting is invalid; nothing was written.
    """
    is_new = policy.pk is None
    before = {} if is_new else policy.settings
    for name, value in settings.items():
        setattr(policy, name, value)
    policy.full_clean()
    changes = events.describe_changes(before, policy.settings)
    if not changes and not is_new:
        return False
    policy.save()
    detail: Detail = {"policy": policy.name, **changes}
    kind = Kind.POLICY_CREATED if is_new else Kind.POLICY_CHANGED
    _record(kind, detail, order, policy.domain.name if policy.domain else "")
    return True


def revoke_client_passwords(account: Account, order: Order) -> bool:
    """Delete all security passwords of the mailbox.

    Links that were made before stop working as well.
    """
    links.withdraw(account)
    rows = account.client_passwords.all()
    return bool(lifecycle.revoke_only(rows, by=order.by, why=order.why))


def revoke_client_password(client_password: ClientPassword, order: Order) -> bool:
    """Delete this security password, and the link of its mailbox."""
    rows = ClientPassword.objects.filter(pk=client_password.pk)
    return bool(lifecycle.revoke_only(rows, by=order.by, why=order.why))


def must_offboard_first(account: Account) -> bool:
    """Whether the mailbox is still in use by mail programs, and so cannot be deleted.

    Offboarding records each security password that ends, with who did it and why.
    """
    return account.client_passwords.live().exists()


def offboard(account: Account, order: Order) -> bool:
    """Disable the mailbox, sign its owner out, and delete their security passwords.

    Their API tokens are revoked as well.
    """
    revoked = revoke_client_passwords(account, order) | bool(
        revoke_tokens(account, order)
    )
    if not account.is_active:
        return revoked
    Account.objects.filter(pk=account.pk).update(
        is_active=False, sessions_ended=F("sessions_ended") + 1
    )
    events.record_all([Event(Kind.OFFBOARDED, account, order.by, why=order.why)])
    return True


def delete_mailbox(account: Account, order: Order) -> None:
    """Delete the mailbox, and revoke its owner's API tokens. Its mail stays.

    Raises:
        NotAllowed: it has to be off-boarded first.
    """
    if must_offboard_first(account):
        raise NotAllowed
    revoke_tokens(account, order)
    kind = Kind.MAILBOX_DELETED
    events.record_all([Event(kind, account, order.by, why=order.why)])
    account.delete()


def revoke_tokens(owner: Account, order: Order) -> int:
    """Revoke the API tokens of this owner, inside `atomic()`; return their number."""
    rows = owner.api_tokens.unended().select_for_update().order_by("pk")
    names = list(rows.values_list("name", flat=True))
    owner.api_tokens.filter(name__in=names).update(revoked_at=timezone.now())
    for name in names:
        detail: Detail = {"apitoken": name, "owner": owner.address}
        _record(Kind.RECORD_DELETED, detail, order)
    return len(names)


def count_client_passwords(owners: Collection[int]) -> int:
    """Return how many security passwords these mailboxes have, by primary keys.

    One query. If it would have to list very many mailboxes, or those between them, it
    counts those of all.
    """
    rows = ClientPassword.objects.live().order_by()
    if min(len(owners), queries.count_others(owners)) <= MOST_LISTED:
        return rows.filter(queries.is_one("account", owners)).count()
    # In the order of an index, as the database then adds up without a table of its own.
    numbers = rows.values_list("account").annotate(number=Count("*"))
    numbers = numbers.order_by("account")
    return sum(number for owner, number in numbers if owner in owners)


def count_revocable_tokens(owners: Callable[[], Collection[int]]) -> int:
    """Return how many tokens `revoke_tokens` would revoke for these mailboxes.

    `owners` returns their primary keys. It is called only if there are owned tokens.
    """
    rows = ApiToken.objects.unended().filter(owner__isnull=False).order_by()
    found = list(rows.values_list("owner", flat=True))
    keys = owners() if found else ()
    return sum(pk in keys for pk in found)


def sign_out(account: Account, order: Order) -> bool:
    """End all portal sessions of the mailbox; mail sessions go on."""
    Account.objects.filter(pk=account.pk).update(sessions_ended=F("sessions_ended") + 1)
    events.record_all([Event(Kind.SIGNED_OUT, account, order.by, why=order.why)])
    return True


def cut_off(account: Account, order: Order) -> bool:
    """Disable the mailbox and sign its owner out, and delete nothing.

    To undo it, an administrator makes the mailbox active again.
    """
    if not account.is_active:
        return False
    sign_out(account, order)
    Account.objects.filter(pk=account.pk).update(is_active=False)
    _record_mailbox_change(account, {"is_active": True}, {"is_active": False}, order)
    return True


def unlock_codes(account: Account, order: Order) -> bool:
    """Reset the failure counters, so that codes can be sent and tried again."""
    unlocked = 0
    for rows in (
        Phone.objects.filter(account=account),
        NewPhone.objects.filter(account=account),
        TOTPDevice.objects.filter(user=account),
        RecoveryCodes.objects.filter(user=account),
    ):
        failed = rows.filter(throttling_failure_count__gt=0)
        unlocked += failed.update(**NO_FAILURES)
    if unlocked:
        kind = Kind.CODES_UNLOCKED
        events.record_all([Event(kind, account, order.by, why=order.why)])
    return bool(unlocked)


def reset_phone(account: Account, order: Order) -> bool:
    """Remove the phone, and notify the owner and the old number.

    Links that were made with a code to that number stop working.
    """
    links.withdraw(account)
    NewPhone.objects.filter(account=account).delete()
    phone = Phone.objects.filter(account=account).first()
    if phone is None:
        return False
    phone.delete()
    phones.record_change(account, phone, None, by=order.by, why=order.why)
    return True


def _get_or_create_policy(
    like: Policy, settings: dict[str, object], domain: Domain, order: Order
) -> Policy:
    """Return a policy with these settings; create one if there is none.

    `like` is locked, so that two requests do not create the same policy. If the
    administrator does not administer the whole host, the new policy belongs to the
    domain of the mailbox.
    """
    list(Policy.objects.select_for_update().filter(pk=like.pk))
    usable = Policy.objects.filter(Q(domain=None) | Q(domain=domain), **settings)
    found = usable.first()
    if found is not None:
        return found
    taken = set(Policy.objects.values_list("name", flat=True))
    stem = like.name.partition(" / ")[0][:80]
    number = next(n for n in range(2, len(taken) + 3) if f"{stem} / {n}" not in taken)
    owner = None if order.whole_host else domain
    name = f"{stem} / {number}"
    policy = Policy.objects.create(name=name, domain=owner, **settings)
    changes = events.describe_changes(like.settings, settings)
    detail: Detail = {"policy": policy.name, "like": like.name, **changes}
    _record(Kind.POLICY_CREATED, detail, order, owner.name if owner else "")
    return policy


def _record(kind: Kind, detail: Detail, order: Order, domain: str = "") -> None:
    """Record an event about something other than a mailbox."""
    events.record_all(
        [Event(kind, None, order.by, detail=detail, why=order.why, domain=domain)]
    )


def _record_mailbox_change(
    account: Account,
    before: Mapping[str, object],
    after: Mapping[str, object],
    order: Order,
) -> None:
    changes = events.describe_changes(before, after)
    events.record_all(
        [Event(Kind.MAILBOX_CHANGED, account, order.by, detail=changes, why=order.why)]
    )
