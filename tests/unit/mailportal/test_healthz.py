import pytest
from django.db import OperationalError, connection
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

pytestmark = pytest.mark.both_databases


def _gone(*_args: object) -> None:
    raise OperationalError("the server closed the connection")


def test_it_is_well_while_the_database_answers(
    client: Client, db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        response = client.get("/healthz")

    assert (response.status_code, response.content) == (200, b"ok\n")
    assert response["Content-Type"] == "text/plain"
    assert not response.cookies


def test_it_is_ill_without_the_database(
    client: Client, db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(connection, "cursor", _gone)
        response = client.get("/healthz")

    assert (response.status_code, response.content) == (503, b"database away\n")


def test_who_has_signed_in_is_answered_all_the_same(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(connection, "cursor", _gone)
        response = browser.get("/healthz")

    assert (response.status_code, response.content) == (503, b"database away\n")


def test_a_monitor_needs_no_https(client: Client, db: None, settings: Settings) -> None:
    settings.SECURE_SSL_REDIRECT = True

    assert client.get("/healthz").status_code == 200
    assert client.head("/healthz").status_code == 200
    assert client.get("/")["Location"] == "https://testserver/"


@pytest.mark.parametrize("host", ["10.0.0.5", "[2001:db8::5]:8443", "no name", ""])
def test_a_balancer_asks_by_whatever_name_and_is_answered(
    client: Client, db: None, host: str
) -> None:
    for method in ("GET", "HEAD"):
        answer = client.generic(method, "/healthz", headers={"Host": host})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "page",
    ["/", "/login/", "/healthz/", "/healthz/x", "//healthz", "/admin/", "/api/v1/"],
)
def test_nothing_else_is_answered_by_a_name_that_is_not_ours(
    client: Client, db: None, page: str
) -> None:
    assert client.get(page, headers={"Host": "10.0.0.5"}).status_code == 400


def test_what_is_no_question_is_no_health_check(client: Client, db: None) -> None:
    assert client.post("/healthz").status_code == 405
