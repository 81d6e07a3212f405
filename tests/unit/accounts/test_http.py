"""Whose address a request comes from."""

import pytest
from django.test import Client, RequestFactory
from pytest_django import Settings
from time_machine import Traveller

from accounts.http import client_address
from accounts.models import Account
from tests.unit.support import sign_in

PROXY, BROWSER = "10.0.0.1", "198.51.100.7"


def address(forwarded: str | None, *, remote: str = PROXY) -> str | None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = RequestFactory(headers=headers).get("/", REMOTE_ADDR=remote)
    return client_address(request)


@pytest.mark.parametrize("forwarded", [None, "", BROWSER, f"1.1.1.1, {BROWSER}"])
def test_without_proxies_of_ours_no_header_is_believed(forwarded: str | None) -> None:
    assert address(forwarded) == PROXY


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (1, BROWSER, BROWSER),
        (1, f"6.6.6.6, {BROWSER}", BROWSER),
        (1, f"6.6.6.6,7.7.7.7 ,  {BROWSER} ", BROWSER),
        (1, f", {BROWSER}", BROWSER),
        (1, f"nonsense, {BROWSER}", BROWSER),
        (2, f"{BROWSER}, 10.0.0.2", BROWSER),
        (2, f"6.6.6.6, {BROWSER}, 10.0.0.2", BROWSER),
        (1, "2001:db8::1", "2001:db8::1"),
        (1, None, PROXY),
        (1, "", PROXY),
        (2, BROWSER, PROXY),
    ],
)
def test_the_header_is_believed_as_far_as_our_own_proxies_wrote_it(
    settings: Settings, proxies: int, forwarded: str | None, expected: str
) -> None:
    settings.TRUSTED_PROXIES = proxies

    assert address(forwarded) == expected


def test_over_a_socket_without_an_address_there_is_none() -> None:
    assert address(None, remote="") is None


def test_a_changing_header_gets_nobody_more_tries(
    alice: Account, clock: Traveller
) -> None:
    codes = [
        sign_in(
            Client(headers={"X-Forwarded-For": f"192.0.2.{number}"}),
            "alice@example.com",
            "wrong",
        ).status_code
        for number in range(6)
    ]

    assert codes == [200] * 5 + [429]


def test_behind_a_proxy_each_browser_has_tries_of_its_own(
    alice: Account, settings: Settings, clock: Traveller
) -> None:
    settings.TRUSTED_PROXIES = 1

    codes = [
        sign_in(
            Client(headers={"X-Forwarded-For": f"6.6.6.6, 192.0.2.{number % 2}"}),
            "alice@example.com",
            "wrong",
        ).status_code
        for number in range(12)
    ]

    assert codes == [200] * 10 + [429] * 2
