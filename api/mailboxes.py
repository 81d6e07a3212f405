"""Mailboxes, and the security passwords in them, as programs see and change them."""

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse
from ninja import Router, Status

from accounts import addresses
from accounts.models import Account, FormerAddress
from accounts.sessions import cutoffs
from api import problems, versions
from api.callers import ApiRequest, Caller, require_scope
from api.problems import Problem
from api.schemas import (
    MOST_ROWS,
    AccountOut,
    AccountPage,
    AccountSent,
    ClientPasswordOut,
    Deleted,
    Limit,
    Reason,
    Revoked,
    Text,
    Why,
)
from clientpasswords import lifecycle
from clientpasswords.models import ClientPassword
from clientpasswords.setup import links
from provisioning import apply, cells, columns, operations, plans
from provisioning.models import ApiToken
from provisioning.plans import PlannedMailbox, Rules, WantedMailbox

Scope = ApiToken.Scope
router = Router(tags=["mailboxes"])
OFFBOARD_FIRST = (
    "The mailbox still has security passwords. Off-board it first, then delete it."
)


@router.get("", response=AccountPage, **require_scope(Scope.ACCOUNTS_READ))
def list_accounts(
    request: ApiRequest,
    domain: Text = "",
    starts_with: Text = "",
    after: Text = "",
    limit: Limit = 50,
) -> dict[str, Any]:
    """List mailboxes by address, page by page.

    `starts_with` is the beginning of addresses.
    """
    rows = _rows(request.auth).order_by("address").filter(address__gt=after)
    if domain:
        rows = rows.filter(domain__name=domain)
    if starts_with:
        rows = rows.filter(
            address__startswith=addresses.normalise_beginning(starts_with)
        )
    found = list(rows[: limit + 1])
    items = [AccountOut.of(account) for account in found[:limit]]
    return {"items": items, "next": items[-1].address if found[limit:] else None}


@router.get("/{address}", response=AccountOut, **require_scope(Scope.ACCOUNTS_READ))
def get_account(
    request: ApiRequest, response: HttpResponse, address: str
) -> AccountOut:
    """Look at one mailbox; the ETag names the state it is in."""
    shown = AccountOut.of(_find(request.auth, address))
    versions.set_etag(response, shown)
    return shown


@router.put(
    "/{address}",
    response={200: AccountOut, 201: AccountOut},
    **require_scope(Scope.ACCOUNTS_WRITE, checks_etag=True),
)
def put_account(
    request: ApiRequest, response: HttpResponse, address: str, sent: AccountSent
) -> Status[AccountOut]:
    """Make a mailbox, or bring one wholly to what is sent.

    A field that is left out is emptied; `active` alone stays as it is, so that nobody
    who was off-boarded is let in by it. A new mailbox has no web password: an
    administrator or an import gives it one. Where there is one already, If-Match must
    name its ETag, or be `*`.
    """
    fields = sent.model_dump()
    if "active" not in sent.model_fields_set:
        fields.pop("active")
    return _provision(request, response, address, sent, fields)


@router.patch(
    "/{address}",
    response=AccountOut,
    **require_scope(Scope.ACCOUNTS_WRITE, checks_etag=True),
)
def patch_account(
    request: ApiRequest, response: HttpResponse, address: str, sent: AccountSent
) -> Status[AccountOut]:
    """Bring the fields that are sent to what is sent; needs If-Match."""
    _find(request.auth, address)
    fields = sent.model_dump(exclude_unset=True)
    return _provision(request, response, address, sent, fields)


@router.post(
    "/{address}/off-board", response=AccountOut, **require_scope(Scope.ACCOUNTS_WRITE)
)
def off_board_account(request: ApiRequest, address: str, sent: Why) -> AccountOut:
    """Sign somebody out who has left, delete their security passwords, let nobody in.

    Doing it again changes nothing.
    """
    with _writing_mailbox(request, address) as (caller, account):
        if operations.offboard(account, caller.order(sent.reason)):
            cutoffs.review_account(account)
        return AccountOut.of(_find(caller, address))


@router.delete("/{address}", response=Deleted, **require_scope(Scope.ACCOUNTS_DELETE))
def delete_account(
    request: ApiRequest, address: str, reason: Reason = ""
) -> dict[str, int]:
    """Delete a mailbox of somebody who has left; its mail stays on the server.

    One that mail programs can still use is refused (409): off-board it first, so that
    each security password that ends is recorded. Of one that is deleted already 0 are.
    """
    if _is_deleted(request.auth, address):
        return {"deleted": 0}
    with _writing_mailbox(request, address) as (caller, account):
        try:
            operations.delete_mailbox(account, caller.order(reason))
        except operations.NotAllowed:
            raise Problem(HTTPStatus.CONFLICT, OFFBOARD_FIRST) from None
        cutoffs.review_sessions(f"{account.address}*")
    return {"deleted": 1}


@router.get(
    "/{address}/client-passwords",
    response=list[ClientPasswordOut],
    **require_scope(Scope.PASSWORDS_READ),
)
def list_client_passwords(request: ApiRequest, address: str) -> list[ClientPasswordOut]:
    """List the security passwords of a mailbox; they themselves are known to nobody."""
    account = _find(request.auth, address)
    rows = account.client_passwords.live().select_related("usage")
    return [ClientPasswordOut.of(row) for row in rows[:MOST_ROWS]]


@router.delete(
    "/{address}/client-passwords",
    response=Revoked,
    **require_scope(Scope.PASSWORDS_REVOKE),
)
def revoke_client_passwords(request: ApiRequest, address: str) -> dict[str, int]:
    """Delete all security passwords of a mailbox, and end what runs on them."""
    with _writing_mailbox(request, address) as (caller, account):
        links.withdraw(account)
        rows = account.client_passwords.all()
        return {"revoked": lifecycle.revoke(rows, by=caller.by)}


@router.delete(
    "/{address}/client-passwords/{int:pk}",
    response=Revoked,
    **require_scope(Scope.PASSWORDS_REVOKE),
)
def revoke_client_password(
    request: ApiRequest, address: str, pk: int
) -> dict[str, int]:
    """Delete one; of one that is deleted already 0 are."""
    with _writing_mailbox(request, address) as (caller, account):
        rows = ClientPassword.objects.filter(account=account, pk=pk)
        if not rows.exists():
            raise problems.not_found("security password")
        return {"revoked": lifecycle.revoke(rows, by=caller.by)}


def _rows(caller: Caller) -> QuerySet[Account]:
    return caller.accounts().select_related(*columns.RELATED_FIELDS)


def _is_deleted(caller: Caller, address: str) -> bool:
    """Whether a mailbox of a visible domain had this address, and was deleted."""
    if not cells.is_text(address):
        return False
    deleted = FormerAddress.objects.filter(because=FormerAddress.Because.DELETED)
    names = caller.domains().order_by().values("name")
    return deleted.filter(address=address, domain__in=names).exists()


def _find(caller: Caller, address: str) -> Account:
    account = None
    if cells.is_text(address):
        account = _rows(caller).filter(address=address).first()
    if account is None:
        raise problems.not_found("mailbox")
    return account


@contextmanager
def _writing_mailbox(
    request: ApiRequest, address: str
) -> Iterator[tuple[Caller, Account]]:
    """Begin the transaction of a write to an existing mailbox, and lock it."""
    _find(request.auth, address)
    with request.auth.writing(address) as caller:
        account = Account.objects.lock(_find(caller, address).pk)
        _require_no_administrator(account)
        yield caller, account


def _require_no_administrator(account: Account) -> None:
    if account.is_staff or account.is_superuser:
        words = "An administrator's mailbox is not changed this way."
        raise Problem(HTTPStatus.FORBIDDEN, words)


def _provision(
    request: ApiRequest,
    response: HttpResponse,
    address: str,
    sent: AccountSent,
    fields: dict[str, Any],
) -> Status[AccountOut]:
    """Create or change the mailbox, with all of these fields or none."""
    address = addresses.normalise(address)
    _require_domain(request.auth, address)
    wanted = [WantedMailbox(address, _field_values(fields))]
    with request.auth.writing(address) as caller:
        _require_domain(caller, address)
        rules = Rules(policies=caller.policies())
        (planned,) = plans.plan(wanted, rules, lock=True)
        _require_allowed(request, caller, planned)
        apply.carry_out([planned], by=caller.by, why=sent.reason)
        shown = AccountOut.of(_find(caller, address))
    versions.set_etag(response, shown)
    return Status(201 if planned.is_new else 200, shown)


def _require_domain(caller: Caller, address: str) -> None:
    name = address.rpartition("@")[2]
    if not (cells.is_text(address) and caller.domains().filter(name=name).exists()):
        raise problems.not_found("domain")


def _field_values(fields: dict[str, Any]) -> dict[str, object]:
    """Return the sent values by the `field` of their column."""
    sent = [column for column in columns.COLUMNS if column.name in fields]
    values = [(column, fields[column.name]) for column in sent]
    return {each.field: each.empty if v is None else v for each, v in values}


def _require_allowed(
    request: ApiRequest, caller: Caller, planned: PlannedMailbox
) -> None:
    """Refuse mailboxes of administrators, stale versions, and invalid values."""
    if not planned.is_new:
        before = _find(caller, planned.address)
        _require_no_administrator(before)
        versions.require_match(request, AccountOut.of(before))
    if planned.errors:
        errors = {
            "" if name == "address" else f"/{columns.BY_FIELD[name].name}": why
            for name, why in planned.errors.items()
        }
        words = "The mailbox cannot be like this. Nothing was changed."
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, words, errors=errors)
