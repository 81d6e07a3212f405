"""Domains, as programs see and make them."""

from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from ninja import Router, Status

from accounts import addresses
from accounts.models import Domain, Policy
from accounts.sessions import cutoffs
from api import problems, versions
from api.callers import ApiRequest, Caller, require_scope
from api.field_errors import errors_by_pointer, refuse_fields, require_no_self_lockout
from api.schemas import DomainOut, DomainPage, DomainSent, Limit, Text
from provisioning import cells, operations
from provisioning.models import ApiToken

Scope = ApiToken.Scope
router = Router(tags=["domains"])
CANNOT_BE = "The domain cannot be like this."


@router.get("", response=DomainPage, **require_scope(Scope.DOMAINS_READ))
def list_domains(
    request: ApiRequest, after: Text = "", limit: Limit = 50
) -> dict[str, Any]:
    """List domains by name, page by page."""
    rows = request.auth.domains().select_related("policy").order_by("name")
    found = list(rows.filter(name__gt=after)[: limit + 1])
    items = [DomainOut.of(domain) for domain in found[:limit]]
    return {"items": items, "next": items[-1].name if found[limit:] else None}


@router.get("/{name}", response=DomainOut, **require_scope(Scope.DOMAINS_READ))
def get_domain(request: ApiRequest, response: HttpResponse, name: str) -> DomainOut:
    """Look at one domain; the ETag names the state it is in."""
    domain = _find(request.auth, name)
    if domain is None:
        raise problems.not_found("domain")
    shown = DomainOut.of(domain)
    versions.set_etag(response, shown)
    return shown


@router.put(
    "/{name}",
    response={200: DomainOut, 201: DomainOut},
    **require_scope(Scope.DOMAINS_WRITE, checks_etag=True),
)
def put_domain(
    request: ApiRequest, response: HttpResponse, name: str, sent: DomainSent
) -> Status[DomainOut]:
    """Make a domain, or give one another policy; the latter needs If-Match."""
    _require_valid_name(name)
    with request.auth.writing() as caller:
        order = caller.order(sent.reason)
        policy = caller.policies().filter(name=sent.policy).first()
        if policy is None:
            fault = {"/policy": "There is no policy of this name."}
            raise refuse_fields(CANNOT_BE, fault)
        list(Domain.objects.select_for_update().filter(name=name))
        domain = _find(caller, name)
        is_new = domain is None
        if domain is None:
            domain = _make(addresses.normalise_domain(name), policy, order)
        else:
            versions.require_match(request, DomainOut.of(domain))
            _set_policy(caller, domain, policy, order)
        stored = Domain.objects.select_related("policy").get(pk=domain.pk)
    shown = DomainOut.of(stored)
    versions.set_etag(response, shown)
    return Status(201 if is_new else 200, shown)


def _require_valid_name(name: str) -> None:
    if not cells.is_text(name):
        raise problems.not_found("domain")


def _find(caller: Caller, name: str) -> Domain | None:
    _require_valid_name(name)
    rows = caller.domains().select_related("policy")
    return rows.filter(name=name).first()


def _make(name: str, policy: Policy, order: operations.Order) -> Domain:
    try:
        return operations.make_domain(name, policy, order)
    except ValidationError as error:
        by_pointer = errors_by_pointer(error)
        # The name is in the address, not in what was sent.
        errors = {"" if at == "/name" else at: why for at, why in by_pointer.items()}
        raise refuse_fields(CANNOT_BE, errors) from None


def _set_policy(
    caller: Caller, domain: Domain, policy: Policy, order: operations.Order
) -> None:
    change = partial(operations.set_domain_policy, domain, policy, order)
    try:
        require_no_self_lockout(caller.owner, ["policy"], change)
        is_changed = change()
    except operations.NotAllowed:
        fault = {"/policy": "This policy belongs to another domain."}
        raise refuse_fields(CANNOT_BE, fault) from None
    if is_changed:
        cutoffs.review_sessions(f"*@{domain.name}*")
