"""Authentication: the token of a request, and its access at this moment."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

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
from api import problems
from api.problems import Problem
from provisioning import token_access, tokens
from provisioning.models import ApiToken
from provisioning.operations import Order
from provisioning.token_access import TokenAccess

# What every operation may answer, what those that write may, and those with an ETag.
REFUSALS = (
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.NOT_FOUND,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.TOO_MANY_REQUESTS,
    HTTPStatus.SERVICE_UNAVAILABLE,
)
REFUSALS_OF_WRITES = (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT)
REFUSALS_BY_ETAG = (HTTPStatus.PRECONDITION_FAILED, HTTPStatus.PRECONDITION_REQUIRED)
IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "schema": {"type": "string"},
    "description": "The ETag of the record as you read it; * overwrites any state.",
}


@dataclass(frozen=True)
class Caller:
    """An authenticated program, with the scope of the operation."""

    access: TokenAccess
    scope: ApiToken.Scope
    by: Actor

    @property
    def owner(self) -> Account | None:
        """The owner of the token, if any."""
        return self.access.token.owner

    def accounts(self) -> QuerySet[Account]:
        """Return the visible mailboxes."""
        return self.access.accounts()

    def domains(self) -> QuerySet[Domain]:
        """Return the visible domains."""
        return self.access.domains()

    def policies(self) -> QuerySet[Policy]:
        """Return the visible policies, each with its domain."""
        return self.access.policies().select_related("domain")

    def order(self, why: str) -> Order:
        """Return the order for an operation, with this reason."""
        return Order(self.by, why, whole_host=self.access.covers_whole_host)

    @contextmanager
    def writing(self, address: str = "") -> Iterator["Caller"]:
        """Begin the transaction of a write, and yield the caller with its access now.

        The mailbox of the owner is locked, so that nobody takes a right from them
        meanwhile. The mailbox of this address is locked as well, in the order of
        primary keys. Rights that were taken since the request was authenticated count.
        Permissions of groups are not locked: this write may still use one that a group
        loses meanwhile.

        Raises:
            AuthenticationError, Problem: the token no longer has access.
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
    """A request with a valid token."""

    auth: Caller


class Bearer(AuthBase):
    """Requires a live token with this scope (RFC 6750), within the rate limits."""

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
            _spend_budget(budgets.API_REFUSALS_PER_NETWORK_MINUTE.get_limit(network))
            return None
        _spend_budget(budgets.API_REQUESTS_PER_MINUTE.get_limit(token.pk))
        caller = authorize(token, self.scope, tokens.actor(token, address))
        tokens.record_use(token)
        return caller


def authorize(token: ApiToken, scope: ApiToken.Scope, by: Actor) -> Caller:
    """Return the caller with this live token, if it has the scope now.

    Raises:
        Problem: the token does not have the scope, or its owner lacks a permission.
    """
    access = token_access.evaluate(token)
    if scope not in access.scopes:
        words = f"This needs a token for {scope.value}."
        raise Problem(HTTPStatus.FORBIDDEN, words)
    return Caller(access, scope, by)


def require_scope(
    scope: ApiToken.Scope, *, checks_etag: bool = False
) -> dict[str, Any]:
    """Return the arguments that make an operation require this scope.

    The OpenAPI document has the refusals that come with it, and with `checks_etag` the
    header If-Match.
    """
    statuses = [*REFUSALS]
    if not scope.value.endswith(":read"):
        statuses += REFUSALS_OF_WRITES
    if checks_etag:
        statuses += REFUSALS_BY_ETAG
    extra = {
        "x-scope": scope.value,
        "responses": problems.describe_responses(statuses),
        "parameters": [IF_MATCH] if checks_etag else [],
    }
    return {"auth": Bearer(scope), "openapi_extra": extra}


def _spend_budget(limit: Limit) -> None:
    try:
        budgets.spend([limit])
    except budgets.Exhausted as error:
        seconds = max(int(error.wait.total_seconds()) + 1, 1)
        words = f"Too many requests: go on in {seconds} seconds."
        headers = {"Retry-After": str(seconds)}
        raise Problem(HTTPStatus.TOO_MANY_REQUESTS, words, headers=headers) from None
