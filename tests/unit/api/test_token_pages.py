"""Tokens in the administration: made and shown once, listed, revoked."""

import logging
import re
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core import mail
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.html import strip_tags
from time_machine import Traveller

from accounts.models import Account, Domain, SecurityEvent
from provisioning import tokens
from provisioning.models import ApiToken
from tests.unit.api.conftest import OPERATOR, client_with, make_token
from tests.unit.api.tokensteps import ADD, LIST, make, page_of
from tests.unit.support import everything_in_the_database

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

TEXT = re.compile(r"mpt_[0-9a-f]{12}_[A-Za-z0-9_-]{43}")


def shown(response: Any) -> str:
    """The token in the answer."""
    (text,) = TEXT.findall(response.content.decode())
    return str(text)


def errors(response: Any) -> dict[str, list[str]]:
    assert response.status_code == 422
    assert not TEXT.search(response.content.decode())
    return dict(response.context["form"].errors)


# --- made -----------------------------------------------------------------------------


def test_a_token_that_is_made_here_opens_what_was_asked_for(
    administrator: Client, firm: Domain
) -> None:
    answers: dict[str, Any] = {
        "scopes": ["accounts:read", "passwords:read"],
        "domains": [firm.pk],
        "expires_at_0": "2099-01-31",
        "expires_at_1": "12:00:00",
        "reason": "for the directory",
    }

    response = make(administrator, **answers)

    assert response.status_code == 200
    program = client_with(shown(response))
    assert program.get("/api/v1/accounts").status_code == 200
    assert program.get("/api/v1/domains").status_code == 403
    token = ApiToken.objects.get()
    assert (token.is_limited, list(token.domains.all())) == (True, [firm])
    assert token.expires_at is not None
    assert token.expires_at.isoformat() == "2099-01-31T12:00:00+00:00"
    event = SecurityEvent.objects.get(kind="record-created")
    assert (event.actor, event.reason) == ("admin@example.com", "for the directory")
    assert event.network_address == "127.0.0.1"
    assert event.detail == {
        "apitoken": "sync",
        "scopes": "accounts:read passwords:read",
        "domains": "firm.example",
        "expires": "2099-01-31T12:00:00+00:00",
        "owner": "admin@example.com",
    }


def test_for_all_domains_and_without_an_end_it_is_for_ever(
    administrator: Client,
) -> None:
    make(administrator, reach="all")

    token = ApiToken.objects.get()
    assert (token.is_limited, token.expires_at) == (False, None)


@pytest.mark.usefixtures("clock")
@pytest.mark.parametrize(
    ("lasts", "days"), [("always", None), ("30", 30), ("90", 90), ("365", 365)]
)
def test_it_lasts_as_long_as_was_chosen_whatever_the_hidden_time_holds(
    administrator: Client, lasts: str, days: int | None
) -> None:
    make(administrator, reach="all", lasts=lasts, expires_at_0="2020-01-01")

    token = ApiToken.objects.get()
    end = timezone.now() + timedelta(days=days) if days else None
    assert token.expires_at == end


def test_it_is_in_the_answer_alone_and_nowhere_afterwards(
    administrator: Client,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)

    response = make(administrator)

    secret = shown(response)[len("mpt_0123456789ab_") :]
    assert "no-store" in response["Cache-Control"]
    assert response.content.decode().count(secret) == 1
    later = [
        administrator.get(page)
        for page in (
            ADD,
            LIST,
            page_of("sync", "change"),
            page_of("sync", "history"),
            "/admin/",
            "/admin/accounts/securityevent/",
        )
    ]
    output = capfd.readouterr()
    for place in (
        everything_in_the_database(),
        "".join(each.content.decode() + str(each.headers) for each in later),
        f"{response.headers}{response.request}{administrator.cookies}",
        f"{caplog.text}{output.out}{output.err}{mail.outbox}",
    ):
        assert secret not in place


def test_what_is_sent_again_makes_nothing_and_shows_nothing(
    administrator: Client,
) -> None:
    make(administrator)
    before = list(ApiToken.objects.values())

    again = make(administrator)

    assert list(errors(again)) == ["name"]
    assert list(ApiToken.objects.values()) == before
    assert SecurityEvent.objects.filter(kind="record-created").count() == 1
    assert not TEXT.search(administrator.get(ADD).content.decode())


@pytest.mark.parametrize(
    ("answers", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["everything"]}, "scopes"),
        ({"reach": ""}, "reach"),
        ({"reach": "every"}, "reach"),
        ({"reach": "some"}, "domains"),
        ({"reach": "all", "domains": ["firm"]}, "domains"),
        ({"domains": [0]}, "domains"),
        ({"domains": ["x"]}, "domains"),
        ({"domains": [10**30]}, "domains"),
        ({"domains": ["firm"], "scopes": ["policies:write"]}, "domains"),
        ({"expires_at_0": "2020-01-01", "expires_at_1": "00:00"}, "expires_at"),
        ({"expires_at_0": "soon"}, "expires_at"),
        ({"lasts": "date"}, "expires_at"),
        ({"lasts": "date", "expires_at_0": "soon"}, "expires_at"),
        ({"lasts": "31"}, "lasts"),
        ({"reason": "x" * 301}, "reason"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    administrator: Client, firm: Domain, answers: dict[str, Any], field: str
) -> None:
    if answers.get("domains") == ["firm"]:
        answers = {**answers, "domains": [firm.pk]}

    response = make(administrator, **answers)

    assert list(errors(response)) == [field]
    assert not ApiToken.objects.exists()
    assert not SecurityEvent.objects.filter(kind="record-created").exists()


def test_for_which_domains_it_is_is_asked_and_nothing_chosen_before(
    administrator: Client,
) -> None:
    page = administrator.get(ADD).text

    assert page.count('name="reach"') == 2
    assert not re.search(r'name="reach"[^>]*checked', page)
    assert "<noscript>" in page


def test_it_is_not_made_by_opening_a_page(administrator: Client) -> None:
    administrator.get(f"{ADD}?name=sync&scopes=accounts:read")

    assert not ApiToken.objects.exists()


# --- listed ---------------------------------------------------------------------------


def test_the_list_tells_what_each_may_and_whether_it_still_does(
    administrator: Client, firm: Domain, clock: Traveller
) -> None:
    client_with(make_token("branch", "accounts:read", domains=[firm])).get(
        "/api/v1/accounts"
    )
    hour = timezone.now() + timedelta(hours=1)
    scopes = ["policies:read"]
    tokens.make("old", scopes, tokens.Terms(expires_at=hour), OPERATOR)
    make_token("gone", "policies:read")
    tokens.revoke("gone", OPERATOR)
    clock.shift(timedelta(hours=1))

    page = administrator.get(LIST)

    rows = page.context["cl"].result_list
    admin = page.context["cl"].model_admin
    assert [
        (row.name, admin.scope_names(row), str(admin.where(row))) for row in rows
    ] == [
        ("branch", "accounts:read", "1"),
        ("gone", "policies:read", "all"),
        ("old", "policies:read", "all"),
    ]
    columns = admin.state, admin.used, admin.ends
    assert [[strip_tags(str(column(row))) for column in columns] for row in rows] == [
        ["in force", "2026-11-23 12:00:00+00:00", "never"],
        ["revoked 23 Nov 2026, 12:00 (UTC)", "never", "never"],
        ["expired", "never", "2026-11-23 13:00:00+00:00"],
    ]
    assert {row.created_by for row in rows} == {"operator@example.com"}
    for state, names in (("live", ["branch"]), ("ended", ["gone", "old"])):
        found = administrator.get(f"{LIST}?state={state}").context["cl"].result_list
        assert [row.name for row in found] == names


def test_the_page_of_one_names_its_domains_and_no_digest(
    administrator: Client, firm: Domain
) -> None:
    make_token("branch", "accounts:read", domains=[firm])
    token = ApiToken.objects.get()

    page = administrator.get(page_of("branch", "change")).content.decode()

    assert "firm.example" in page
    assert token.digest not in page
    assert token.key not in page


# --- who may make and revoke them -----------------------------------------------------


def permissions(names: list[str]) -> QuerySet[Permission]:
    return Permission.objects.filter(codename__in=names)


def test_revoking_asks_first_and_holds_for_the_next_request(
    administrator: Client, firm: Domain
) -> None:
    program = client_with(make_token("sync"))
    page = page_of("sync", "revoke")

    assert "refused from their next request." in administrator.get(page).text
    assert program.get("/api/v1/accounts").status_code == 200
    response = administrator.post(page, {"reason": "lost"}, follow=True)

    assert "“sync” no longer works" in response.text
    assert program.get("/api/v1/accounts").status_code == 401
    event = SecurityEvent.objects.get(kind="record-deleted")
    assert (event.actor, event.reason) == ("admin@example.com", "lost")
    assert event.detail["apitoken"] == "sync"


def test_revoked_again_nothing_changes(administrator: Client, firm: Domain) -> None:
    make_token("sync")
    page = page_of("sync", "revoke")
    administrator.post(page)
    before = list(ApiToken.objects.values())

    response = administrator.post(page, follow=True)

    assert "was already revoked" in response.text
    assert "was already revoked" in administrator.get(page).text
    assert "/revoke/" not in administrator.get(page_of("sync", "change")).text
    assert list(ApiToken.objects.values()) == before
    assert SecurityEvent.objects.filter(kind="record-deleted").count() == 1


def test_no_token_but_those_there_are_can_be_revoked(administrator: Client) -> None:
    page = reverse("admin:provisioning_apitoken_revoke", args=[1])

    assert administrator.get(page).status_code == 404
    assert administrator.post(page).status_code == 404


def test_a_form_of_another_site_makes_and_revokes_nothing(
    administrator: Client, firm: Domain
) -> None:
    make_token("sync")
    administrator.handler.enforce_csrf_checks = True

    assert make(administrator, "other").status_code == 403
    assert administrator.post(page_of("sync", "revoke")).status_code == 403

    assert ApiToken.objects.live().get().name == "sync"


@pytest.mark.parametrize("is_operator", [True, False])
def test_only_site_operators_whatever_permissions_others_were_given(
    administrator: Client, firm: Domain, *, is_operator: bool
) -> None:
    make_token("sync")
    account = Account.objects.get(address="admin@example.com")
    Account.objects.update(is_superuser=False)
    names = ["add_apitoken", "view_apitoken", "revoke_apitoken"]
    names += ["view_account", "view_phone"]
    names += ["operate_site"] if is_operator else []
    account.user_permissions.set(permissions(names))
    wanted = 200 if is_operator else 403

    answers = [
        administrator.get(LIST),
        administrator.get(page_of("sync", "change")),
        administrator.get(page_of("sync", "revoke")),
        make(administrator, "other"),
    ]

    assert {each.status_code for each in answers} == {wanted}
    assert ApiToken.objects.filter(name="other").exists() is is_operator


def test_to_see_them_is_not_to_revoke_them(administrator: Client, firm: Domain) -> None:
    make_token("sync")
    account = Account.objects.get(address="admin@example.com")
    Account.objects.update(is_superuser=False)
    account.user_permissions.set(permissions(["view_apitoken", "operate_site"]))

    assert administrator.get(LIST).status_code == 200
    assert "/revoke/" not in administrator.get(page_of("sync", "change")).text
    assert administrator.post(page_of("sync", "revoke")).status_code == 403
    assert make(administrator, "other").status_code == 403
    assert ApiToken.objects.live().count() == 1
