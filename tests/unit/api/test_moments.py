"""Every moment that a program can send: with its distance from UTC, in a common year.

Others have no date in UTC, or none in a time zone in which somebody looks at them.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import Account, Policy
from api.service import service
from tests.unit.api.mailboxsteps import ANY, ERIN, send

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

# How each body is sent in which there is a moment.
SENT: dict[str, tuple[str, dict[str, Any]]] = {
    "AccountSent": (ERIN, {"policy": "Standard"}),
    "PolicySent": ("/api/v1/policies/Standard", {}),
}
WRONG = [
    "0001-01-01T00:00:00+23:59",
    "0001-01-01T00:00:00Z",
    "1969-12-31T23:59:59Z",
    "9999-01-01T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
    "2027-01-01T00:00:00",
    "2027-01-01",
    "soon",
]


def moments() -> Iterator[tuple[str, str]]:
    """Yield every body that can be sent, and the name of each moment in it."""
    schema = service.get_openapi_schema(path_prefix="")
    operations = [each for place in schema["paths"].values() for each in place.values()]
    sent = str([each["requestBody"] for each in operations if "requestBody" in each])
    for body, shape in schema["components"]["schemas"].items():
        if f"schemas/{body}'" in sent:
            for name, field in shape["properties"].items():
                if "date" in str(field.get("anyOf", field)):
                    yield body, name


MOMENTS = list(moments())


def test_every_body_with_a_moment_is_tried_below() -> None:
    assert {body for body, _name in MOMENTS} == set(SENT)


@pytest.mark.parametrize("value", WRONG)
@pytest.mark.parametrize(("body", "name"), MOMENTS)
def test_a_moment_that_is_none_is_refused_by_its_name(
    program: Client, erin: Account, body: str, name: str, value: str
) -> None:
    place, besides = SENT[body]
    before = list(Account.objects.values()), list(Policy.objects.values())

    for method in ("PUT", "PATCH"):
        answer = send(program, method, place, besides | {name: value}, ANY)
        assert answer.status_code == 422
        assert [each["pointer"] for each in answer.json()["errors"]] == [f"/{name}"]
    assert (list(Account.objects.values()), list(Policy.objects.values())) == before


@pytest.mark.parametrize("value", ["1970-01-02T00:00:00+23:59", "9998-12-31T23:59:59Z"])
@pytest.mark.parametrize(("body", "name"), MOMENTS)
def test_the_first_and_the_last_year_are_taken(
    program: Client, erin: Account, body: str, name: str, value: str
) -> None:
    place, besides = SENT[body]

    answer = send(program, "PATCH", place, besides | {name: value}, ANY)

    assert answer.status_code == 200
    assert answer.json()[name]
