"""Who may open what: every address of the portal, found in its list of addresses."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from tests.factories import PASSWORD, make_client_password
from tests.unit.mailportal.addresses import (
    ALL,
    CHANGING,
    GET_ONLY,
    JSON,
    LINKS,
    MACHINES,
    OPEN,
    PASSKEYS,
    POST_ONLY,
    PROGRAMS,
    address,
    program_address,
)


def state() -> list[Any]:
    """What an owner can change."""
    accounts = Account.objects.order_by("pk")
    fields = ("client_passwords_on", "language")
    rows = [
        list(account.client_passwords.values("label", "revoked_at", "networks"))
        for account in accounts
    ]
    return [*accounts.values_list(*fields), *rows]


def test_the_list_of_addresses_is_the_one_that_is_walked_here() -> None:
    assert {"home", "clientpasswords:verify", "two_factor:disable"} <= set(ALL)
    assert set(OPEN) | POST_ONLY | GET_ONLY <= set(ALL)
    assert len(ALL) >= 20
    assert {"api:list_accounts", "api:put_policy"} <= set(PROGRAMS)


@pytest.mark.parametrize("name", sorted(set(ALL) - set(OPEN)))
@pytest.mark.parametrize("method", ["get", "post"])
def test_without_a_session_one_is_led_to_the_sign_in(
    client: Client, alice: Account, name: str, method: str
) -> None:
    before = state()

    response = getattr(client, method)(address(name))

    assert response.status_code == 302
    back = address(name) if method == "get" else section_of(name)
    assert response["Location"] == f"{reverse('two_factor:login')}?next={back}"
    assert state() == before


def section_of(name: str) -> str:
    """Where somebody is led back to whose session had ended when they sent a form."""
    app, _, _ = name.rpartition(":")
    return reverse({"clientpasswords": "clientpasswords:index"}.get(app, "home"))


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_without_a_token_a_program_gets_nothing_whoever_has_signed_in(
    administrator: Client, alice: Account, name: str, method: str
) -> None:
    before = state()

    response = getattr(administrator, method)(program_address(name))

    assert response.status_code in {401, 405}
    assert response["Content-Type"] == "application/problem+json"
    assert state() == before


@pytest.mark.parametrize(
    "name", sorted(set(OPEN) - {*MACHINES, JSON, *LINKS, *PASSKEYS})
)
def test_a_few_pages_open_without_a_session(
    client: Client, db: None, name: str
) -> None:
    method = client.post if name in POST_ONLY else client.get

    response = method(address(name))

    assert response.status_code in {200, 302}
    assert "login" not in response.headers.get("Location", "")


@pytest.mark.parametrize("name", sorted(POST_ONLY))
@pytest.mark.parametrize("method", ["get", "head", "put", "delete"])
def test_what_changes_something_takes_nothing_but_post(
    browser: Client, alice: Account, name: str, method: str
) -> None:
    row, _secret = make_client_password(alice)
    before = state()

    response = getattr(browser, method)(address(name, row.pk))

    assert response.status_code == 405
    assert state() == before


# The last page of the set-up asks for the second factor before anything else.
@pytest.mark.parametrize("name", sorted(GET_ONLY - {"two_factor:setup_complete"}))
def test_what_only_shows_something_takes_no_post(browser: Client, name: str) -> None:
    assert browser.post(address(name)).status_code == 405


@pytest.mark.parametrize(
    "name",
    sorted(name for name in ALL if name.startswith("clientpasswords:")),
)
def test_to_look_at_a_window_changes_nothing(
    browser: Client, alice: Account, name: str
) -> None:
    row, _secret = make_client_password(alice)
    before = state()

    browser.get(address(name, row.pk))
    browser.head(address(name, row.pk))

    assert state() == before


@pytest.mark.parametrize("name", CHANGING)
def test_a_post_without_the_forms_token_is_refused_on_a_page_of_our_own(
    alice: Account, name: str
) -> None:
    row, _secret = make_client_password(alice)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    before = state()

    response = browser.post(address(name, row.pk), {"language": "de", "label": "x"})

    assert response.status_code == 403
    assert "This page has expired" in response.content.decode()
    assert state() == before


@pytest.mark.parametrize("name", CHANGING)
def test_a_post_from_another_site_is_refused_though_it_has_the_token(
    alice: Account, name: str
) -> None:
    row, _secret = make_client_password(alice)
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    browser.get(reverse("clientpasswords:enable"))
    token = browser.cookies["csrf"].value
    before = state()

    response = browser.post(
        address(name, row.pk),
        {"csrfmiddlewaretoken": token, "language": "de"},
        headers={"Origin": "https://evil.example"},
    )

    assert response.status_code == 403
    assert state() == before


def test_a_post_of_our_own_with_the_token_is_accepted(alice: Account) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    browser.get(reverse("clientpasswords:enable"))
    token = browser.cookies["csrf"].value

    response = browser.post(
        reverse("clientpasswords:enable"),
        {"csrfmiddlewaretoken": token},
        headers={"Origin": "http://testserver"},
    )

    assert response.status_code == 302
    alice.refresh_from_db()
    assert alice.client_passwords_on


@pytest.mark.parametrize(
    ("method", "name"),
    [
        ("get", "clientpasswords:device"),
        ("get", "clientpasswords:status"),
        ("post", "clientpasswords:name"),
        ("post", "clientpasswords:limit"),
        ("post", "clientpasswords:profile"),
        ("get", "clientpasswords:delete"),
        ("post", "clientpasswords:delete"),
    ],
)
def test_somebody_elses_password_is_not_there(
    client: Client, alice: Account, mallory: Account, name: str, method: str
) -> None:
    row, _secret = make_client_password(alice, "Alice's phone")
    client.force_login(mallory)
    before = state()

    response = getattr(client, method)(address(name, row.pk), {"label": "Mine"})

    assert response.status_code == 404
    assert "Alice" not in response.content.decode()
    assert state() == before


@pytest.mark.parametrize("name", ["clientpasswords:name", "clientpasswords:delete"])
def test_a_deleted_password_is_not_there(
    browser: Client, alice: Account, name: str
) -> None:
    row, _secret = make_client_password(alice)
    browser.post(address("clientpasswords:delete", row.pk))

    response = browser.post(address(name, row.pk), {"label": "Again"})

    assert response.status_code == 404


def test_administrators_too_reach_only_their_own_passwords_here(
    client: Client, alice: Account
) -> None:
    row, _secret = make_client_password(alice)
    admin = Account.objects.create_superuser("admin@example.com", PASSWORD)
    client.force_login(admin)

    response = client.post(address("clientpasswords:delete", row.pk))

    assert response.status_code == 404
    assert alice.client_passwords.live().exists()


def test_a_disabled_mailbox_is_signed_out(browser: Client, alice: Account) -> None:
    assert browser.get(reverse("clientpasswords:index")).status_code == 200

    Account.objects.update(is_active=False)

    assert browser.get(reverse("clientpasswords:index")).status_code == 302
    assert browser.post(reverse("clientpasswords:enable")).status_code == 302
    alice.refresh_from_db()
    assert not alice.client_passwords_on


@pytest.mark.parametrize(
    "path",
    ["/account/two_factor/backup/tokens/", "/settings/two-step/backup/", "/nowhere/"],
)
def test_what_does_not_exist_is_not_found(browser: Client, path: str) -> None:
    assert browser.get(path).status_code == 404
