"""While the database is away every page says so, in a sentence and as 503."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, ProgrammingError, connection
from django.test import Client
from django.urls import reverse

from provisioning.models import ApiToken
from tests.factories import PASSWORD, make_account
from tests.signedin import sign_in_verified, sign_in_with_password
from tests.unit.administration.worlds import World, make_world
from tests.unit.api.conftest import client_with, make_token
from tests.unit.api.mailboxsteps import ANY, send
from tests.unit.mailportal.addresses import EVERY_ADDRESS, with_rows
from tests.unit.support import sign_in

pytestmark = pytest.mark.django_db

API = "/api/v1/"
# What the drivers raise, for a server that refuses, ends, or keeps somebody waiting.
ERRORS = {
    "refused": OperationalError("connection refused"),
    "gone": OperationalError("server closed the connection unexpectedly"),
    "locked": OperationalError("canceling statement due to lock timeout"),
    "closed": InterfaceError("connection already closed"),
}


@contextmanager
def away(error: Exception, *, after: int = 0) -> Iterator[list[str]]:
    """Let the first `after` queries through; yield the queries that were refused."""
    refused: list[str] = []
    passed = iter(range(after))

    def answer(execute: Any, sql: str, *rest: Any) -> Any:
        if not refused and next(passed, None) is not None:
            return execute(sql, *rest)
        refused.append(sql)
        raise error

    with connection.execute_wrapper(answer):
        yield refused


@pytest.fixture
def world() -> World:
    return make_world("ours")


@pytest.fixture
def browsers(world: World) -> dict[str, Client]:
    """Whoever asks: a stranger, an owner, an administrator, and a program."""
    boss = make_account("boss@ours.example", is_staff=True, is_superuser=True)
    token = make_token("sync", *ApiToken.Scope.values)
    found = {
        "stranger": Client(),
        "owner": sign_in_with_password(world.owner),
        "administrator": sign_in_verified(boss),
        "program": client_with(token),
    }
    for browser in found.values():
        browser.raise_request_exception = False
    return found


def test_every_page_says_so_to_everybody(
    browsers: dict[str, Client], world: World
) -> None:
    strict = Client().get("/login/")["Content-Security-Policy"]
    asked = set()
    for who, browser in browsers.items():
        for place in EVERY_ADDRESS:
            page = with_rows(place, world.rows)
            with away(ERRORS["refused"]) as queries:
                answer = browser.get(page)
            if queries and page != "/healthz":
                asked.add(page)
                require_outage(answer, page, strict)
            else:
                assert answer.status_code < 500 or page == "/healthz", (who, page)
    assert len(asked) > 120


def require_outage(answer: Any, page: str, strict: str) -> None:
    """It is a 503 with all that belongs to one."""
    assert answer.status_code == 503, page
    assert int(answer["Retry-After"]) > 0
    assert answer["Content-Security-Policy"] == strict
    assert "no-store" in answer["Cache-Control"]
    text = answer.content.decode()
    if page.startswith(API):
        assert answer["Content-Type"] == "application/problem+json"
        assert json.loads(text)["status"] == 503
    else:
        assert answer["Content-Type"] == "text/html; charset=utf-8"
        assert "The portal cannot answer for the moment" in text


def change_mailbox(browsers: dict[str, Client], world: World) -> Any:
    page = reverse("admin:accounts_account_change", args=[world.owner.pk])
    return browsers["administrator"].post(page, {"name": "Another"})


# What changes something, and asks the database for much.
ACTS: dict[str, Callable[[dict[str, Client], World], Any]] = {
    "home": lambda browsers, _world: browsers["owner"].get("/"),
    "list": lambda browsers, _world: browsers["administrator"].get(
        "/admin/accounts/account/"
    ),
    "switch": lambda browsers, _world: browsers["owner"].post(
        reverse("clientpasswords:enable")
    ),
    "sign-in": lambda browsers, world: sign_in(
        browsers["stranger"], world.owner.address, PASSWORD
    ),
    "change": change_mailbox,
    "program": lambda browsers, world: send(
        browsers["program"],
        "PATCH",
        f"{API}accounts/{world.owner.address}",
        {"name": "Another"},
        ANY,
    ),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("error", ["gone", "closed"])
def test_it_may_go_at_any_query_of_a_request(
    browsers: dict[str, Client], world: World, act: str, error: str
) -> None:
    """Also at the last one, by which the session is written."""
    kept = [(browser, browser.cookies.output()) for browser in browsers.values()]
    for count in range(200):
        for browser, cookies in kept:
            browser.cookies.load(cookies)
        with away(ERRORS[error], after=count) as refused:
            answer = ACTS[act](browsers, world)
        if not refused:
            break
        assert answer.status_code in {503, 200, 302}, (count, refused)
        if count == 0:
            assert answer.status_code == 503
    assert 3 < count < 199


@pytest.mark.parametrize(
    ("error", "answers"),
    [*((each, 503) for each in ERRORS), ("other", 500)],
)
def test_only_a_database_that_is_away_is_told_so(
    browsers: dict[str, Client], error: str, answers: int
) -> None:
    with away(ERRORS.get(error) or ProgrammingError("no such column")):
        assert browsers["owner"].get("/").status_code == answers


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("de", "Das Portal kann gerade nicht antworten"),
        ("zh-hans", "门户暂时无法响应"),
        ("zh-hant", "入口網站暫時無法回應"),
    ],
)
def test_readers_are_told_in_their_language(
    browsers: dict[str, Client], language: str, words: str
) -> None:
    browsers["owner"].cookies["django_language"] = language

    with away(ERRORS["refused"]):
        answer = browsers["owner"].get("/settings/")

    assert words in answer.content.decode()
    assert f'lang="{language}"' in answer.content.decode().lower()


def test_wrong_sql_is_no_outage(browsers: dict[str, Client]) -> None:
    """Both raise the same class by the driver of SQLite."""

    def answer(execute: Any, _sql: str, _values: Any, many: Any, context: Any) -> Any:
        return execute("SELECT no_such_column", (), many, context)

    with connection.execute_wrapper(answer):
        assert browsers["owner"].get("/").status_code == 500


def test_the_log_has_one_line_of_each_request_and_no_traceback(
    browsers: dict[str, Client], caplog: pytest.LogCaptureFixture
) -> None:
    with away(ERRORS["gone"]):
        for _ in range(3):
            browsers["administrator"].get("/admin/")

    assert [each.exc_info for each in caplog.records] == [None] * 3
    line = "Service Unavailable: /admin/ (OperationalError, no database)"
    assert [each.getMessage() for each in caplog.records] == [line] * 3


def test_what_else_fails_keeps_its_traceback(
    browsers: dict[str, Client], caplog: pytest.LogCaptureFixture
) -> None:
    with away(ProgrammingError("no such column")):
        browsers["owner"].get("/")

    assert [bool(each.exc_info) for each in caplog.records] == [True]
