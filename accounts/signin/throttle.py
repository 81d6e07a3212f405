"""Throttling of sign-ins, and the change of the web password.

A failure counts against three limits: the name and the network together, the name, and
the network. Each try is counted before it is made and refunded if it succeeds, so that
concurrent tries cannot exceed a limit. Unknown names are counted like known ones.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.db.models import F
from django.views.decorators.debug import sensitive_variables

from accounts import budgets, events
from accounts.events import Actor, Kind
from accounts.models import Account
from accounts.sessions import cutoffs


class TooManyTries(Exception):
    """A limit of failures is reached; the next try is allowed after `wait`."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__("too many tries")


@contextmanager
def count_try(name: str, network_address: str | None) -> Iterator[None]:
    """Count one try; leaving the block without an exception refunds it.

    An exception in the block is recorded as a failed sign-in.

    Raises:
        TooManyTries: a limit is reached; the block is not entered.
    """
    with _spend_limits(_get_limits(name, network_address), name, network_address):
        yield


@contextmanager
def count_nameless_try(network_address: str | None) -> Iterator[None]:
    """Count one try with a passkey by its network only; as `count_try`.

    There is no name to count by: the passkey itself identifies the account.

    Raises:
        TooManyTries: the limit is reached; the block is not entered.
    """
    network = budgets.network_of(network_address)
    limits = [budgets.SIGN_IN_FAILURES_PER_NETWORK.get_limit(network)]
    with _spend_limits(limits, "", network_address):
        yield


@sensitive_variables("password")
def change_password(account: Account, password: str, *, by: Actor) -> None:
    """Set the web password, and end all sessions that the old one opened.

    Those are the sessions of mail programs and of the portal; call Django's
    `update_session_auth_hash` to keep the present one. The owner is notified.
    """
    with transaction.atomic():
        account.set_password(password)
        account.save(update_fields=["password"])
        cutoffs.end_sessions(account, account.address)
        events.record(Kind.PASSWORD_CHANGED, account, by=by)


def end_other_sessions(account: Account, session: SessionBase) -> None:
    """End all portal sessions of the account except this one."""
    row = Account.objects.filter(pk=account.pk)
    row.update(sessions_ended=F("sessions_ended") + 1)
    session[HASH_SESSION_KEY] = row.get().get_session_auth_hash()


@contextmanager
def _spend_limits(
    limits: list[budgets.Limit], name: str, network_address: str | None
) -> Iterator[None]:
    try:
        budgets.spend(limits)
    except budgets.Exhausted as error:
        raise TooManyTries(error.wait) from None
    try:
        yield
    except Exception:
        _record_failure(name, network_address)
        raise
    budgets.refund(limits)


def _record_failure(name: str, network_address: str | None) -> None:
    """Record the failure, with the same work for every name.

    An unknown name is not recorded: it may be a mistyped password.
    """
    account = Account.objects.filter(address=name).first()
    by = Actor(name="", network_address=network_address)
    events.record(Kind.SIGN_IN_FAILED, account, by=by)


def _get_limits(name: str, network_address: str | None) -> list[budgets.Limit]:
    who = hashlib.sha256(name.lower().encode()).hexdigest()[:32]
    network = budgets.network_of(network_address)
    return [
        budgets.SIGN_IN_FAILURES_PER_NAME_AND_NETWORK.get_limit(who, network),
        budgets.SIGN_IN_FAILURES_PER_NAME.get_limit(who),
        budgets.SIGN_IN_FAILURES_PER_NETWORK.get_limit(network),
    ]
