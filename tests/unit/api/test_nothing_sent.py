"""Null is for what can be empty; what a write answers is what the next look shows."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Account, Department, Domain, Policy
from api.schemas import AccountSent, DomainSent, PolicySent, Why
from api.service import service
from tests.factories import make_account, make_policy
from tests.unit.api.mailboxsteps import ANY, send

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

API = "/api/v1/"
# What each schema is sent to, and how: all that programs can send.
PLACES: list[tuple[Any, str, str]] = [
    (AccountSent, "PUT", "accounts/erin@firm.example"),
    (AccountSent, "PATCH", "accounts/erin@firm.example"),
    (DomainSent, "PUT", "domains/firm.example"),
    (PolicySent, "PUT", "policies/Strict"),
    (PolicySent, "PATCH", "policies/Strict"),
    (Why, "POST", "accounts/erin@firm.example/off-board"),
]
# What can be empty, by its name in what is sent.
CAN_BE_NONE = {
    "department",
    "phone",
    "policy",
    "policy_until",
    "required_from",
    "client_password_days",
    "suspend_unused_days",
    "suspend_never_used_hours",
}
EVERY = [
    (method, place, name)
    for schema, method, place in PLACES
    for name in schema.model_fields
]


@pytest.fixture
def _erin(firm: Domain) -> None:
    make_policy("Strict", client_networks="192.0.2.0/24", client_password_days=7)
    account = make_account("erin@firm.example")
    department = Department.objects.create(domain=firm, name="Sales")
    Account.objects.filter(pk=account.pk).update(department=department)


def body_for(place: str, name: str) -> dict[str, Any]:
    needed = {"policy": "Standard"} if place.startswith("domains/") else {}
    return needed | {name: None}


@pytest.mark.usefixtures("_erin")
@pytest.mark.parametrize(("method", "place", "name"), EVERY)
def test_null_is_taken_where_there_can_be_none(
    program: Client, method: str, place: str, name: str
) -> None:
    answer = send(program, method, API + place, body_for(place, name), ANY)

    if name in CAN_BE_NONE and not place.startswith("domains/"):
        assert answer.status_code == 200, answer.text
        assert answer.json()[name] is None
        assert answer["ETag"] == program.get(API + place)["ETag"]
        return
    assert answer.status_code == 422, answer.text
    (fault,) = answer.json()["errors"]
    assert fault["pointer"] == f"/{name}"
    assert fault["detail"]
    if place.startswith("policies/"):
        assert Policy.objects.get(name="Strict").client_networks == "192.0.2.0/24"


@pytest.mark.usefixtures("_erin")
@pytest.mark.parametrize(
    ("method", "place", "body"),
    [
        ("PUT", "domains/firm.example", {"policy": "Strict"}),
        ("PUT", "domains/new.example", {"policy": "Strict"}),
        ("PUT", "policies/New", {"client_networks": "2001:DB8::/32;  192.0.2.7"}),
        ("PATCH", "policies/Strict", {"client_networks": "192.0.2.7 192.0.2.7/32"}),
        ("PATCH", "policies/Strict", {"required_from": "2027-01-01T05:30:00+05:30"}),
        ("PUT", "accounts/new@firm.example", {"phone": "+1 202 555-0166"}),
        ("PATCH", "accounts/erin@firm.example", {"phone": "+1 (202) 555 0166"}),
        (
            "PATCH",
            "accounts/erin@firm.example",
            {"policy": "Strict", "policy_until": "2027-01-01T05:30:00+05:30"},
        ),
    ],
)
def test_the_answer_to_a_write_is_what_the_next_look_shows(
    program: Client, method: str, place: str, body: dict[str, Any]
) -> None:
    answer = send(program, method, API + place, body, ANY)

    assert answer.status_code in {200, 201}, answer.text
    seen = program.get(API + place)
    assert (answer.json(), answer["ETag"]) == (seen.json(), seen["ETag"])
    again = send(program, method, API + place, body, {"If-Match": answer["ETag"]})
    assert again.status_code == 200


def test_every_operation_that_is_sent_something_is_walked() -> None:
    schema = service.get_openapi_schema(path_prefix="")
    sent = {
        operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        for methods in schema["paths"].values()
        for operation in methods.values()
        if "requestBody" in operation
    }

    walked = {f"#/components/schemas/{each.__name__}" for each, _m, _p in PLACES}
    assert sent == walked
