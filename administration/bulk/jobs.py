"""Jobs of bulk actions: created, confirmed, and worked off part by part.

Each part is one transaction. A part that is interrupted is rolled back and done again.
Before each part, the permissions and the scope of the administrator are checked again.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db import DatabaseError, transaction
from django.db.models import Model, Q, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

from accounts import events, recipients, retention, watchdog
from accounts.events import Actor, Event, Kind
from accounts.models import Account, Department, Domain, Policy
from accounts.sessions import cutoffs
from administration.base import scoped
from administration.bulk import actions
from administration.bulk.actions import ActionParameters, BulkAction
from administration.models import Job, JobPart
from clientpasswords.models import ClientPassword
from provisioning import roles, self_lockout
from provisioning.operations import NotAllowed, Order
from provisioning.roles import Asker

PART_SIZE = 100  # records in one transaction
# The parameter with the time zone in which moments among the others were typed.
TIME_ZONE = "time_zone"
# The relation that `str()` of a record needs.
RELATED_TO_NAME: dict[type[Model], tuple[str, ...]] = {
    ClientPassword: ("account", "replacement"),
    Department: ("domain",),
}
# Why a record was not changed, by the key that is kept with its name.
WHY_FAILED: dict[str, StrOrPromise] = {
    "deleted": _("deleted in the meantime"),
    "not-yours": _("you do not administer it"),
    "own": _("your own mailbox"),
    "administrator": _("an administrator's mailbox, which only site operators change"),
    "lockout": _("would lock out your own mail programs"),
    "not-allowed": _("the policy belongs to another domain"),
    "database": _("the database refused the change; try again"),
}
MAX_FAILURES_KEPT = 20  # failures kept of each part


def create_job(
    action: BulkAction,
    pks: Iterable[int],
    account: Account,
    network_address: str | None,
) -> Job:
    """Create a job for these records; nothing is done before it is confirmed."""
    pks = list(pks)
    with transaction.atomic():
        job = Job.objects.create(
            action=action.name,
            total=len(pks),
            ordered_by=account,
            network_address=network_address,
        )
        starts = range(0, len(pks), PART_SIZE)
        JobPart.objects.bulk_create(
            JobPart(job=job, number=number, pks=pks[start : start + PART_SIZE])
            for number, start in enumerate(starts)
        )
    return job


def confirm_job(
    job: Job, parameters: Mapping[str, str], why: str, *, chosen: events.Detail
) -> bool:
    """Confirm the job, so that it is worked off; return False if it was before.

    `parameters` are what its form was filled in with, and `chosen` is what that means,
    for the audit log.
    """
    with transaction.atomic():
        fresh = Job.objects.filter(pk=job.pk, confirmed_at=None, ended_at=None)
        now = timezone.now()
        facts: events.Detail = {
            "action": job.action,
            "mailboxes": job.total,
            **chosen,
        }
        if not fresh.update(parameters=parameters, reason=why, confirmed_at=now):
            return False
        _record(Kind.ACTION_ORDERED, job, facts, why)
    return True


def stop_job(job: Job, because: str) -> None:
    """Stop the job; finished parts stay. `because` is a key of `WHY_STOPPED`."""
    with transaction.atomic():
        running = Job.objects.filter(pk=job.pk, ended_at=None)
        ended = running.update(ended_at=timezone.now(), stopped_because=because)
        if ended and job.confirmed_at:
            _record(Kind.ACTION_ENDED, job, {"stopped": because}, job.reason)


def work_due_jobs() -> int:
    """Work off one part of each job under way; return the number of parts."""
    due = Job.objects.filter(confirmed_at__isnull=False, ended_at=None)
    return sum(work_next_part(job) for job in due.order_by("confirmed_at")[:10])


def work_next_part(job: Job) -> bool:
    """Work off the next part that is not locked; return whether there was one."""
    watchdog.ping()
    with transaction.atomic():
        job = Job.objects.select_related("ordered_by").get(pk=job.pk)
        if not job.is_under_way:
            return False
        rest = job.parts.filter(ended_at=None).order_by("number")
        part = rest.select_for_update(skip_locked=True, of=("self",)).first()
        if part is None:
            _end_if_done(job, rest)
            return False
        _lock_mailboxes(job, part)
        work = _recheck_order(job)
        if isinstance(work, str):
            stop_job(job, work)
            return False
        _work_part(part, work)
    return True


def delete_unconfirmed_jobs() -> int:
    """Delete jobs that were not confirmed in time; return the number of rows."""
    oldest = retention.UNCONFIRMED_JOBS.oldest
    return Job.objects.filter(confirmed_at=None, created_at__lt=oldest).delete()[0]


def may_order(account: Asker, action: BulkAction) -> bool:
    """Whether the account has the permission for this action."""
    return bool(
        account.is_active and account.is_staff and account.has_perm(action.permission)
    )


def may_order_for(account: Account, action: BulkAction, owner: Account) -> bool:
    """Whether the account may order this action for a visible mailbox or its records.

    The ranks of administrators count: nobody acts on their own mailbox.
    """
    return may_order(account, action) and not _find_rank_refusal(account, owner)


def visible_records(account: Account, action: BulkAction) -> QuerySet[Model]:
    """Return the records of the action in the scope of the account."""
    return roles.visible(account, action.model)


def make_form(
    action: BulkAction, account: Account, data: Mapping[str, str] | None
) -> forms.Form:
    """Return the form of the action, with choices in the scope of the account."""
    form = action.form(data)
    for field in form.fields.values():
        if isinstance(field, forms.ModelChoiceField) and field.queryset is not None:
            model = field.queryset.model
            rows = roles.visible(account, model)
            field.queryset = rows.select_related("domain") if model is Policy else rows
            field.error_messages["invalid_choice"] = scoped.NOT_YOURS
    return form


@dataclass(frozen=True)
class Skipped:
    """The keys of selected records that an action leaves out, by their rank."""

    own: frozenset[int] = frozenset()
    administrators: frozenset[int] = frozenset()

    @property
    def keys(self) -> frozenset[int]:
        return self.own | self.administrators


def load_named(
    orderer: Account, action: BulkAction, selected: set[int], named: Collection[int]
) -> tuple[list[Any], Skipped]:
    """Return the visible ones of the records to be named, and what is skipped.

    Skipped are the selected records of the orderer, and of administrators above them.
    One query; for security passwords up to three.
    """
    rows: Any = visible_records(orderer, action).filter(pk__in=named)
    if related := RELATED_TO_NAME.get(action.model):
        rows = rows.select_related(*related)
    administrators: Iterable[Account] = []
    if not orderer.is_superuser and action.model is Account:
        both = _mark(rows, is_named=True).union(
            _mark(_administrators(), is_named=False), all=True
        )
        found = list(both.order_by("address"))
        rows = [each for each in found if each.is_named]
        administrators = [each for each in found if not each.is_named]
    elif not orderer.is_superuser and action.model is ClientPassword:
        administrators = _administrators()
    above = {
        each.pk
        for each in administrators
        if each != orderer and not roles.may_change_mailbox(orderer, each)
    }
    return list(rows), _find_skipped(orderer, action, selected, above)


def _administrators() -> QuerySet[Account]:
    """Return all administrators; there are few of them on any host."""
    rows = Account.objects.filter(Q(is_staff=True) | Q(is_superuser=True))
    return rows.order_by()


def _mark(accounts: Any, *, is_named: bool) -> QuerySet[Any]:
    rows: QuerySet[Any] = accounts.order_by().annotate(is_named=Value(is_named))
    return rows


def _find_skipped(
    orderer: Account, action: BulkAction, selected: set[int], above: set[int]
) -> Skipped:
    if action.model not in (Account, ClientPassword):
        return Skipped()
    own: set[int] = {orderer.pk}
    if action.model is ClientPassword:
        rows = ClientPassword.objects.filter(account__in=own | above).order_by()
        pairs = list(rows.values_list("pk", "account"))
        own, above = (
            {pk for pk, account in pairs if account in owners}
            for owners in (own, above)
        )
    return Skipped(frozenset(own & selected), frozenset(above & selected))


class _RefusedRecord(Exception):
    """The record must not be changed; its argument is a key of `WHY_FAILED`."""


@dataclass(frozen=True)
class _PartWork:
    """The action of a part, and the records that it may change."""

    action: BulkAction
    rows: QuerySet[Model]
    asked: ActionParameters
    orderer: Account
    order: Order


def _lock_mailboxes(job: Job, part: JobPart) -> None:
    """Lock and reload the administrator who ordered the job.

    The mailboxes of the part are locked as well, in the order of primary keys, so that
    two administrators who change one another do not deadlock.
    """
    action = actions.BY_NAME.get(job.action)
    pks = part.pks if action is not None and action.model is Account else []
    rows = Account.objects.select_for_update(no_key=True).order_by("pk")
    list(rows.filter(pk__in={job.ordered_by_id, *pks}).values_list("pk"))
    job.ordered_by = Account.objects.get(pk=job.ordered_by_id)


def _recheck_order(job: Job) -> _PartWork | str:
    """Return the work to do, or the key of the reason to stop the job."""
    action, orderer = actions.BY_NAME.get(job.action), job.ordered_by
    if action is None or not may_order(orderer, action):
        return "not-allowed"
    form = make_form(action, orderer, job.parameters)
    with timezone.override(recipients.find_zone(job.parameters.get(TIME_ZONE, ""))):
        if not form.is_valid():
            return "not-possible"
    order = Order(
        Actor(orderer.address, job.network_address),
        job.reason,
        whole_host=roles.sees_whole_host(orderer),
    )
    rows = visible_records(orderer, action)
    return _PartWork(action, rows, form.cleaned_data, orderer, order)


def _work_part(part: JobPart, work: _PartWork) -> None:
    counts: Counter[str] = Counter()
    changed: list[Model] = []
    failures = []
    allowed = set(work.rows.filter(pk__in=part.pks).values_list("pk", flat=True))
    for pk in part.pks:
        rows: QuerySet[Model] = QuerySet(work.action.model).order_by("pk")
        row = rows.select_for_update().filter(pk=pk).first() if pk in allowed else None
        outcome = _act_on_record(work, row) if row else _why_missing(rows, pk)
        if outcome in WHY_FAILED:
            failures.append([str(row or pk), outcome])
            outcome = "failed"
        counts[outcome] += 1
        if row is not None and outcome == "changed":
            changed.append(row)
    _review_sessions(changed)
    JobPart.objects.filter(pk=part.pk).update(
        ended_at=timezone.now(), failures=failures[:MAX_FAILURES_KEPT], **counts
    )


def _why_missing(rows: QuerySet[Model], pk: int) -> str:
    return "not-yours" if rows.filter(pk=pk).exists() else "deleted"


def _act_on_record(work: _PartWork, row: Model) -> str:
    """Do the action on one locked record; return its outcome, or why it failed.

    A failure is rolled back.
    """

    def act() -> bool:
        return work.action.act(row, work.asked, work.order)

    try:
        with transaction.atomic():
            _require_rank(work.orderer, row)
            _require_no_self_lockout(work.orderer, row, act)
            is_changed = act()
    except _RefusedRecord as refused:
        return str(refused)
    except NotAllowed:
        return "not-allowed"
    except DatabaseError:
        return "database"
    return "changed" if is_changed else "unchanged"


def _require_rank(orderer: Account, row: Model) -> None:
    """Refuse mailboxes of administrators, except to those above them."""
    owner = roles.owner_of(row)
    if owner is not None and (reason := _find_rank_refusal(orderer, owner)):
        raise _RefusedRecord(reason)


def _find_rank_refusal(orderer: Account, owner: Account) -> str:
    """Return why the rank of the orderer, an administrator, forbids it; "" if not."""
    if not roles.is_administrator(owner):
        return ""
    if owner.pk == orderer.pk:
        return "own"
    return "" if roles.may_change_mailbox(orderer, owner) else "administrator"


def _require_no_self_lockout(
    orderer: Account, row: Model, act: Callable[[], bool]
) -> None:
    """Refuse changes of groups that shut out the mail programs of the orderer."""
    if isinstance(row, Domain | Department) and self_lockout.check(orderer, act):
        raise _RefusedRecord("lockout")


def _review_sessions(rows: Iterable[Model]) -> None:
    """Have the worker end the sessions that lost their right."""
    addresses, domains = [], set()
    for row in rows:
        if isinstance(row, Domain | Department):
            domains.add(getattr(row, "domain", row).name)
        elif (owner := roles.owner_of(row)) is not None:
            addresses.append(owner.address)
    for name in sorted(domains):
        cutoffs.review_sessions(f"*@{name}*")
    cutoffs.review_addresses(addresses)


def _end_if_done(job: Job, rest: QuerySet[JobPart]) -> None:
    """End the job, unless another worker has one of its parts."""
    if rest.exists():
        return
    running = Job.objects.filter(pk=job.pk, ended_at=None)
    if running.update(ended_at=timezone.now()):
        _record(Kind.ACTION_ENDED, job, job.counts(), job.reason)


def _record(kind: Kind, job: Job, facts: events.Detail, why: str) -> None:
    by = Actor(job.ordered_by.address, job.network_address)
    detail = {"job": job.pk, **facts}
    events.record_all([Event(kind, None, by, detail=detail, why=why)])
