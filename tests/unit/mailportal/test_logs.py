"""No log has the token of a set-up link in it, whoever writes the line."""

import io
import logging
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import Account
from clientpasswords.setup import links
from mailportal.logs import redact_links
from tests.unit.support import HOME, code_for

NGINX = Path(__file__).resolve().parents[3] / "deploy" / "nginx" / "mailportal.conf"
FLAGS = re.DOTALL | re.MULTILINE
METHODS = [
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"),
    "PROPFIND",
]


@pytest.fixture
def token(alice: Account, client_passwords_on: None) -> str:
    """What opens the mailbox, once."""
    code = code_for(alice)
    return links.offer(alice, code=code, attempt=uuid4(), by=HOME).token


def breaks(*_args: object, **_kwargs: object) -> Any:
    raise RuntimeError("the step that breaks")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("trouble", ["", "host", "bug", "no session"])
def test_whatever_is_answered_the_link_is_in_no_line(
    token: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    trouble: str,
) -> None:
    device = Client(enforce_csrf_checks=True, raise_request_exception=False)
    caplog.set_level(logging.DEBUG)
    headers = {"Host": "10.0.0.5"} if trouble == "host" else {}
    if trouble == "no session":
        device.cookies["session"] = "x" * 32
    if trouble == "bug":
        monkeypatch.setattr(links, "find", breaks)

    statuses = {
        device.generic(method, f"{page}{rest}", headers=headers).status_code
        for page in (f"/i/{token}/", f"/i/{token}", f"/x//i/{token}/", f"/i/{token}/x")
        for rest in ("", "?next=/", f"?next=/i/{token}/")
    }

    assert statuses - {200}
    lines = [f"{each.getMessage()} {each.exc_text or ''}" for each in caplog.records]
    # A stranger's Host is refused before anybody looks at the address.
    assert trouble == "host" or any("/i/…" in line for line in lines)
    assert token not in "".join(lines)
    assert token not in caplog.text


def test_a_traceback_has_none_either(token: str, caplog: Any) -> None:
    empty: dict[str, str] = {}
    for logger in ("django.request", "gunicorn.error", "another.library"):
        try:
            empty[f"/i/{token}/"]
        except KeyError:
            logging.getLogger(logger).exception("Error handling request /i/%s/", token)

    assert caplog.text.count("Traceback") == 3
    assert token not in caplog.text


@pytest.mark.parametrize("name", ["gunicorn.access", "gunicorn.error"])
def test_gunicorns_own_lines_have_none(token: str, name: str) -> None:
    """Also those of requests that Django never sees."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    logger = logging.getLogger(name)
    logger.addHandler(handler)
    line = {"r": f"GET /i/{token}/ HTTP/1.1", "U": f"/i/{token}/", "f": f"x/i/{token}"}
    try:
        logger.error('"%(r)s" %(U)s "%(f)s"', line)
        logger.error("Invalid request from ip=%s: %s", "::1", f"/i/{token}/")
    finally:
        logger.removeHandler(handler)

    assert written.getvalue().count("/i/…") == 4
    assert token not in written.getvalue()


@pytest.mark.parametrize(
    "written",
    [
        "/i/{}/",
        "/i/{}",
        "//i//{}/",
        "/%69/{}/",
        "/%2Fi%2f{}",
        "/x/../i/{}/",
        "https://portal.example/i/{}/?a=b",
        'request: "GET /i/{}/ HTTP/1.1", upstream',
        "i of /i/{}'s",
    ],
)
def test_a_link_is_found_however_it_is_written(written: str) -> None:
    assert redact_links(written.format("Abc_-12")) == written.format("…")


@pytest.mark.parametrize(
    "path",
    [
        "/i/ {}/",
        "/i/\u00a0{}",
        '/i/"{}"/',
        "/i/'{}'/",
        "/i/./{}/",
        "/i/../i/{}/",
        "/i/?token={}",
        "/i/#{}",
        "/i/%-{}",
        "/i/a/b c/{}",
    ],
)
def test_a_link_that_was_pasted_wrong_is_in_no_line(
    token: str, client: Client, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    """It still opens the mailbox. A path is written down decoded, or as it came."""
    as_it_came = quote(path.format(token), safe="/?#=%")
    bad_request = client.generic("PUT", as_it_came)
    logging.getLogger("gunicorn.error").error("Invalid request: %s", as_it_came)
    logging.getLogger("another.library").error("%s", path.format(token))

    assert bad_request.status_code >= 400
    assert len(caplog.records) >= 3
    assert token not in caplog.text


def test_no_part_of_a_link_that_is_percent_encoded_is_in_a_line(token: str) -> None:
    for index, symbol in enumerate(token):
        written = f"{token[:index]}%{ord(symbol):02X}{token[index + 1 :]}"
        assert redact_links(f"GET /i/{written}/ HTTP/1.1") == "GET /i/…/ HTTP/1.1"


@pytest.mark.parametrize("text", ["/", "/i/", "/settings/", "/api/v1/", "mail/i", ""])
def test_nothing_else_is_cut(text: str) -> None:
    assert redact_links(text) == text


# --- nginx ----------------------------------------------------------------------------


def servers() -> list[str]:
    """Return each server of nginx's file."""
    found = re.findall(r"^server \{\n(.*?)^\}", NGINX.read_text(), FLAGS)
    assert len(found) == 2
    return found


def test_no_server_of_nginx_logs_a_link() -> None:
    """Neither the request, nor what went wrong with it."""
    for server in servers():
        assert "if=$mailportal_logged;" in server
        place = re.search(r"location \^~ /i/ \{(.*?)\n    \}", server, re.DOTALL)
        assert place is not None
        assert "error_log /dev/null;" in place[1]


@pytest.mark.parametrize(
    ("asked", "logged"),
    [
        ("/", True),
        ("/settings/", True),
        ("/i/TOKEN/", False),
        ("//i/TOKEN", False),
        ("/%69/TOKEN/", False),
        ("/i%2FTOKEN/", False),
        ("/x/../i/TOKEN/?a=b", False),
        ("/login/?next=/i/TOKEN/", False),
    ],
)
def test_nginx_tells_links_by_what_was_asked_and_not_by_what_answers(
    asked: str, *, logged: bool
) -> None:
    """Its error pages have addresses of their own."""
    found = re.search(
        r"map \$request_uri \$mailportal_logged \{(.*?)\n\}",
        NGINX.read_text(),
        re.DOTALL,
    )
    assert found is not None
    (pattern,) = re.findall(r'"~\*(.*)" 0;', found[1])
    assert (re.search(pattern, asked, re.IGNORECASE) is None) == logged
