"""Whatever is sent to whatever field of whatever page: refused or taken, never a 500.

Every form that a page shows is sent with each odd value in each of its fields, the
others as they were; and every parameter and body of the API likewise.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from html.parser import HTMLParser
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_from_bytes, urlencode

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Account
from api.service import service
from provisioning.models import ApiToken
from tests import databases
from tests.factories import make_account
from tests.signedin import sign_in_verified, sign_in_with_password
from tests.unit.administration.worlds import World, make_world
from tests.unit.api.conftest import client_with, make_token
from tests.unit.api.mailboxsteps import ANY, send
from tests.unit.mailportal.addresses import CHANGING, EVERY_ADDRESS, with_rows
from tests.unit.mailportal.addresses import address as changing_address

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]

FORM = "application/x-www-form-urlencoded"
HUGE = "9" * 5000
# As bytes: not all of it is text.
ODD = [
    b"",
    b"\0",
    b"a\0b@ours.example",
    b"\xed\xa0\x80",  # half of a surrogate pair
    b"\xff\xfe",
    "１２３٣\u202e\u2028".encode(),
    b"-1",
    b"99999999999999999999",
    HUGE.encode(),
    b"1e400",
    b"NaN",
    b"0001-01-01",
    b"9999-12-31",
    b"0001-01-01T00:00:00+23:59",
    b"9999-12-31T23:59:59-23:59",
    b"23:59:59.999999",
    b"00000000-0000-0000-0000-000000000000",
    b"x" * 20_000,
    b"[]",
    b'{"a": [1]}',
    b"%s%n{0}'\"><",
    b"../../etc",
    b"a@b@c",
    b"+" * 40,
    b"2001:db8::/999, ::ffff:1.2.3.4/33",
]
WORST = [b"\0", b"99999999999999999999", HUGE.encode(), b"0001-01-01", b"9999-12-31"]
# The same as JSON has it, and what only JSON has.
ODD_JSON = [
    *(json.dumps(each.decode(errors="surrogateescape")) for each in ODD),
    '"\\ud800"',
    '"\\u0000"',
    "null",
    "true",
    "1e400",
    "-1",
    HUGE,
    "NaN",
    "-Infinity",
    "[]",
    "{}",
    '{"a": {"a": null}}',
    "[" * 2000,
]


@dataclass
class Form:
    """A form as a browser would send it."""

    action: str
    method: str
    values: dict[str, str] = field(default_factory=dict)


class Forms(HTMLParser):
    """The forms of a page, with what stands in them."""

    def __init__(self, page: str, text: str) -> None:
        super().__init__()
        self.page = page
        self.found: list[Form] = []
        self._select = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "form":
            action = given.get("action") or self.page
            self.found.append(Form(action, given.get("method", "get")))
        elif not self.found:
            return
        values = self.found[-1].values
        if tag == "select":
            self._select = name
            values.setdefault(name, "")
        elif tag == "option" and self._select and "selected" in given:
            values[self._select] = given.get("value", "")
        elif tag == "textarea" and name:
            values.setdefault(name, "")
        elif tag in {"input", "button"} and name:
            is_box = given.get("type") in {"checkbox", "radio"}
            is_chosen = not is_box or "checked" in given
            values.setdefault(name, given.get("value", "on") if is_chosen else "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = ""


@pytest.fixture
def world() -> World:
    return make_world("ours")


@pytest.fixture
def browsers(world: World) -> dict[str, Client]:
    boss = make_account("boss@ours.example", is_staff=True, is_superuser=True)
    found = {
        "stranger": Client(),
        "owner": sign_in_with_password(world.owner),
        "superuser": sign_in_verified(boss),
    }
    for each in found.values():
        each.raise_request_exception = False
    return found


@contextmanager
def undone(browser: Client) -> Iterator[None]:
    """Leave neither rows nor cookies behind."""
    cookies = browser.cookies.output(header="")
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    browser.cookies.clear()
    browser.cookies.load(cookies)


def forms_of(browser: Client, world: World) -> Iterator[Form]:
    """Yield every form of every page that opens, the same one once."""
    seen = set()
    for place in EVERY_ADDRESS:
        page = with_rows(place, world.rows)
        with undone(browser):
            answer = browser.get(page)
            if answer.status_code != 200 or answer.streaming:
                continue
            kind = answer.headers["Content-Type"]
            text = answer.content.decode() if kind.startswith("text/html") else ""
        for form in Forms(page, text).found:
            key = (form.action, form.method, *sorted(form.values))
            if key not in seen:
                seen.add(key)
                yield form


def every_way(form: Form, turn: Iterator[bytes]) -> Iterator[tuple[str, str]]:
    """Yield what is sent, and which field is odd: all of them at once, and each alone.

    Where a form is refused by one field, what comes after it is not reached. Each alone
    has the value whose turn it is: one of many fields gets each of them.
    """
    for odd in WORST:
        yield encode(form.values, set(form.values), odd), f"all={odd[:30]!r}"
    for name in form.values:
        for odd in (next(turn), next(turn)):
            yield encode(form.values, {name}, odd), f"{name}={odd[:30]!r}"


def encode(values: dict[str, str], names: set[str], odd: bytes) -> str:
    rest = {key: value for key, value in values.items() if key not in names}
    return "&".join(
        [urlencode(rest), *(f"{quote(each)}={quote_from_bytes(odd)}" for each in names)]
    )


@pytest.mark.parametrize("who", ["stranger", "owner", "superuser"])
def test_every_field_of_every_form(
    browsers: dict[str, Client], world: World, who: str
) -> None:
    # So that all that an administrator has is on the page of the mailbox.
    Account.objects.filter(pk=world.owner.pk).update(is_staff=who == "superuser")
    browser, broken, sent, turn = browsers[who], set(), 0, cycle(ODD)
    for form in forms_of(browser, world):
        for data, what in every_way(form, turn):
            sent += 1
            with undone(browser):
                if form.method.lower() == "post":
                    answer = browser.post(form.action, data, content_type=FORM)
                else:
                    answer = browser.get(form.action, QUERY_STRING=data)
            if answer.status_code >= 500:
                broken.add((form.action, what))
    assert broken == set()
    assert sent > 20


# --- what no form shows at first ------------------------------------------------------

ROOT = Path(__file__).resolve().parents[3]
CODE = [
    file
    for app in databases.APPS
    for file in (ROOT / app).rglob("*.py")
    if "migrations" not in file.parts
]
READ_BY_HAND = re.compile(r"POST\.get(?:list)?\(\s*\"(\w+)\"")
# Where the digits of a text are looked at, and why it is no text of thousands of them.
DIGITS = re.compile(r"\.is(?:decimal|digit|numeric)\(")
NOT_TOO_LONG = {
    "gateways/doveadm.py": "our own mail server counts",
    "gateways/loginnames.py": "as many as a key has",
    "provisioning/passwd_files.py": "ten, by the expression before",
}


def test_every_name_that_a_view_reads_by_hand(
    browsers: dict[str, Client], world: World
) -> None:
    names = {name for file in CODE for name in READ_BY_HAND.findall(file.read_text())}
    assert {"old", "device", "sealed"} <= names
    browser, broken = browsers["owner"], set()
    for name in CHANGING:
        page = with_rows(changing_address(name), world.rows)
        for odd in ODD:
            with undone(browser):
                data = encode({}, names, odd)
                answer = browser.post(page, data, content_type=FORM)
            if answer.status_code >= 500:
                broken.add((page, odd[:30]))
    assert broken == set()


def test_that_all_are_digits_makes_no_text_a_number() -> None:
    """Python refuses to read 5,000 digits: whoever reads a number says how many."""
    found = {
        str(file.relative_to(ROOT)) for file in CODE if DIGITS.search(file.read_text())
    }
    assert found == set(NOT_TOO_LONG)


# --- bodies of programs and scripts ---------------------------------------------------


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    schema = service.get_openapi_schema(path_prefix="/api/v1/")
    for place, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield place, method.upper(), operation


def properties_of(operation: dict[str, Any]) -> list[str]:
    schema = service.get_openapi_schema(path_prefix="/api/v1/")
    body = operation.get("requestBody", {}).get("content", {})
    name = str(body.get("application/json", {}).get("schema", {}).get("$ref", ""))
    shape = schema["components"]["schemas"].get(name.rpartition("/")[2], {})
    return list(shape.get("properties", {}))


@pytest.fixture
def program(world: World, settings: Settings) -> Client:
    settings.API_REQUESTS_PER_MINUTE = 1_000_000
    program = client_with(make_token("sync", *ApiToken.Scope.values))
    program.raise_request_exception = False
    return program


def fill_in(place: str, world: World, **instead: str) -> str:
    known = {"address": world.owner.address, "pk": "1", "name": "ours.example"}
    if place.startswith("/api/v1/policies"):
        known["name"] = world.policy.name
    return place.format(
        **{name: quote(value) for name, value in known.items()} | instead
    )


def test_every_body_of_the_api(program: Client, world: World) -> None:
    broken, sent, turn = set(), 0, cycle(ODD_JSON)
    for place, method, operation in operations():
        names = properties_of(operation)
        # Each field gets some of them, and the many fields all.
        bodies = [f'{{"{name}": {next(turn)}}}' for name in names for _ in range(10)]
        for body in [*bodies, *(ODD_JSON if names else [])]:
            sent += 1
            with undone(program):
                answer = send(program, method, fill_in(place, world), body, ANY)
            if answer.status_code >= 500:
                broken.add((method, place, body[:60]))
    assert broken == set()
    assert sent > 300


def test_every_parameter_of_the_api(program: Client, world: World) -> None:
    broken, sent = set(), 0
    for place, method, operation in operations():
        for parameter in operation.get("parameters", []):
            for odd in ODD:
                text = quote_from_bytes(odd, safe="")
                name = parameter["name"]
                if parameter["in"] == "path":
                    asked = fill_in(place, world, **{name: text})
                else:
                    asked = f"{fill_in(place, world)}?{name}={text}"
                sent += 1
                with undone(program):
                    answer = send(program, method, asked, "{}", ANY)
                if answer.status_code >= 500:
                    broken.add((method, place, name, odd[:30]))
    assert broken == set()
    assert sent > 200


@pytest.mark.parametrize("who", ["stranger", "owner"])
def test_every_body_that_a_script_sends(browsers: dict[str, Client], who: str) -> None:
    browser, broken = browsers[who], set()
    for name in ("begin", "sign-in", "make-begin", "make-complete"):
        page = reverse(f"accounts:passkey-{name}")
        for odd in ODD_JSON[::4]:
            for body in (odd, f'{{"response": {odd}, "id": {odd}, "rawId": {odd}}}'):
                with undone(browser):
                    answer = browser.post(page, body, content_type="application/json")
                if answer.status_code >= 500:
                    broken.add((page, body[:60]))
    assert broken == set()


# --- what else a request has ----------------------------------------------------------

COOKIES = ["session", "csrf", "django_language", "scheme"]
HEADERS = [
    "Accept-Language",
    "Authorization",
    "Content-Type",
    "Cookie",
    "Host",
    "If-Match",
    "Origin",
    "Referer",
    "User-Agent",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
]


def test_every_header(
    browsers: dict[str, Client], world: World, settings: Settings
) -> None:
    settings.TRUSTED_PROXIES = 1
    browser, broken = browsers["owner"], set()
    pages = [
        ("/settings/", "GET"),
        (reverse("clientpasswords:enable"), "POST"),
        (f"/api/v1/accounts/{world.owner.address}", "PATCH"),
    ]
    for header in HEADERS:
        for odd in [each.decode("latin-1") for each in ODD[::4]]:
            is_cookie = header == "Cookie"
            value = "; ".join(f"{name}={odd}" for name in COOKIES) if is_cookie else odd
            for page, method in pages:
                with undone(browser):
                    answer = browser.generic(method, page, headers={header: value})
                if answer.status_code >= 500:
                    broken.add((header, value[:30], page))
    assert broken == set()
