"""Programs that have read the same record change it at the same moment.

What has an ETag is changed by one of them: the others have not seen that change.
"""

from http import HTTPStatus
from typing import Any

import pytest

from tests.factories import make_policy
from tests.unit.api.conftest import client_with, make_token
from tests.unit.api.mailboxsteps import send
from tests.unit.api.operations import API, ERIN, OPERATIONS, make_host
from tests.unit.support import at_once

pytestmark = pytest.mark.django_db(transaction=True)

PROGRAMS = 8
# What each program sends, by its number; no two send the same.
CHANGES: dict[tuple[str, str], Any] = {
    ("PUT", f"accounts/{ERIN}"): lambda number: {"name": f"Erin {number}"},
    ("PATCH", f"accounts/{ERIN}"): lambda number: {"name": f"Erin {number}"},
    ("PUT", "policies/Standard"): lambda number: {"max_client_passwords": 11 + number},
    ("PATCH", "policies/Standard"): lambda number: {
        "max_client_passwords": 11 + number
    },
    ("PUT", "domains/firm.example"): lambda number: {"policy": f"Policy {number}"},
}


def test_every_operation_that_takes_an_etag_is_tried() -> None:
    takes = {key for key in OPERATIONS if key[0] in {"PUT", "PATCH"}}

    assert {(method, place.split("/")[0]) for method, place in takes} == {
        (method, place.split("/")[0]) for method, place in CHANGES
    }


@pytest.mark.parametrize("key", CHANGES, ids=" ".join)
def test_of_eight_changes_at_once_one_is_made(key: tuple[str, str]) -> None:
    method, place = key
    make_host()
    for number in range(PROGRAMS):
        make_policy(f"Policy {number}")
    token = make_token()
    seen = {"If-Match": client_with(token).get(API + place)["ETag"]}

    answers = at_once(
        PROGRAMS,
        lambda number: send(
            client_with(token), method, API + place, CHANGES[key](number), seen
        ),
    )

    statuses = sorted(answer.status_code for answer in answers)
    refused = [HTTPStatus.PRECONDITION_FAILED] * (PROGRAMS - 1)
    assert statuses == [HTTPStatus.OK, *refused]
    (made,) = [each for each in answers if each.status_code == HTTPStatus.OK]
    now = client_with(token).get(API + place)
    assert (now["ETag"], now.json()) == (made["ETag"], made.json())
    assert {each["ETag"] for each in answers} == {made["ETag"]}
