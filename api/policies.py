"""Policies, as programs see and make them.

Those of domains that a token does not see are to it as if they did not exist.
"""

from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpResponse
from ninja import Router, Status

from accounts.models import Policy
from accounts.sessions import cutoffs
from api import problems, versions
from api.callers import ApiRequest, Caller, require_scope
from api.field_errors import errors_by_pointer, refuse_fields, require_no_self_lockout
from api.schemas import Limit, PolicyOut, PolicyPage, PolicySent, Text
from provisioning import cells, operations
from provisioning.models import ApiToken

Scope = ApiToken.Scope
router = Router(tags=["policies"])


@router.get("", response=PolicyPage, **require_scope(Scope.POLICIES_READ))
def list_policies(
    request: ApiRequest, after: Text = "", limit: Limit = 50
) -> dict[str, Any]:
    """List policies by name, page by page."""
    rows = request.auth.policies().order_by("name").filter(name__gt=after)
    found = list(rows[: limit + 1])
    next_ = found[limit - 1].name if found[limit:] else None
    items = [PolicyOut.of(policy) for policy in found[:limit]]
    return {"items": items, "next": next_}


@router.get("/{path:name}", response=PolicyOut, **require_scope(Scope.POLICIES_READ))
def get_policy(request: ApiRequest, response: HttpResponse, name: str) -> PolicyOut:
    """Look at one policy; the ETag names the state it is in."""
    policy = _find(request.auth, name)
    if policy is None:
        raise problems.not_found("policy")
    return _shown(policy, response)


@router.put(
    "/{path:name}",
    response={200: PolicyOut, 201: PolicyOut},
    **require_scope(Scope.POLICIES_WRITE, checks_etag=True),
)
def put_policy(
    request: ApiRequest, response: HttpResponse, name: str, sent: PolicySent
) -> Status[PolicyOut]:
    """Make a policy, or bring one wholly to what is sent; the latter needs If-Match.

    What is not sent is as in a policy that says nothing.
    """
    return _save(request, response, name, sent, Policy().settings)


@router.patch(
    "/{path:name}",
    response=PolicyOut,
    **require_scope(Scope.POLICIES_WRITE, checks_etag=True),
)
def patch_policy(
    request: ApiRequest, response: HttpResponse, name: str, sent: PolicySent
) -> Status[PolicyOut]:
    """Bring the settings that are sent to what is sent; needs If-Match."""
    if _find(request.auth, name) is None:
        raise problems.not_found("policy")
    return _save(request, response, name, sent, {})


def _save(
    request: ApiRequest,
    response: HttpResponse,
    name: str,
    sent: PolicySent,
    settings: dict[str, Any],
) -> Status[PolicyOut]:
    _require_valid_name(name)
    settings = settings | sent.model_dump(exclude_unset=True)
    why = str(settings.pop("reason", ""))
    with request.auth.writing() as caller:
        list(caller.policies().select_for_update(of=("self",)).filter(name=name))
        policy = _find(caller, name) or Policy(name=name)
        is_new = policy.pk is None
        if not is_new:
            versions.require_match(request, PolicyOut.of(policy))
        order = caller.order(why)
        try:
            _require_no_self_lockout(caller, policy, settings, order)
            if operations.save_policy(policy, settings, order) and not is_new:
                cutoffs.review_sessions("*")
        except ValidationError as error:
            words = "The policy cannot be like this."
            raise refuse_fields(words, errors_by_pointer(error)) from None
        # The database may store the sent values in another form.
        stored = Policy.objects.select_related("domain").get(pk=policy.pk)
    return Status(201 if is_new else 200, _shown(stored, response))


def _require_no_self_lockout(
    caller: Caller, policy: Policy, settings: dict[str, Any], order: operations.Order
) -> None:
    """Refuse a change of a policy that shuts out the owner's mail programs."""
    if policy.pk is None:
        return
    names = [name for name, value in settings.items() if getattr(policy, name) != value]
    # Try it on a copy: the changes of `policy` itself are computed later.
    tried = Policy.objects.get(pk=policy.pk)
    change = partial(operations.save_policy, tried, settings, order)
    require_no_self_lockout(caller.owner, names, change)


def _shown(policy: Policy, response: HttpResponse) -> PolicyOut:
    shown = PolicyOut.of(policy)
    versions.set_etag(response, shown)
    return shown


def _require_valid_name(name: str) -> None:
    if not cells.is_text(name):
        raise problems.not_found("policy")


def _find(caller: Caller, name: str) -> Policy | None:
    _require_valid_name(name)
    return caller.policies().filter(name=name).first()
