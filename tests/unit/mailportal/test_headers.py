"""What browsers are told with every kind of answer."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from clientpasswords import lifecycle

pytestmark = pytest.mark.one_database

Answer = Callable[[], Any]
CSP = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
}
TRUSTED_TYPES = "require-trusted-types-for 'script'"


HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


@pytest.fixture
def troubled(
    browser: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Answer]:
    """The answers of a portal that is out of order."""

    def breaks_down() -> Any:
        monkeypatch.setattr(lifecycle, "switch_on", lambda *_a, **_k: 1 / 0)
        browser.raise_request_exception = False
        return browser.post(reverse("clientpasswords:enable"))

    def database_away() -> Any:
        with monkeypatch.context() as broken:
            broken.setattr(connection, "cursor", _fail)
            return Client(raise_request_exception=False).get("/healthz")

    def read_only() -> Any:
        settings.READ_ONLY = True
        return browser.post(reverse("clientpasswords:enable"))

    return {
        "500 broken": breaks_down,
        "503 health": database_away,
        "503 read-only": read_only,
    }


@pytest.fixture
def answers(
    browser: Client,
    administrator: Client,
    settings: Settings,
    tmp_path: Path,
    troubled: dict[str, Answer],
) -> dict[str, Answer]:
    """Each kind of answer that the portal can give, by a name for it."""
    (tmp_path / "portal.css").write_text("body {}")
    settings.STATIC_ROOT = tmp_path
    stranger = Client(raise_request_exception=False)
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)

    def static_file() -> Any:
        with closing(stranger.get("/static/portal.css")) as response:
            assert response.getvalue() == b"body {}"
        return response

    return {
        "200 page": lambda: browser.get(reverse("clientpasswords:index")),
        "200 sign-in": lambda: stranger.get(reverse("two_factor:login")),
        "200 health": lambda: stranger.get("/healthz"),
        "200 static": static_file,
        "200 admin": lambda: administrator.get("/admin/"),
        "302 redirect": lambda: stranger.get(reverse("clientpasswords:index")),
        "302 admin": lambda: stranger.get("/admin/"),
        "400 form": lambda: stranger.post(reverse("accounts:language"), TOO_MANY),
        "400 host": lambda: stranger.get("/", headers={"Host": "evil.example"}),
        "403 form": lambda: strict.post(reverse("accounts:language")),
        "403 admin": lambda: browser.get("/admin/login/"),
        "404 page": lambda: browser.get("/nowhere/"),
        "404 static": lambda: stranger.get("/static/nothing.css"),
        "405 method": lambda: browser.get(reverse("clientpasswords:code")),
        "409 refused": lambda: browser.get(reverse("clientpasswords:new")),
        **troubled,
    }


# More fields than Django reads of a form.
TOO_MANY = dict.fromkeys(map(str, range(1001)), "")


def _fail(*_args: object) -> None:
    raise OperationalError("gone")


KINDS = [
    "200 page",
    "200 sign-in",
    "200 health",
    "200 static",
    "200 admin",
    "302 redirect",
    "302 admin",
    "400 form",
    "400 host",
    "403 form",
    "403 admin",
    "404 page",
    "404 static",
    "405 method",
    "409 refused",
    "500 broken",
    "503 health",
    "503 read-only",
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_carries_the_strict_policy_and_the_other_headers(
    answers: dict[str, Answer], kind: str
) -> None:
    response = answers[kind]()

    assert response.status_code == int(kind[:3])
    policy = set(response["Content-Security-Policy"].split("; "))
    # jQuery and Select2 of the administration know no trusted types.
    assert policy == (CSP if kind == "200 admin" else CSP | {TRUSTED_TYPES})
    assert {name: response[name] for name in HEADERS} == HEADERS
    assert "camera=()" in response["Permissions-Policy"]
    assert "clipboard-write=(self)" in response["Permissions-Policy"]
    cached = response.headers.get("Cache-Control", "")
    assert {"no-store", "private"} <= set(cached.split(", ")) or "static" in kind


def test_a_static_file_may_be_kept(answers: dict[str, Answer]) -> None:
    response = answers["200 static"]()

    assert "no-store" not in response["Cache-Control"]
    assert "max-age" in response["Cache-Control"]


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("400 form", "Nothing can be changed at the moment"),
        ("400 host", "The portal is not at this address"),
        ("403 form", "This page has expired"),
        ("403 admin", "You do not have access to this page"),
        ("404 page", "Page not found"),
        ("500 broken", "Something went wrong on our side"),
    ],
)
def test_an_error_has_a_page_of_our_own_that_tells_nothing(
    answers: dict[str, Answer], kind: str, words: str
) -> None:
    page = answers[kind]().content.decode()

    assert words in page
    assert "Traceback" not in page
    assert "ZeroDivisionError" not in page
    assert "Django" not in page


@pytest.mark.parametrize("kind", ["200 page", "200 sign-in", "200 admin", "404 page"])
def test_no_page_loads_anything_from_elsewhere(
    answers: dict[str, Answer], kind: str
) -> None:
    page = answers[kind]().content.decode()

    assert 'src="http' not in page
    assert 'src="//' not in page
    assert '<link rel="stylesheet" href="http' not in page
    assert "<script>" not in page
    assert "<style" not in page
    assert " style=" not in page
    assert " onclick=" not in page
    assert "javascript:" not in page


def test_the_cookies_are_out_of_reach_of_scripts_and_other_sites(
    browser: Client,
) -> None:
    browser.get(reverse("clientpasswords:enable"))
    browser.post(reverse("accounts:language"), {"language": "de"})
    browser.post(reverse("accounts:appearance"), {"scheme": "dark"})

    kept = {"session", "csrf", "django_language", "scheme", "messages"}
    assert set(browser.cookies) == kept
    for cookie in browser.cookies.values():
        assert cookie["httponly"], cookie.key
        assert cookie["samesite"] == "Lax", cookie.key
        assert cookie["path"] == "/", cookie.key
        assert cookie["domain"] == "", cookie.key
