"""Cut-offs: end the mail sessions that would be refused now.

An order is a row written in the same transaction as the change that causes it. It is
carried out when that transaction commits, twice more after 1 and 10 seconds (a logon in
flight outlives a single kick), and again and again while a mail server does not answer.
"""

import logging
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import retention
from accounts.models import Account, Cutoff
from accounts.sessions import rights
from gateways import doveadm
from gateways.doveadm import Connection, Kick

log = logging.getLogger(__name__)

# When the next kick follows, counted from the one before.
NEXT_KICK = {1: timedelta(seconds=1), 2: timedelta(seconds=9)}
BATCH_SIZE = 50  # kicks in one request
# With more mailboxes of one domain, all sessions of the domain are reviewed.
MAX_MASKS_A_DOMAIN = 10
# The order is not assigned to mail servers before it is due.
NODE_UNASSIGNED = ""


def end_sessions(account: Account, login_name: str) -> None:
    """End every session of this logon name, on every mail server.

    Call it inside the transaction of the change. Once that commits the sessions are
    ended, as far as the mail servers answer within seconds; `deliver_due` does the
    rest. Nothing is raised when they do not.
    """
    end_sessions_of_all([(account, login_name)])


def end_sessions_of_all(names: Iterable[tuple[Account, str]]) -> None:
    """End the sessions of several logon names, all in parallel; as `end_sessions`."""
    pks = _write_orders(
        *(Cutoff(account=owner, login_mask=name) for owner, name in names)
    )
    transaction.on_commit(partial(_deliver, pks), robust=True)


def review_account(account: Account) -> None:
    """End the sessions of the account that would be refused now; as `end_sessions`."""
    mask = f"{account.address}*"
    pks = _write_orders(Cutoff(account=account, login_mask=mask, is_review=True))
    transaction.on_commit(partial(_deliver, pks), robust=True)


def review_sessions(login_mask: str) -> None:
    """As `review_account`, for many accounts; the worker does it, within a second."""
    _write_orders(Cutoff(login_mask=login_mask, is_review=True))


def review_addresses(addresses: Iterable[str]) -> None:
    """As `review_sessions`, for these addresses; many of one domain as a whole."""
    domains = defaultdict(set)
    for address in addresses:
        domains[address.rpartition("@")[2]].add(address)
    for domain, some in domains.items():
        masks = (
            [f"*@{domain}*"]
            if len(some) > MAX_MASKS_A_DOMAIN
            else [f"{one}*" for one in some]
        )
        for mask in masks:
            review_sessions(mask)


def schedule_end(accounts: Iterable[Account]) -> None:
    """As `end_sessions`, for what runs on the web passwords of many accounts.

    The worker does it, within a second.
    """
    _write_orders(
        *(Cutoff(account=owner, login_mask=owner.address) for owner in accounts)
    )


def schedule_review(account: Account, login_mask: str, at: datetime | None) -> None:
    """As `review_account`, for these logon names and not before `at`, by the worker.

    A time named for them before is forgotten; None names no other.
    """
    waiting = account.cutoffs.filter(node=NODE_UNASSIGNED, login_mask=login_mask)
    waiting.delete()
    if at is not None:
        account.cutoffs.create(
            login_mask=login_mask, is_review=True, node=NODE_UNASSIGNED, due_at=at
        )


def count_unconfirmed(account: Account) -> int:
    """How many devices may still be on line: some mail server has not confirmed."""
    devices = account.cutoffs.unconfirmed().filter(is_review=False)
    return len({*devices.values_list("login_mask", flat=True)})


def deliver_due() -> int:
    """Carry out what is due now, each row once; return how many rows were tried."""
    _assign_nodes()
    pks = list(Cutoff.objects.due().values_list("pk", flat=True)[:200])
    return _deliver(pks)


def forget() -> int:
    """Delete orders that were carried out long ago; return how many."""
    oldest = retention.CUTOFFS.oldest
    done = Cutoff.objects.filter(due_at=None, created_at__lt=oldest)
    return done.delete()[0]


def _write_orders(*patterns: Cutoff) -> list[int]:
    """Write the orders down for every mail server."""
    now = timezone.now()
    rows = [
        Cutoff(
            account=pattern.account,
            login_mask=pattern.login_mask,
            is_review=pattern.is_review,
            node=node,
            created_at=now,
            due_at=now,
        )
        for pattern in patterns
        for node in settings.DOVEADM_URLS
    ]
    return [row.pk for row in Cutoff.objects.bulk_create(rows)]


def _assign_nodes() -> None:
    """Put orders for every mail server in the place of those that waited for a day."""
    for row in Cutoff.objects.due().filter(node=NODE_UNASSIGNED):
        with transaction.atomic():
            if Cutoff.objects.filter(pk=row.pk).delete()[0]:
                _write_orders(row)


def _deliver(pks: list[int]) -> int:
    """Carry the orders out, the mail servers side by side; only we ask the database."""
    rows = Cutoff.objects.filter(pk__in=pks).claim(skip_locked=True) if pks else []
    if not rows:
        return 0
    with ThreadPoolExecutor(max_workers=min(len(rows), 16)) as pool:
        # Whoever answers first is dealt with first: nobody waits for one that hangs.
        asked = {pool.submit(_list_sessions, row): row for row in rows}
        done = {}
        for answer in as_completed(asked):
            row = asked[answer]
            done[pool.submit(_carry_out, row, _plan_kicks(row, answer.result()))] = row
        for carried_out in as_completed(done):
            _record_attempt(done[carried_out], confirmed=carried_out.result())
    return len(rows)


def _record_attempt(row: Cutoff, *, confirmed: bool) -> None:
    if not confirmed:
        row.postpone()
        return
    wait = NEXT_KICK.get(row.kicks + 1)
    Cutoff.objects.filter(pk=row.pk).update(
        kicks=F("kicks") + 1,
        failures=0,
        due_at=timezone.now() + wait if wait else None,
    )


def _list_sessions(row: Cutoff) -> list[Connection] | None:
    """Who is on line and has to be looked at; None if the mail server does not say."""
    if not row.is_review:
        return []
    try:
        return doveadm.list_sessions(row.node, row.login_mask)
    except (doveadm.DoveadmError, ValueError):
        return None


def _plan_kicks(row: Cutoff, found: list[Connection] | None) -> list[Kick] | None:
    """What the mail server has to do."""
    if not row.is_review:
        return [Kick(row.login_mask)]
    if found is None:
        return None
    # A mask of many accounts also fits those of other domains that the host may have.
    many = row.login_mask.startswith("*")
    lost = rights.find_lost_sessions(found, in_our_domains=many)
    return [Kick(each.login_name, each.ip or None, each.protocol) for each in lost]


def _carry_out(row: Cutoff, kicks: list[Kick] | None) -> bool:
    """Kick, and forget what the server's cache may hold; touches no database."""
    if kicks is None:
        return _log_unconfirmed(row)
    starts = range(0, len(kicks), BATCH_SIZE)
    # Not further than to the first failure, or one that hangs would outlast the lease.
    if all(_cut_off(row.node, kicks[start : start + BATCH_SIZE]) for start in starts):
        return True
    return _log_unconfirmed(row)


def _cut_off(node: str, kicks: list[Kick]) -> bool:
    """Kick; where a single protocol cannot be, its neighbours from there as well.

    They may log on again: a mail program does so without asking anybody.
    """
    try:
        doveadm.cut_off(node, kicks)
    except ValueError:  # of one of them; the others shall not suffer from it
        alone = [[each] for each in kicks] if len(kicks) > 1 else []
        return bool(alone) and min([_cut_off(node, each) for each in alone])
    except doveadm.DoveadmError:
        whole = [replace(each, protocol=None) for each in kicks]
        return whole != kicks and _cut_off(node, whole)
    return True


def _log_unconfirmed(row: Cutoff) -> bool:
    log.warning("cut-off %s not confirmed by its mail server", row.pk)
    return False
