"""Every operation of the API, and how it is called; a new one goes into the table."""

from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.db.models import QuerySet
from django.test import Client

from accounts.models import Budget, Department, Domain
from api.service import service
from clientpasswords.models import ClientPassword
from tests.factories import make_account, make_client_password, make_domain, make_policy
from tests.unit.api.mailboxsteps import ANY, send

API = "/api/v1/"
ERIN, ZOE, NOBODY = "erin@firm.example", "zoe@zzforeign.example", "none@zzgone.example"
FOREIGN = "zzforeign"  # in every name that is none of a limited token's business


@dataclass(frozen=True)
class Call:
    """A place behind `/api/v1/`, and what is sent there."""

    place: str
    body: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """`own` is done by whoever may do it; of each pair nobody can tell which is which.

    The first of a pair is about what a token does not see, the second about what does
    not exist.
    """

    own: Call
    pairs: list[tuple[Call, Call]]


def _pair(
    foreign: str, missing: str, body: dict[str, Any] | None = None
) -> tuple[Call, Call]:
    return Call(foreign, body or {}), Call(missing, body or {})


def _fields(place: str, foreign: dict[str, Any], missing: dict[str, Any]) -> Any:
    return Call(place, foreign), Call(place, missing)


THEIRS, GONE = f"Policy of {FOREIGN}", "Policy of nobody"
IN_FIRM = f"accounts/{ERIN}"
FIELDS = [
    *(
        _fields(place, {"policy": THEIRS}, {"policy": GONE})
        for place in (IN_FIRM, "accounts/new@firm.example")
    ),
    *(
        _fields(place, {"department": FOREIGN}, {"department": "Nope"})
        for place in (IN_FIRM, "accounts/new@firm.example")
    ),
]
PLACES = [
    _pair(f"accounts/{ZOE}", f"accounts/{NOBODY}", body)
    for body in ({}, {"active": False}, {"policy": GONE}, {"name": 7})
]
# An address that is free in a domain that exists, and one in a domain that does not.
FREE = [_pair(f"accounts/new@{FOREIGN}.example", f"accounts/{NOBODY}")]
PASSWORDS = "client-passwords"
POLICIES = [
    _pair(f"policies/{THEIRS}", f"policies/{GONE}", body) for body in ({}, {"imap": 7})
]
OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "accounts"): Operation(
        Call("accounts"),
        [
            _pair(f"accounts?domain={FOREIGN}.example", "accounts?domain=zzgone.x"),
            _pair(f"accounts?starts_with={ZOE}", f"accounts?starts_with={NOBODY}"),
            _pair("accounts?after=owner@firm.example", "accounts?after=zz@zz"),
        ],
    ),
    ("GET", "accounts/{address}"): Operation(Call(IN_FIRM), PLACES),
    ("PUT", "accounts/{address}"): Operation(Call(IN_FIRM), PLACES + FREE + FIELDS),
    ("PATCH", "accounts/{address}"): Operation(
        Call(IN_FIRM, {"name": "Erin"}), PLACES + FREE + FIELDS
    ),
    # Its owner, whose security password is deleted, has been off-boarded.
    ("DELETE", "accounts/{address}"): Operation(
        Call("accounts/left@firm.example"), PLACES[:1]
    ),
    ("POST", "accounts/{address}/off-board"): Operation(
        Call(f"{IN_FIRM}/off-board"),
        [_pair(f"accounts/{ZOE}/off-board", f"accounts/{NOBODY}/off-board")],
    ),
    ("GET", "accounts/{address}/client-passwords"): Operation(
        Call(f"{IN_FIRM}/{PASSWORDS}"),
        [_pair(f"accounts/{ZOE}/{PASSWORDS}", f"accounts/{NOBODY}/{PASSWORDS}")],
    ),
    ("DELETE", "accounts/{address}/client-passwords"): Operation(
        Call(f"{IN_FIRM}/{PASSWORDS}"),
        [_pair(f"accounts/{ZOE}/{PASSWORDS}", f"accounts/{NOBODY}/{PASSWORDS}")],
    ),
    ("DELETE", "accounts/{address}/client-passwords/{pk}"): Operation(
        Call(f"{IN_FIRM}/{PASSWORDS}/OWN"),
        [
            _pair(f"{IN_FIRM}/{PASSWORDS}/FOREIGN", f"{IN_FIRM}/{PASSWORDS}/999999"),
            _pair(
                f"accounts/{ZOE}/{PASSWORDS}/FOREIGN",
                f"accounts/{NOBODY}/{PASSWORDS}/999999",
            ),
        ],
    ),
    ("GET", "domains"): Operation(
        Call("domains"), [_pair("domains?after=firm.example", "domains?after=zzz")]
    ),
    ("GET", "domains/{name}"): Operation(
        Call("domains/firm.example"),
        [_pair(f"domains/{FOREIGN}.example", "domains/zzgone.example")],
    ),
    ("PUT", "domains/{name}"): Operation(
        Call("domains/firm.example", {"policy": "Standard"}),
        [
            _pair(f"domains/{FOREIGN}.example", "domains/zzgone.example", body)
            for body in ({"policy": "Standard"}, {"policy": THEIRS}, {})
        ],
    ),
    ("GET", "policies"): Operation(
        Call("policies"),
        # Between these two is that of the others.
        [_pair("policies?after=Policy of p", "policies?after=Policy of zzz")],
    ),
    ("GET", "policies/{name}"): Operation(Call("policies/Standard"), POLICIES),
    ("PUT", "policies/{name}"): Operation(
        Call("policies/Standard", {"pop3": False}), POLICIES
    ),
    ("PATCH", "policies/{name}"): Operation(
        Call("policies/Standard", {"pop3": False}), POLICIES
    ),
}


def scopes() -> dict[tuple[str, str], str]:
    """Return what the API itself says there is, and the scope that each needs."""
    schema = service.get_openapi_schema(path_prefix="")
    return {
        (method.upper(), place.strip("/")): operation["x-scope"]
        for place, methods in schema["paths"].items()
        for method, operation in methods.items()
    }


def make_host() -> Domain:
    """Make two domains that have everything, and return the first."""
    firm = make_domain("firm.example", make_policy("Standard"))
    foreign = make_domain(f"{FOREIGN}.example")
    make_policy("Policy of our own", domain=firm)
    Department.objects.create(domain=foreign, name=FOREIGN)
    make_account("left@firm.example", is_active=False)
    for address in (ERIN, ZOE):
        make_client_password(make_account(address, phone="+12025550123"))
    policy = make_policy(THEIRS, domain=foreign)
    foreign.policy = policy
    foreign.save()
    return firm


def call(program: Client, method: str, what: Call) -> Any:
    """Call it as it is written down, overwriting whatever is there."""
    if method in {"GET", "DELETE"}:
        return program.generic(method, API + what.place, headers=ANY)
    return send(program, method, API + what.place, what.body, ANY)


def found(what: Call) -> Call:
    """The call with the numbers of what is in the database."""
    place = what.place
    for word, address in (("OWN", ERIN), ("FOREIGN", ZOE)):
        if word in place:
            row = ClientPassword.objects.get(account__address=address)
            place = place.replace(word, str(row.pk))
    return Call(place, what.body)


def everything() -> dict[str, list[Any]]:
    """Return every row of every table, but for how often somebody has asked."""
    models = [each for each in apps.get_models() if each._meta.managed]
    return {
        each._meta.label: list(QuerySet(each).order_by("pk").values())
        for each in models
        if each is not Budget
    }
