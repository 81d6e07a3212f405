"""Whatever protocols are on, every window leads on, and names none that is off."""

import re
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings

from accounts.models import Account, Policy
from accounts.models.protocols import PROTOCOLS, PROTOCOLS_BY_KEY
from clientpasswords.models import ClientPassword, SetUpLink
from clientpasswords.setup import clients
from tests.unit.support import last_code, revealed_by, sealed_in

pytestmark = pytest.mark.usefixtures("client_passwords_on")

# Which protocols are on, by every choice of them but none.
ON = [
    frozenset(
        each.key for each, is_on in zip(PROTOCOLS, switches, strict=True) if is_on
    )
    for switches in product([True, False], repeat=len(PROTOCOLS))
    if any(switches)
]
HOSTS = {
    "imap": "imap.example.com",
    "pop3": "pop.example.com",
    "smtp": "smtp.example.com",
}
AGENTS = {
    "iphone": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) Safari/605.1",
    "computer": "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_1) Safari/605.1",
}
# What a program calls one of its own entries, whatever the mailbox may use.
ENTRIES = "POP or IMAP"
ONLY_RECEIVE = "can only receive mail here"
ONLY_SEND = "can only send mail here"


@pytest.fixture(params=ON, ids=lambda on: "+".join(sorted(on)))
def on(
    request: pytest.FixtureRequest, alice: Account, settings: Settings
) -> frozenset[str]:
    """The protocols that are on for Alice."""
    settings.CODE_COOLDOWN = timedelta()
    chosen: frozenset[str] = request.param
    Policy.objects.update(**{each.key: each.key in chosen for each in PROTOCOLS})
    return chosen


def receives(on: frozenset[str]) -> bool:
    return any(PROTOCOLS_BY_KEY[key].receives for key in on)


def sends(on: frozenset[str]) -> bool:
    return any(PROTOCOLS_BY_KEY[key].sends for key in on)


def steps_in(html: str) -> list[str]:
    """Return the text of each list of steps, with the drawn forms."""
    lists = re.findall(r'<ol class="steps">(.*?)</ol>', html, re.DOTALL)
    return [re.sub(r"<[^>]+>", " ", each) for each in lists]


def assert_leads_on(html: str, on: frozenset[str]) -> None:
    """Only what is on is named, and what no program can do is said."""
    for key, host in HOSTS.items():
        assert key in on or host not in html
    steps = " ".join(steps_in(html)).replace(ENTRIES, "")
    for key in HOSTS.keys() - on:
        assert PROTOCOLS_BY_KEY[key].label not in steps
    if not sends(on):
        assert not re.search("outgoing server|both", steps)
    assert (ONLY_RECEIVE in html) == (not sends(on))
    assert (ONLY_SEND in html) == (not receives(on))


def connect(
    browser: Client, program: str, kind: str, other: ClientPassword | None = None
) -> Any:
    """Go through the window that connects a device, or replaces that of `other`."""
    browser.defaults["HTTP_USER_AGENT"] = AGENTS[kind]
    window, args = ("replace", [other.pk]) if other else ("connect", [])
    browser.post(reverse(f"clientpasswords:{window}-code", args=args))
    data = {"code": last_code(), "attempt": str(uuid4()), "program": program}
    return browser.post(reverse(f"clientpasswords:{window}-verify", args=args), data)


def assert_is_set_up(browser: Client, page: Any, on: frozenset[str], kind: str) -> None:
    """The page that follows has what its reader enters, installs or scans."""
    assert page.status_code == 200
    if "link_qr" in page.context:
        assert receives(on)
        assert sends(on)
        return
    assert revealed_by(page)
    assert_leads_on(page.text, on)
    assert 'class="stages"' in page.text
    assert all(HOSTS[key] in page.text for key in on)
    assert ("Where will you use it?" in page.text) == receives(on)
    assert len(steps_in(page.text)) == (len(clients.CLIENTS) if receives(on) else 0)
    fold = page.text.partition("<summary>Server settings")[0].rpartition("<details")[2]
    assert ("open" in fold) == (not receives(on))
    # Apple's payload, and Thunderbird's code, need a server for each direction.
    assert ("sealed" in page.context) == (receives(on) and sends(on))
    if "sealed" in page.context:
        row = page.context["client_password"]
        address = reverse("clientpasswords:profile", args=[row.pk])
        assert browser.post(address, {"sealed": sealed_in(page)}).status_code == 200
    elif kind == "iphone":
        assert "Install the profile" not in page.text


def test_the_list_offers_to_connect_a_device(
    browser: Client, on: frozenset[str]
) -> None:
    html = browser.get(reverse("clientpasswords:index")).text

    assert f'href="{reverse("clientpasswords:connect")}"' in html
    for key, host in HOSTS.items():
        assert (host in html) == (key in on)


@pytest.mark.parametrize("name", ["connect", "new", "replace"])
def test_the_windows_offer_what_is_possible(
    browser: Client, phone: ClientPassword, on: frozenset[str], name: str
) -> None:
    args = [phone.pk] if name == "replace" else []
    html = browser.get(reverse(f"clientpasswords:{name}", args=args)).text

    assert ">Next<" in html
    scan = reverse("clientpasswords:scan")
    if name == "new":
        assert (scan in html) == (receives(on) and sends(on))
    else:
        assert_leads_on(html, on)
        assert ("Where will you use it?" in html) == receives(on)
    assert browser.get(scan).status_code == (200 if receives(on) and sends(on) else 302)


@pytest.mark.parametrize("kind", AGENTS)
@pytest.mark.parametrize("program", ["iphone", "foxmail", clients.OTHER])
def test_a_device_is_connected_and_replaced(
    browser: Client, alice: Account, on: frozenset[str], program: str, kind: str
) -> None:
    page = connect(browser, program, kind)
    assert_is_set_up(browser, page, on, kind)
    scans = program == "iphone" != kind and receives(on) and sends(on)
    assert ("link_qr" in page.context) == scans
    if scans:
        return
    row = alice.client_passwords.get()

    assert_is_set_up(browser, connect(browser, program, kind, row), on, kind)

    html = browser.get(reverse("clientpasswords:index")).text
    both = "for incoming and for outgoing mail. When the device uses it" in html
    assert both == (receives(on) and sends(on))


@pytest.mark.parametrize("key", sorted(clients.CLIENTS))
def test_the_help_pages_name_what_is_on(
    browser: Client, on: frozenset[str], key: str
) -> None:
    html = browser.get(f"/help/clients/{key}/").text

    assert_leads_on(html, on)
    assert all(HOSTS[each] in html for each in on)
    by_hand = "steps-title" in html
    assert by_hand == receives(on)
    assert ("Without typing" in html) <= (receives(on) and sends(on))
    assert ("in both places" in html) == (receives(on) and sends(on))


def test_a_link_says_what_to_do_where_no_profile_is_possible_any_more(
    browser: Client, alice: Account, on: frozenset[str]
) -> None:
    Policy.objects.update(imap=True, smtp=True)
    shown = connect(browser, "iphone", "computer")
    token = shown.context["address"].split("/")[-2]
    Policy.objects.update(**{each.key: each.key in on for each in PROTOCOLS})

    answer = Client().post(reverse("links:install"), {"token": token})

    if receives(on) and sends(on):
        assert answer.status_code == 200
        return
    assert answer.status_code == 403
    assert "it says what to enter by hand" in answer.text
    assert not alice.client_passwords.exists()
    assert SetUpLink.objects.open().filter(account=alice).exists()


def test_without_any_protocol_nothing_is_offered(
    browser: Client, alice: Account, phone: ClientPassword
) -> None:
    Policy.objects.update(**dict.fromkeys(HOSTS, False))

    html = browser.get(reverse("clientpasswords:index")).text
    assert reverse("clientpasswords:connect") not in html
    assert "Ask your administrator" in html
    for key in clients.CLIENTS:
        html = browser.get(f"/help/clients/{key}/").text
        assert "Ask your administrator" in html
        assert not steps_in(html)
