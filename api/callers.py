"""Who asks: the token of a request, and what it opens at this moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from ninja.errors import AuthenticationError
from ninja.security.base import AuthBase

from accounts import budgets
from accounts.budgets import Limit
from accounts.events import Actor
from accounts.http import client_address
from accounts.models import Account, Domain, Policy
from api.problems import Problem
from provisioning import token_access, tokens
from provisioning.models import ApiToken
from provisioning.operations import Order
from provisioning.token_access import TokenAccess

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Caller:
    """A program that was let in for what the scope says."""

    access: TokenAccess
    scope: ApiToken.Scope
    by: Actor

    @property
    def owner(self) -> Account | None:
        """Whoever the token is of."""
        return self.access.token.owner

    def accounts(self) -> QuerySet[Account]:
        """Return the mailboxes it sees."""
        return self.access.accounts()

    def domains(self) -> QuerySet[Domain]:
        """Return the domains it sees."""
        return self.access.domains()

    def policies(self) -> QuerySet[Policy]:
        """Return the policies it sees, each with its domain."""
        return self.access.policies().select_related("domain")

    def order(self, why: str) -> Order:
        """Return what an act is told of who wants it, and why."""
        return Order(self.by, why, whole_host=self.access.covers_whole_host)

    @contextmanager
    def writing(self, address: str = "") -> Iterator["Caller"]:
        """Begin the transaction of a write, and give the caller as it may write now.

        Until it ends nobody takes a right from the owner of the token: their mailbox is
        locked, together with the one of this address, in the order of their keys as
        everywhere. What was taken since the program was let in counts. Not held is what
        a whole group may do: a permission that is taken from a group while this write
        is under way, the write may still use.

        Raises:
            AuthenticationError, Problem: it would not be let in any more.
        """
        with transaction.atomic():
            both = Q(pk=self.access.token.owner_id) | Q(address=address)
            rows = Account.objects.select_for_update(no_key=True).filter(both)
            list(rows.order_by("pk").values_list("pk"))
            token = tokens.reload(self.access.token.pk)
            if token is None:
                raise AuthenticationError
            yield authorize(token, self.scope, self.by)


class ApiRequest(HttpRequest):
    """A request whose token was right."""

    auth: Caller


class Bearer(AuthBase):
    """Lets in who shows a live token with this scope (RFC 6750), and not too often."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __init__(self, scope: ApiToken.Scope) -> None:
        self.scope = scope
        super().__init__()

    def __call__(self, request: HttpRequest) -> Caller | None:
        kind, _blank, text = request.headers.get("Authorization", "").partition(" ")
        token = tokens.find(text.strip()) if kind.lower() == "bearer" else None
        address = client_address(request)
        if token is None:
            network = budgets.network_of(address)
            _spend_budget(
                f"api-refused:{network}", settings.API_REFUSALS_PER_NETWORK_MINUTE
            )
            return None
        _spend_budget(f"api:{token.pk}", settings.API_REQUESTS_PER_MINUTE)
        caller = authorize(token, self.scope, tokens.actor(token, address))
        tokens.record_use(token)
        return caller


def authorize(token: ApiToken, scope: ApiToken.Scope, by: Actor) -> Caller:
    """Return the caller with this live token, if it opens the scope now.

    Raises:
        Problem: it does not: it was not made for that, or its owner may not do it now.
    """
    access = token_access.evaluate(token)
    if scope not in access.scopes:
        words = f"This needs a token for {scope.value}."
        raise Problem(HTTPStatus.FORBIDDEN, words)
    return Caller(access, scope, by)


def require_scope(scope: ApiToken.Scope) -> dict[str, Any]:
    """Return what an operation is declared with so that it needs this scope."""
    return {"auth": Bearer(scope), "openapi_extra": {"x-scope": scope.value}}


def _spend_budget(key: str, most: int) -> None:
    try:
        budgets.spend([Limit(key, most, MINUTE)])
    except budgets.Exhausted as error:
        seconds = max(int(error.wait.total_seconds()) + 1, 1)
        words = f"Too many requests: go on in {seconds} seconds."
        headers = {"Retry-After": str(seconds)}
        raise Problem(HTTPStatus.TOO_MANY_REQUESTS, words, headers=headers) from None
