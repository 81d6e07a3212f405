"""Cut-offs: end the mail sessions that would be refused now.

An order is a row written in the same transaction as the change that causes it. It is
carried out when that transaction commits, and twice more after 1 and 10 seconds, since
a logon in progress can survive a single kick. While a mail server does not answer, the
order is retried.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import retention, watchdog
from accounts.models import Account, Cutoff
from accounts.sessions import rights
from gateways import doveadm
from gateways.doveadm import Connection, Kick

log = logging.getLogger(__name__)

# By the number of kicks so far: the time until the next one.
NEXT_KICK = {1: timedelta(seconds=1), 2: timedelta(seconds=9)}
BATCH_SIZE = 50  # kicks in one request
# With more mailboxes of one domain, all sessions of the domain are reviewed.
MAX_MASKS_A_DOMAIN = 10
# The order is not assigned to mail servers before it is due.
NODE_UNASSIGNED = ""


def end_sessions(account: Account, login_name: str) -> None:
    """End every session of this logon name, on every mail server.

    Call it inside the transaction of the change. The commit ends the sessions on the
    mail servers that answer within seconds; `deliver_due` does the rest. Nothing is
    raised if a mail server does not answer.
    """
    end_sessions_of_all([(account, login_name)])


def end_sessions_of_all(names: Iterable[tuple[Account, str]]) -> None:
    """End the sessions of several logon names in parallel; see `end_sessions`."""
    pks = _write_orders(
        *(Cutoff(account=owner, login_mask=name) for owner, name in names)
    )
    transaction.on_commit(partial(_deliver, pks), robust=True)


def review_account(account: Account) -> None:
    """End the account's sessions that would be refused now; see `end_sessions`."""
    mask = f"{account.address}*"
    pks = _write_orders(Cutoff(account=account, login_mask=mask, is_review=True))
    transaction.on_commit(partial(_deliver, pks), robust=True)


def review_sessions(login_mask: str) -> None:
    """Have the worker end the sessions under the mask that would be refused now.

    The worker starts within a second. The mask may match the names of many accounts.
    """
    _write_orders(Cutoff(login_mask=login_mask, is_review=True))


def review_addresses(addresses: Iterable[str]) -> None:
    """Review the sessions of these addresses; see `review_sessions`.

    If more than `MAX_MASKS_A_DOMAIN` are in one domain, the whole domain is reviewed.
    """
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


def request_reviews(login_masks: Collection[str]) -> None:
    """As `review_sessions`, from a host that may not know the mail servers."""
    waiting = Cutoff.objects.due().filter(
        node=NODE_UNASSIGNED, login_mask__in=login_masks
    )
    waiting = waiting.order_by()  # `created_at` is not for every role
    asked = set(login_masks).difference(waiting.values_list("login_mask", flat=True))
    Cutoff.objects.bulk_create(
        Cutoff(
            login_mask=mask,
            is_review=True,
            node=NODE_UNASSIGNED,
            due_at=timezone.now(),
        )
        for mask in sorted(asked)
    )


def schedule_end(accounts: Iterable[Account]) -> None:
    """Have the worker end all sessions with the web passwords of these accounts.

    The worker starts within a second.
    """
    _write_orders(
        *(Cutoff(account=owner, login_mask=owner.address) for owner in accounts)
    )


def schedule_review(account: Account, login_mask: str, at: datetime | None) -> None:
    """Have the worker review the sessions under the mask at the time `at`.

    This replaces an earlier time for the same mask; None only removes that.
    """
    waiting = account.cutoffs.filter(node=NODE_UNASSIGNED, login_mask=login_mask)
    waiting.delete()
    if at is not None:
        account.cutoffs.create(
            login_mask=login_mask, is_review=True, node=NODE_UNASSIGNED, due_at=at
        )


def count_unconfirmed(account: Account) -> int:
    """Return how many logon names still wait for a mail server to confirm their end."""
    devices = account.cutoffs.unconfirmed().filter(is_review=False)
    return len({*devices.values_list("login_mask", flat=True)})


def deliver_due() -> int:
    """Carry out the due orders once each; return how many were tried."""
    _assign_nodes()
    pks = list(Cutoff.objects.due().values_list("pk", flat=True)[:200])
    return _deliver(pks)


def forget() -> int:
    """Delete finished orders whose retention has ended; return how many."""
    oldest = retention.CUTOFFS.oldest
    done = Cutoff.objects.filter(due_at=None, created_at__lt=oldest)
    return done.delete()[0]


def _write_orders(*patterns: Cutoff) -> list[int]:
    """Insert the orders, one row for each mail server; return the keys."""
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
    """Replace due orders without a mail server by orders for every mail server."""
    for row in Cutoff.objects.due().filter(node=NODE_UNASSIGNED):
        with transaction.atomic():
            if Cutoff.objects.filter(pk=row.pk).delete()[0]:
                _write_orders(row)


def _deliver(pks: list[int]) -> int:
    """Carry out the orders in parallel; only this thread uses the database."""
    rows = Cutoff.objects.filter(pk__in=pks).claim(skip_locked=True) if pks else []
    if not rows:
        return 0
    with ThreadPoolExecutor(max_workers=min(len(rows), 16)) as pool:
        # In the order of the answers, so that no order waits for a server that hangs.
        asked = {pool.submit(_list_sessions, row): row for row in rows}
        done = {}
        for answer in as_completed(asked):
            watchdog.ping()  # a mail server may take long
            row = asked[answer]
            done[pool.submit(_carry_out, row, _plan_kicks(row, answer.result()))] = row
        for carried_out in as_completed(done):
            watchdog.ping()
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
    """Return the sessions to review; None if the mail server does not answer."""
    if not row.is_review:
        return []
    try:
        return doveadm.list_sessions(row.node, row.login_mask)
    except (doveadm.DoveadmError, ValueError):
        return None


def _plan_kicks(row: Cutoff, found: list[Connection] | None) -> list[Kick] | None:
    """Return the kicks for this order; None if the sessions are unknown."""
    if not row.is_review:
        return [Kick(row.login_mask)]
    if found is None:
        return None
    # A mask of many accounts also matches other domains that the host may have.
    many = row.login_mask.startswith("*")
    lost = rights.find_lost_sessions(found, in_our_domains=many)
    return [Kick(each.login_name, each.ip or None, each.protocol) for each in lost]


def _carry_out(row: Cutoff, kicks: list[Kick] | None) -> bool:
    """Kick, and flush the server's cache; return whether it confirmed all.

    This runs in a thread and does not use the database.
    """
    if kicks is None:
        return _log_unconfirmed(row)
    starts = range(0, len(kicks), BATCH_SIZE)
    # Stop at the first failure: a server that hangs would outlast the lease.
    if all(_cut_off(row.node, kicks[start : start + BATCH_SIZE]) for start in starts):
        return True
    return _log_unconfirmed(row)


def _cut_off(node: str, kicks: list[Kick]) -> bool:
    """Kick, and return whether the mail server confirmed.

    If it cannot kick a single protocol, all sessions of the name from that address are
    kicked. Those that are allowed log on again by themselves.
    """
    try:
        doveadm.cut_off(node, kicks)
    except ValueError:  # one mask is invalid; kick the others one by one
        alone = [[each] for each in kicks] if len(kicks) > 1 else []
        return bool(alone) and min([_cut_off(node, each) for each in alone])
    except doveadm.DoveadmError:
        whole = [replace(each, protocol=None) for each in kicks]
        return whole != kicks and _cut_off(node, whole)
    return True


def _log_unconfirmed(row: Cutoff) -> bool:
    log.warning("cut-off %s not confirmed by its mail server", row.pk)
    return False
