"""Create and change many mailboxes as another system wants them.

Imports and the API both use this module. Applying the same input again changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence

from django.db import IntegrityError, transaction

from accounts import events, phones
from accounts.events import Actor, Event, Kind
from accounts.models import Account, Domain, NewPhone, Phone
from accounts.sessions import cutoffs
from provisioning import columns, plans
from provisioning.columns import COLUMNS
from provisioning.plans import (
    CHANGED,
    CREATED,
    UNRECORDED_FIELDS,
    PlannedMailbox,
    Rules,
    WantedMailbox,
)

BATCH_SIZE = 500  # rows in one statement


def provision(
    wanted: Sequence[WantedMailbox], rules: Rules, *, by: Actor, why: str = ""
) -> list[PlannedMailbox]:
    """Bring these mailboxes to what is wanted, all in one transaction.

    Return what became of each, in their order; those refused are as they were.
    Sessions that lose their right are ended, and the audit log records old and new
    values for each mailbox.
    """
    try:
        return _provision(wanted, rules, by, why)
    except IntegrityError:  # somebody else created one meanwhile: it exists now
        return _provision(wanted, rules, by, why)


def carry_out(planned: Iterable[PlannedMailbox], *, by: Actor, why: str = "") -> None:
    """Write what was planned under a lock, inside `atomic()`."""
    live = [each for each in planned if each.outcome in {CREATED, CHANGED}]
    _write_domains(live, by, why)
    _write_accounts(live)
    _write_phones(live)
    events.record_all(
        event for each in live for event in _mailbox_events(each, by, why)
    )
    _end_lost_sessions([each for each in live if not each.is_new])


def _provision(
    wanted: Sequence[WantedMailbox], rules: Rules, by: Actor, why: str
) -> list[PlannedMailbox]:
    with transaction.atomic():
        planned = plans.plan(wanted, rules, lock=True)
        carry_out(planned, by=by, why=why)
    return planned


def _write_domains(live: Iterable[PlannedMailbox], by: Actor, why: str) -> None:
    """Create the domains and departments that do not exist yet."""
    created: list[Event] = []
    for each in live:
        domain, department = each.mailbox.domain, each.mailbox.department
        if domain.pk is None:
            domain.save()
            detail = {"domain": domain.name, "policy": domain.policy.name}
            created.append(_domain_event(Kind.DOMAIN_CREATED, domain, detail, by, why))
        if department is not None and department.pk is None:
            department.domain = domain
            department.save()
            detail = {"department": str(department)}
            created.append(
                _domain_event(Kind.DEPARTMENT_CREATED, domain, detail, by, why)
            )
    events.record_all(created)


def _domain_event(
    kind: Kind, domain: Domain, detail: Mapping[str, str], by: Actor, why: str
) -> Event:
    return Event(kind, None, by, detail=dict(detail), why=why, domain=domain.name)


def _write_accounts(live: Iterable[PlannedMailbox]) -> None:
    """Write the rows of the mailboxes; domains and departments exist already."""
    new: list[Account] = []
    old: list[Account] = []
    for each in live:
        account = each.mailbox
        # A domain or department that was just created has a primary key only now.
        account.domain, account.department = account.domain, account.department
        if not account.password:
            account.set_unusable_password()
        (new if each.is_new else old).append(account)
    Account.objects.bulk_create(new, batch_size=BATCH_SIZE)
    Account.objects.bulk_update(old, plans.ROW_FIELDS, batch_size=BATCH_SIZE)


def _write_phones(live: Iterable[PlannedMailbox]) -> None:
    new, gone = [], []
    for each in live:
        old, phone = each.old_phone, each.new_phone
        if phone is old:
            continue
        if old is not None:
            gone.append(each.mailbox.pk)
        if phone is not None:
            phone.account = each.mailbox
            new.append(phone)
    NewPhone.objects.filter(account__in=gone).delete()
    Phone.objects.filter(account__in=gone).delete()
    Phone.objects.bulk_create(new, batch_size=BATCH_SIZE)


def _mailbox_events(each: PlannedMailbox, by: Actor, why: str) -> Iterable[Event]:
    """Yield the events of one mailbox."""
    account = each.mailbox
    names = each.changed.difference(UNRECORDED_FIELDS)
    if each.is_new:
        detail = events.describe_changes({}, {name: each.after[name] for name in names})
        yield Event(Kind.MAILBOX_CREATED, account, by, detail=detail, why=why)
        return
    apart = [column for column in COLUMNS if column.event and column.field in names]
    names.difference_update(column.field for column in apart)
    detail = events.describe_changes(
        {name: each.before[name] for name in names},
        {name: each.after[name] for name in names},
    )
    if detail:
        yield Event(Kind.MAILBOX_CHANGED, account, by, detail=detail, why=why)
    for column in apart:
        if column is columns.PHONE:
            yield phones.build_change_event(
                account, each.old_phone, each.new_phone, by=by, why=why
            )
        elif column.event:
            yield Event(column.event, account, by, why=why)


def _end_lost_sessions(live: Sequence[PlannedMailbox]) -> None:
    """End sessions that lost their right: now for one mailbox, else by the worker."""
    changed = [each.mailbox for each in live if "password" in each.changed]
    about_logons = {column.field for column in COLUMNS if column.affects_logons}
    reviewed = [each.mailbox for each in live if about_logons & each.changed]
    if len(live) > 1:
        cutoffs.schedule_end(changed)
        cutoffs.review_addresses(account.address for account in reviewed)
        return
    for account in changed:
        cutoffs.end_sessions(account, account.address)
    for account in reviewed:
        cutoffs.review_account(account)
