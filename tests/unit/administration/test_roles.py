"""Every page of the administration, opened and posted to as every administrator.

A page that is not in the table fails here, until somebody says who may open it.
"""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from tests.signedin import sign_in_verified
from tests.unit.administration.pages import (
    ELSEWHERE,
    OF_A_RECORD,
    ONES_OWN,
    PAGES,
    ROLES_OF,
    TABLE,
    address,
)
from tests.unit.administration.worlds import ROLES, World, job_of, make_administrator

FOREIGN = "zzforeign"


def outcome(response: Any) -> str:
    """What came of it, in two letters."""
    if response.status_code == 302:
        return "--" if response["Location"] == "/admin/" else "to"
    words = {200: "ok", 403: "no", 404: "--", 405: "nm", 409: "ok", 422: "ok"}
    return words[response.status_code]


def answers(browser: Client, name: str, world: World) -> list[tuple[str, str]]:
    """What comes of a GET and a POST, and what the two pages say."""
    found = []
    for method in (browser.get, browser.post):
        response = method(address(name, world))
        content = b"".join(response) if response.streaming else response.content
        found.append((outcome(response), content.decode()))
    return found


def expected(name: str, role: str) -> list[str]:
    """What the table says, for one's own domain and, of records, for another."""
    column, sees_all = ROLES_OF[role]
    cells = TABLE[name][column].split()
    own, foreign = cells[:2], cells[2:]
    if foreign and sees_all:
        foreign = ELSEWHERE.get((name, role), own)
    if foreign and role == "domain without one" and name not in ONES_OWN:
        own = foreign
    return [*own, *foreign]


def test_every_page_is_in_the_table() -> None:
    assert set(TABLE) == set(PAGES)


@pytest.mark.parametrize("role", ROLES)
def test_every_page_answers_every_administrator_as_the_table_says(
    own: World, foreign: World, role: str
) -> None:
    administrator = make_administrator(role, own.domain)
    own.rows["administration_job"] = job_of(administrator, own.owner)
    browser = sign_in_verified(administrator)
    said: dict[str, list[str]] = {}
    for name in TABLE:
        of_record = PAGES[name] & OF_A_RECORD
        for world in [own, foreign] if of_record else [own]:
            for word, content in answers(browser, name, world):
                said.setdefault(name, []).append(word)
                if not ROLES_OF[role][1]:
                    assert FOREIGN not in content, (name, role)
        if name == "logout":
            browser = sign_in_verified(administrator)

    assert said == {name: expected(name, role) for name in TABLE}


@pytest.mark.parametrize("is_seen", [True, False])
def test_a_phone_is_not_shown_to_whoever_may_only_delete_it(
    own: World, *, is_seen: bool
) -> None:
    account = make_administrator("no group", own.domain)
    names = ["view_account", "delete_phone", *(["view_phone"] if is_seen else [])]
    rights = Permission.objects.filter(codename__in=names)
    account.user_permissions.set(rights)
    page = reverse("admin:accounts_account_change", args=[own.owner.pk])

    response = sign_in_verified(account).get(page)

    assert response.status_code == 200
    number = str(own.owner.phone.number)[-4:]
    assert (number in response.text) is is_seen
