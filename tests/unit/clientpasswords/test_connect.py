"""*Connect a device* and *Replace*: the chosen program decides what is shown."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation
from pytest_django import Settings

from accounts.models import Account, Policy
from clientpasswords import labels, lifecycle, replacing
from clientpasswords.models import ClientPassword, SetUpLink
from clientpasswords.setup import clients, profiles
from tests.factories import make_usage
from tests.unit.clientpasswords.dovecotlines import line
from tests.unit.clientpasswords.following import Follow, append, catch_up
from tests.unit.support import last_code, revealed_by, sealed_in

pytestmark = [pytest.mark.usefixtures("client_passwords_on"), pytest.mark.one_database]

AGENTS = {
    "iphone": "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) Safari/605.1",
    "android": "Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/130 Mobile",
    "windows": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/130",
    "mac": "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_1) Safari/605.1",
    "linux": "Mozilla/5.0 (X11; Linux x86_64; rv:153.0) Firefox/153.0",
    "": "Mozilla/5.0 (Something)",
}


@pytest.fixture(autouse=True)
def _no_cooldown(settings: Settings) -> None:
    settings.CODE_COOLDOWN = timedelta()


def connect(
    browser: Client, program: str, kind: str, other: ClientPassword | None = None
) -> Any:
    """Press Get and Next in the window, with this program, on such a device.

    It connects another device, or gives that of the `other` password a new one.
    """
    browser.defaults["HTTP_USER_AGENT"] = AGENTS[kind]
    window, args = ("replace", [other.pk]) if other else ("connect", [])
    send, verify = (
        reverse(f"clientpasswords:{window}-{step}", args=args)
        for step in ("code", "verify")
    )
    browser.post(send, {"program": program})
    data = {"code": last_code(), "attempt": str(uuid4()), "program": program}
    return browser.post(verify, data)


def install_here(browser: Client, page: Any) -> None:
    """Download the profile that the page offers."""
    row = page.context["client_password"]
    address = reverse("clientpasswords:profile", args=[row.pk])
    answer = browser.post(address, {"sealed": sealed_in(page)})
    assert answer["Content-Type"] == profiles.CONTENT_TYPE


def scan(page: Any) -> None:
    """Scan the code with another device, and install the profile there."""
    token = page.context["address"].split("/")[-2]
    iphone = Client(HTTP_USER_AGENT=AGENTS["iphone"])
    answer = iphone.post(reverse("links:install"), {"token": token})
    assert answer["Content-Type"] == profiles.CONTENT_TYPE


@pytest.mark.parametrize("kind", AGENTS)
@pytest.mark.parametrize("program", [*clients.CLIENTS, clients.OTHER])
def test_the_device_has_the_name_of_what_was_chosen(
    browser: Client, alice: Account, program: str, kind: str
) -> None:
    page = connect(browser, program, kind)

    if program == clients.OTHER:
        expected = labels.suggest(AGENTS[kind], ())
    else:
        expected = str(clients.CLIENTS[program].device)
    if program == "iphone" and kind != "iphone":
        scan(page)
    assert alice.client_passwords.get().label == expected


def test_a_second_device_of_a_kind_has_a_number(
    browser: Client, alice: Account
) -> None:
    for _number in range(2):
        connect(browser, "outlook-new", "windows")

    names = alice.client_passwords.values_list("label", flat=True)
    assert {*names} == {"Outlook", "Outlook (2)"}


@pytest.mark.parametrize("kind", AGENTS)
@pytest.mark.parametrize("program", [*clients.CLIENTS, clients.OTHER])
def test_every_program_gets_what_sets_it_up(
    browser: Client, alice: Account, program: str, kind: str
) -> None:
    page = connect(browser, program, kind)

    assert page.status_code == 200
    if program == "iphone" and kind != "iphone":
        assert "The link as a QR code" in page.text
        assert SetUpLink.objects.filter(account=alice).exists()
        assert not alice.client_passwords.exists()
        return
    assert revealed_by(page)
    assert page.context["likely"] == program
    assert page.context["installs_here"] == (program == kind == "iphone")


@pytest.mark.parametrize("kind", AGENTS)
@pytest.mark.parametrize("program", [*clients.CLIENTS, clients.OTHER])
def test_a_device_is_replaced_in_each_way_in_which_one_is_connected(
    browser: Client, alice: Account, phone: ClientPassword, program: str, kind: str
) -> None:
    first = connect(browser, program, kind)
    alice.set_up_links.all().delete()
    alice.client_passwords.exclude(pk=phone.pk).delete()

    page = connect(browser, program, kind, phone)

    assert page.status_code == 200
    assert page.templates[0].name == first.templates[0].name
    for name in ("likely", "installs_here", "apple_device"):
        assert page.context.get(name) == first.context.get(name)
    assert "The old password of “Phone” works until the device uses" in page.text
    if "link_qr" in page.context:
        scan(page)
    elif page.context["installs_here"]:
        install_here(browser, page)
    else:
        assert revealed_by(page)
    (row,) = alice.client_passwords.exclude(pk=phone.pk)
    assert (row.label, row.replaces) == (phone.label, phone)
    make_usage(row)
    assert replacing.delete_replaced() == 1
    assert [*alice.client_passwords.live()] == [row]


@pytest.mark.parametrize("key", clients.CLIENTS)
@pytest.mark.parametrize("language", ["en", "de", "zh-hans", "zh-hant"])
def test_the_window_of_a_replacement_offers_what_the_name_says(
    browser: Client, phone: ClientPassword, key: str, language: str
) -> None:
    client = clients.CLIENTS[key]
    with translation.override(language):
        name = labels.make_unique(str(client.device), {str(client.device)})
        guessed = clients.CLIENTS[clients.guess_by_name(name)]
    assert guessed.device == client.device

    browser.defaults["HTTP_USER_AGENT"] = AGENTS["windows"]
    lifecycle.rename(phone, str(client.device))
    page = browser.get(reverse("clientpasswords:replace", args=[phone.pk]))

    program = page.context["form"]["program"].value()
    assert clients.CLIENTS[program].device == client.device


def test_an_unknown_name_says_nothing() -> None:
    assert clients.guess_by_name("Kitchen") == ""


def test_a_replacement_is_called_what_the_device_is_called(
    browser: Client, phone: ClientPassword
) -> None:
    assert "data-names=" in connect(browser, "foxmail", "windows").text
    assert "data-names=" not in connect(browser, "foxmail", "windows", phone).text


def test_without_both_servers_a_replacement_is_a_password(
    browser: Client, phone: ClientPassword
) -> None:
    Policy.objects.update(smtp=False)

    assert revealed_by(connect(browser, "iphone", "windows", phone))


@pytest.mark.parametrize("kind", AGENTS)
def test_every_program_is_offered_those_first_that_run_here(
    browser: Client, kind: str
) -> None:
    browser.defaults["HTTP_USER_AGENT"] = AGENTS[kind]

    form = browser.get(reverse("clientpasswords:connect")).context["form"]

    groups = [
        [key for key, _name in rows]
        for _title, rows in form["program"].field.widget.choices
    ]
    listed = [key for keys in groups for key in keys]
    assert sorted(listed) == sorted([*clients.CLIENTS, clients.OTHER])
    first = [key for key in groups[0] if key != clients.OTHER]
    if not kind:
        assert first == [*clients.CLIENTS]
        return
    computers = set(clients.COMPUTERS)
    alike = computers if kind in computers else {kind}
    here = {key for key, each in clients.CLIENTS.items() if alike & each.runs_on}
    own = {key for key in here if kind in clients.CLIENTS[key].runs_on}
    assert (set(first), set(first[: len(own)])) == (here, own)


def test_the_program_stays_chosen_while_a_code_is_sent(browser: Client) -> None:
    answer = browser.post(
        reverse("clientpasswords:connect-code"), {"program": "foxmail"}, follow=True
    )

    assert answer.context["form"]["program"].value() == "foxmail"


def test_what_no_program_is_called_is_none(browser: Client) -> None:
    page = browser.get(reverse("clientpasswords:connect"), {"program": "<script>"})

    assert "<script>" not in page.context["form"]["program"].value()


def test_the_window_says_why_a_program_was_refused(
    browser: Client, phone: ClientPassword, log: Any, follow: Follow
) -> None:
    address = reverse("clientpasswords:status", args=[phone.pk])
    assert browser.get(address).json()["state"] == "waiting"

    append(log, line(credential=phone.pk, reason="out-of-scope"))
    catch_up(follow(log))
    answer = browser.get(address).json()
    assert answer["state"] == "refused"
    assert answer["text"].startswith("Refused: ")

    make_usage(phone)
    answer = browser.get(address).json()
    assert (answer["state"], answer["text"]) == ("connected", "Connected: IMAP")
