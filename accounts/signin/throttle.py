"""Throttling of sign-ins, and the change of the web password.

A wrong one counts for the name and network together, for the name, and for the network.
Where the name signed in lately, it counts apart: strangers who guess it elsewhere do
not lock its owner out, and get no more tries by that (decision 0021).

Tries are counted before they are made and given back when they were right, so that many
at once cannot slip through. Known and unknown names are counted alike.
"""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from accounts import addresses, budgets, events
from accounts.events import Actor, Kind
from accounts.http import client_address
from accounts.models import Account
from accounts.sessions import cutoffs
from accounts.signin import familiar
from accounts.signin.familiar import FamiliarBrowser


class TooManyTries(Exception):
    """A limit of failures is reached; the next try is allowed after `wait`."""

    def __init__(self, wait: timedelta) -> None:
        self.wait = wait
        super().__init__("too many tries")


class ChangedMeanwhile(Exception):
    """Another request has changed the web password: the old one is no proof now."""


@contextmanager
def count_try(
    name: str, network_address: str | None, browser: FamiliarBrowser | None = None
) -> Iterator[None]:
    """Count one try; leaving the block without an exception refunds it.

    An exception in the block is recorded as a failed sign-in.

    Raises:
        TooManyTries: a limit is reached; the block is not entered.
    """
    with _spend_limits(
        _get_limits(name, network_address, browser), name, network_address
    ):
        yield


def count_try_from(request: HttpRequest, name: str) -> AbstractContextManager[None]:
    """Count one try by this request, as `count_try` does."""
    browser = familiar.read_browser(request)
    return count_try(name, client_address(request), browser)


@contextmanager
def count_check_from(request: HttpRequest, name: str) -> Iterator[None]:
    """Count one try by somebody who checks the password of this name for its owner.

    It counts as `count_try` does. The caller records it, with who did it.

    Raises:
        TooManyTries: a limit is reached; the block is not entered.
    """
    browser = familiar.read_browser(request)
    with _spend(_get_limits(name, client_address(request), browser)):
        yield


@contextmanager
def count_nameless_try(request: HttpRequest) -> Iterator[None]:
    """Count one try with a passkey by its place only; as `count_try`.

    There is no name to count by: the passkey itself identifies the account.

    Raises:
        TooManyTries: the limit is reached; the block is not entered.
    """
    network_address = client_address(request)
    browser = familiar.read_browser(request)
    place = browser.key if browser else budgets.network_of(network_address)
    limits = [budgets.PASSKEY_FAILURES_PER_PLACE.get_limit(place)]
    with _spend_limits(limits, "", network_address):
        yield


@sensitive_variables("password")
def change_password(account: Account, password: str, *, by: Actor) -> None:
    """Set the web password, and end all sessions that the old one opened.

    Those are the sessions of mail programs and of the portal; call Django's
    `update_session_auth_hash` to keep the present one. The owner is notified.

    Raises:
        ChangedMeanwhile: the old one was changed since it was checked; nothing is set.
    """
    with transaction.atomic():
        if Account.objects.lock(account.pk).password != account.password:
            raise ChangedMeanwhile
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
    """Spend the limits, and record an exception in the block as a failed sign-in."""
    with _spend(limits):
        try:
            yield
        except Exception:
            _record_failure(name, network_address)
            raise


@contextmanager
def _spend(limits: list[budgets.Limit]) -> Iterator[None]:
    """Spend the limits; leaving the block without an exception refunds them."""
    try:
        budgets.spend(limits)
    except budgets.Exhausted as error:
        raise TooManyTries(error.wait) from None
    yield
    budgets.refund(limits)


def _record_failure(name: str, network_address: str | None) -> None:
    """Record the failure, with the same work for every name.

    An unknown name is not recorded: it may be a mistyped password.
    """
    account = Account.objects.filter(address=name).first()
    by = Actor(name="", network_address=network_address)
    events.record(Kind.SIGN_IN_FAILED, account, by=by)


def _get_limits(
    name: str, network_address: str | None, browser: FamiliarBrowser | None
) -> list[budgets.Limit]:
    """What a try counts against; the same work whether or not the name exists.

    All browsers that know the name share a limit, all networks that do another, and
    all other places the third. Who else is in the network does not concern a browser
    that knows the name.
    """
    who = hashlib.sha256(addresses.normalise(name).encode()).hexdigest()[:32]
    place = network = budgets.network_of(network_address)
    if browser is not None and browser.knows(name):
        place, by_name = browser.key, budgets.SIGN_IN_FAILURES_IN_KNOWN_BROWSERS
    elif familiar.knows_network(name, network_address):
        by_name = budgets.SIGN_IN_FAILURES_IN_KNOWN_NETWORKS
    else:
        by_name = budgets.SIGN_IN_FAILURES_PER_NAME
    limits = [
        budgets.SIGN_IN_FAILURES_PER_NAME_AND_NETWORK.get_limit(who, place),
        by_name.get_limit(who),
    ]
    if by_name is not budgets.SIGN_IN_FAILURES_IN_KNOWN_BROWSERS:
        limits.append(budgets.SIGN_IN_FAILURES_PER_NETWORK.get_limit(network))
    return limits
