"""The pages of a link: at the desk the code to scan, on the device the profile."""

import html
import plistlib
import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Policy
from clientpasswords.models import SetUpLink
from clientpasswords.setup import links, qrcodes
from tests.factories import (
    make_client_password,
    make_logon,
    make_usage,
    switch_off,
)
from tests.unit import support
from tests.unit.clientpasswords.refusals import assert_says
from tests.unit.support import HOME, last_code, other_than, press_get_code

pytestmark = [pytest.mark.usefixtures("client_passwords_on"), pytest.mark.one_database]

SCAN = "/settings/account-security/security-passwords/scan/"
IPHONE = "(iPhone; CPU iPhone OS 19)"


@pytest.fixture
def device() -> Client:
    """A telephone that has never been here, whose forms need their token."""
    return Client(enforce_csrf_checks=True, headers={"User-Agent": IPHONE})


def press_next(browser: Client, code: str, attempt: str = "") -> Any:
    return support.press_next(
        browser, code, attempt, view="clientpasswords:scan-verify"
    )


def show_link(browser: Client) -> str:
    """Go through the identity window; return the link that is shown."""
    browser.post(f"{SCAN}code/")
    return link_in(press_next(browser, last_code()))


def link_in(response: Any) -> str:
    found = re.search(r'<code id="link"[^>]*>([^<]+)</code>', response.content.decode())
    assert found is not None
    return html.unescape(found[1])


def path_of(link: str) -> str:
    return link.removeprefix("http://127.0.0.1:8000")


def press_install(device: Client, link: str) -> Any:
    """Open the link and press the button."""
    page = device.get(path_of(link)).content.decode()
    names = ("csrfmiddlewaretoken", "token")
    found = {name: re.search(rf'name="{name}" value="([^"]+)"', page) for name in names}
    data = {name: each[1] for name, each in found.items() if each}
    return device.post("/i/", data)


def test_a_scanned_link_sets_the_device_up(
    browser: Client, alice: Account, device: Client
) -> None:
    link = show_link(browser)

    page = device.get(path_of(link))
    assert page.status_code == 200
    assert "alice@example.com" in page.content.decode()
    assert not alice.client_passwords.exists()  # to open it changes nothing
    profile = press_install(device, link)

    assert profile["Content-Type"] == "application/x-apple-aspen-config"
    assert "no-store" in profile["Cache-Control"]
    (mail,) = plistlib.loads(profile.content)["PayloadContent"]
    row = alice.client_passwords.get()
    assert row.label == "My iPhone"
    assert mail["IncomingPassword"] == mail["OutgoingPassword"]
    assert mail["EmailAddress"] == "alice@example.com"


def test_the_page_draws_the_link_that_it_shows(browser: Client) -> None:
    browser.post(f"{SCAN}code/")
    response = press_next(browser, last_code())

    link = link_in(response)
    assert re.fullmatch(r"http://127\.0\.0\.1:8000/i/[\w-]{22}/", link)
    assert qrcodes.draw_svg(link) in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_the_device_tells_nobody_the_address_of_its_page(
    browser: Client, device: Client
) -> None:
    page = device.get(path_of(show_link(browser)))

    assert page["Referrer-Policy"] == "strict-origin"
    assert "no-store" in page["Cache-Control"]
    assert "session" not in device.cookies


@pytest.mark.parametrize("method", ["get", "head"])
def test_previews_and_prefetches_use_nothing_up(
    browser: Client, alice: Account, device: Client, method: str
) -> None:
    link = show_link(browser)

    for _ in range(3):
        assert getattr(device, method)(path_of(link)).status_code == 200

    assert not alice.client_passwords.exists()
    assert press_install(device, link).status_code == 200


def test_a_used_link_says_so(browser: Client, alice: Account, device: Client) -> None:
    link = show_link(browser)
    device.get(path_of(link))
    token = device.cookies["csrf"].value
    press_install(device, link)

    again = device.post(
        "/i/", {"token": link.split("/")[-2], "csrfmiddlewaretoken": token}
    )

    for response in (device.get(path_of(link)), again):
        assert response.status_code == 410
        assert "This link no longer works" in response.content.decode()
    assert alice.client_passwords.count() == 1


def test_a_made_up_link_says_the_same(device: Client, db: None) -> None:
    response = device.get("/i/aaaaaaaaaaaaaaaaaaaaaa/")

    assert response.status_code == 410
    assert "This link no longer works" in response.content.decode()


def test_the_button_needs_the_forms_token(
    browser: Client, alice: Account, device: Client
) -> None:
    link = show_link(browser)

    response = device.post("/i/", {"token": link.split("/")[-2]})

    assert response.status_code == 403
    assert not alice.client_passwords.exists()


def test_when_there_is_no_room_the_device_is_told(
    browser: Client, alice: Account, device: Client
) -> None:
    link = show_link(browser)
    for _ in range(10):
        make_client_password(alice)

    response = press_install(device, link)

    assert response.status_code == 409
    assert (
        "You have reached the limit for security passwords" in response.content.decode()
    )
    assert alice.client_passwords.count() == 10


def test_when_smtp_was_switched_off_since_the_device_is_told(
    browser: Client, alice: Account, device: Client
) -> None:
    link = show_link(browser)
    Policy.objects.update(smtp=False)

    assert press_install(device, link).status_code == 403
    assert not alice.client_passwords.exists()


def test_the_device_reads_the_owners_language(
    browser: Client, alice: Account, device: Client
) -> None:
    link = show_link(browser)
    Account.objects.update(language="de")

    page = device.get(path_of(link))

    assert page["Content-Language"] == "de"
    assert '<html lang="de"' in page.content.decode()
    assert press_install(device, link).status_code == 200
    assert alice.client_passwords.get().label == "Mein iPhone"


WAITING = {"state": "waiting", "text": "", "at": ""}
GONE = {"state": "failed", "text": "The code no longer works.", "at": ""}


def ask(browser: Client, pk: int) -> Any:
    """What the desk hears of the link."""
    answer = browser.get(f"{SCAN}{pk}/status/")
    assert answer.status_code == 200
    assert "no-store" in answer["Cache-Control"]
    return answer.json()


def test_the_desk_hears_of_each_stage(
    browser: Client, alice: Account, device: Client
) -> None:
    link = show_link(browser)
    pk = SetUpLink.objects.get().pk
    assert ask(browser, pk) == WAITING

    device.get(path_of(link))
    assert ask(browser, pk) == WAITING
    press_install(device, link)
    scanned = ask(browser, pk)
    assert scanned["state"] == "scanned"
    assert "“My iPhone” is in the list" in scanned["text"]
    assert "install" in scanned["text"]

    row = alice.client_passwords.get()
    refused = make_logon(alice, client_password=row, reason="out-of-scope")
    answer = ask(browser, pk)
    assert answer["state"] == "refused"
    assert refused.get_reason_display() in answer["text"]

    used = make_usage(row, protocol="imap")
    assert ask(browser, pk) == {
        "state": "connected",
        "text": "Connected: IMAP",
        "at": used.first_at.isoformat(),
    }


def test_the_desk_hears_that_what_the_link_brought_was_deleted(
    browser: Client, alice: Account, device: Client
) -> None:
    press_install(device, show_link(browser))
    row = alice.client_passwords.get()
    browser.post(reverse("clientpasswords:delete", args=[row.pk]))

    answer = ask(browser, SetUpLink.objects.get().pk)

    assert answer["state"] == "failed"
    assert "“My iPhone” was deleted" in answer["text"]


def test_the_window_leads_on_in_every_state(browser: Client) -> None:
    browser.post(f"{SCAN}code/")
    html = press_next(browser, last_code()).text

    stages = re.findall(r'data-stage="([^"]+)"', html)
    assert stages == ["scanned", "installed", "connected"]
    acts = html.partition('class="progress-acts"')[2].partition("</form>")[0]
    for state in ("waiting", "scanned", "refused", "connected", "failed"):
        assert re.search(rf'data-when="[^"]*\b{state}\b', acts), state
    (again,) = re.findall(r'href="([^"]+)" data-when="failed" hidden>Create', acts)
    assert browser.get(again).status_code == 200


def test_the_desk_is_told_that_a_link_is_gone_or_never_was_in_the_same_words(
    browser: Client, client: Client, mallory: Account
) -> None:
    """The page may ask once more when it was cancelled, here or in another window."""
    show_link(browser)
    pk = SetUpLink.objects.get().pk
    assert ask(browser, pk) == WAITING
    client.force_login(mallory)
    assert ask(client, pk) == GONE

    browser.post(f"{SCAN}cancel/")

    for key in (pk, pk + 1):
        assert ask(browser, key) == GONE


def test_the_desk_is_told_when_time_is_over(browser: Client) -> None:
    show_link(browser)
    link = SetUpLink.objects.get()
    SetUpLink.objects.update(expires_at=link.expires_at - links.LIFETIME)

    answer = ask(browser, link.pk)

    assert answer["state"] == "failed"
    assert "has expired" in answer["text"]


def test_cancel_ends_the_link(browser: Client, device: Client) -> None:
    link = show_link(browser)

    response = browser.post(f"{SCAN}cancel/")

    assert response.status_code == 302
    assert device.get(path_of(link)).status_code == 410


def test_the_code_of_either_window_is_good_in_the_other(
    browser: Client, alice: Account
) -> None:
    code = press_get_code(browser)

    assert link_in(press_next(browser, code))

    assert not alice.client_passwords.exists()


def test_a_wrong_code_leads_back_to_the_same_window(browser: Client) -> None:
    browser.post(f"{SCAN}code/")

    response = press_next(browser, other_than(last_code()))

    page = response.content.decode()
    assert response.status_code == 422
    assert "4 tries left" in page
    assert f'action="{SCAN}verify/"' in page
    assert f'formaction="{SCAN}code/"' in page


@pytest.mark.parametrize("code", ["", "12345"])
def test_what_is_no_code_is_not_tried(browser: Client, code: str) -> None:
    assert press_next(browser, code).status_code == 422


def test_the_same_form_again_shows_no_link(browser: Client, device: Client) -> None:
    browser.post(f"{SCAN}code/")
    code, attempt = last_code(), str(uuid4())
    link = link_in(press_next(browser, code, attempt))

    response = press_next(browser, code, attempt)

    assert response.status_code == 409
    assert "cannot be shown again" in response.content.decode()
    assert "/i/" not in response.content.decode()
    assert device.get(path_of(link)).status_code == 200


def test_the_window_is_refused_as_the_other_one(
    browser: Client, alice: Account
) -> None:
    switch_off(alice, by=HOME)

    response = browser.get(SCAN)

    assert_says(response, "switched off")


def test_without_both_ways_no_link_is_offered(browser: Client) -> None:
    Policy.objects.update(smtp=False)

    assert browser.get(SCAN).status_code == 302
    assert SCAN not in browser.get(reverse("clientpasswords:index")).content.decode()
    assert SCAN not in browser.get(reverse("clientpasswords:new")).content.decode()
