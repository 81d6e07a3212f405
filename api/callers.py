"""Who asks: the token of a request, what it may, and which mailboxes it sees."""

from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from ninja.security.base import AuthBase

from accounts import budgets
from accounts.budgets import Limit
from accounts.events import Actor
from accounts.http import client_address
from accounts.models import Account, Domain
from administration.acts import Order
from api import tokens
from api.models import ApiToken
from api.problems import Problem

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Caller:
    """A program that was let in."""

    token: ApiToken
    by: Actor

    def accounts(self) -> QuerySet[Account]:
        """Return the mailboxes it sees."""
        rows = Account.objects.all()
        if self.token.is_limited:
            return rows.filter(domain__in=self.token.domains.values("pk"))
        return rows

    def domains(self) -> QuerySet[Domain]:
        """Return the domains it sees."""
        if self.token.is_limited:
            return Domain.objects.filter(pk__in=self.token.domains.values("pk"))
        return Domain.objects.all()

    def order(self, why: str) -> Order:
        """Return what an act is told of who wants it, and why."""
        return Order(self.by, why)


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
            _spend(f"api-refused:{network}", settings.API_REFUSALS_PER_NETWORK_MINUTE)
            return None
        _spend(f"api:{token.pk}", settings.API_REQUESTS_PER_MINUTE)
        if self.scope not in token.scopes:
            words = f"This needs a token for {self.scope.value}."
            raise Problem(HTTPStatus.FORBIDDEN, words)
        tokens.note_use(token)
        return Caller(token, tokens.actor(token, address))


def needs(scope: ApiToken.Scope) -> dict[str, Any]:
    """Return what an operation is declared with so that it needs this scope."""
    return {"auth": Bearer(scope), "openapi_extra": {"x-scope": scope.value}}


def _spend(key: str, most: int) -> None:
    try:
        budgets.spend([Limit(key, most, MINUTE)])
    except budgets.Exhausted as error:
        seconds = max(int(error.wait.total_seconds()) + 1, 1)
        words = f"Too many requests: go on in {seconds} seconds."
        headers = {"Retry-After": str(seconds)}
        raise Problem(HTTPStatus.TOO_MANY_REQUESTS, words, headers=headers) from None
