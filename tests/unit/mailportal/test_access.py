"""Who may open what: every address of the portal, found in its list of addresses."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import Account
from tests.factories import PASSWORD, make_client_password

# What opens without a sign-in, and why.
OPEN = {
    "home": "the choice of the site",
    "healthz": "for monitors",
    "two_factor:login": "the sign-in itself",
    "accounts:language": "on the sign-in page too",
    "accounts:appearance": "on the sign-in page too",
    "help:index": "what it says is no secret",
    "help:client": "as before",
    "discovery:autoconfig": "asked by programs that are about to be set up",
    "discovery:autoconfig-well-known": "as before",
    "discovery:autodiscover": "as before",
    "discovery:autodiscover-json": "as before",
}
# Posted by programs, which have no form of ours; test_discovery.py says what happens.
MACHINES = {"discovery:autodiscover"}
JSON = "discovery:autodiscover-json"
POST_ONLY = {
    "accounts:sign-out",
    "accounts:language",
    "accounts:appearance",
    "clientpasswords:code",
    "clientpasswords:verify",
    "clientpasswords:name",
    "clientpasswords:limit",
    "clientpasswords:profile",
    "discovery:autodiscover",
}
GET_ONLY = {
    "home",
    "healthz",
    "accounts:general",
    "clientpasswords:index",
    "clientpasswords:new",
    "clientpasswords:device",
    "clientpasswords:sign-ins",
    "clientpasswords:status",
    "two_factor:profile",
    "two_factor:qr",
    "two_factor:setup_complete",
    "help:index",
    "help:client",
    "discovery:autoconfig",
    "discovery:autoconfig-well-known",
    "discovery:autodiscover-json",
}
OF_ONE_PASSWORD = {
    f"clientpasswords:{name}"
    for name in ("device", "name", "limit", "status", "profile", "delete")
}


def names(resolver: URLResolver, namespace: str = "") -> Iterator[str]:
    """The name of every address but for the administration's."""
    for entry in resolver.url_patterns:
        if isinstance(entry, URLPattern):
            yield f"{namespace}{entry.name}"
        elif entry.namespace != "admin":
            inner = f"{entry.namespace}:" if entry.namespace else namespace
            yield from names(entry, inner)


def address(name: str, pk: int = 1) -> str:
    if name == "help:client":
        return reverse(name, args=["iphone"])
    return reverse(name, args=[pk] if name in OF_ONE_PASSWORD else [])


ALL = sorted(names(get_resolver()))
CHANGING = sorted(set(ALL) - GET_ONLY - MACHINES)


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


@pytest.mark.parametrize("name", sorted(set(ALL) - set(OPEN)))
@pytest.mark.parametrize("method", ["get", "post"])
def test_without_a_session_one_is_led_to_the_sign_in(
    client: Client, alice: Account, name: str, method: str
) -> None:
    before = state()

    response = getattr(client, method)(address(name))

    assert response.status_code == 302
    assert response["Location"] == f"{reverse('two_factor:login')}?next={address(name)}"
    assert state() == before


@pytest.mark.parametrize("name", sorted(set(OPEN) - {*MACHINES, JSON}))
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
    assert "This page was open for too long" in response.content.decode()
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
