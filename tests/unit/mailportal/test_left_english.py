"""No page of owners has English left in another language: ours, Django's, a library's.

Each page is read, and each form is sent empty and with what no field takes, so that
the errors of forms, validators and libraries are read as well.
"""

import html
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice
from time_machine import Traveller

from accounts.models import Account
from clientpasswords.models import ClientPassword
from tests.factories import PASSWORD
from tests.signedin import sign_in_verified, sign_in_with_password
from tests.unit.administration.worlds import World, make_world
from tests.unit.mailportal.addresses import EVERY_ADDRESS, with_rows
from tests.unit.mailportal.htmlforms import HtmlForm, read_forms

pytestmark = pytest.mark.django_db

LANGUAGES = ["de", "zh-hans", "zh-hant"]
PAGES = ("/login/", "/settings/", "/help/clients/", "/i/", "/nowhere/")
HIDDEN = re.compile(
    r"<(script|style|code|bdi|svg)\b.*?</\1>|<[^>]*translate=\"no\"[^>]*>[^<]*",
    re.DOTALL,
)
SAID = re.compile(
    r'\b(?:aria-label|title|placeholder|alt|data-(?!eye)[a-z-]+)="([^"/#][^"]*)"'
)
# Words that neither German nor a name has.
ENGLISH = re.compile(
    r"\b(the|and|your|you|this|that|with|from|of|to|for|please|must|cannot|enter|"
    r"required|invalid|field|characters?|again|already|token|device|password)\b",
    re.IGNORECASE,
)
# What is the same elsewhere, or is a label of a program that speaks English only.
ALLOWED = re.compile(
    r"Thunderbird for Android|Outlook for \w+|Account management|Manual set-up|"
    r"Other mailbox|Token(?=[^a-z])|QR-Code"
)
# They end the session, or change the language.
ENDING = {"/sign-out/", "/settings/language/"}
BAD_PASSWORDS = ["a", "12345678901", "password1234", "alicealice"]


@pytest.fixture
def world() -> World:
    """An owner with one of everything, who may use security passwords."""
    made = make_world("ours")
    made.owner.client_passwords_on = True
    made.owner.save()
    ClientPassword.objects.update(label="M 1")
    return made


def find_english(page: str) -> list[str]:
    """Return what is left in English of what a page shows and says."""
    shown = HIDDEN.sub(" ", page)
    said = " ¦ ".join(SAID.findall(shown))
    text = html.unescape(f"{re.sub(r'<[^>]+>', ' ¦ ', shown)} ¦ {said}")
    parts = (re.sub(r"\s+", " ", ALLOWED.sub("", part)) for part in text.split("¦"))
    return [part.strip() for part in parts if ENGLISH.search(part)]


def read_pages(browser: Client, world: World) -> Iterator[tuple[str, str]]:
    for address in EVERY_ADDRESS:
        if address.startswith(PAGES):
            page = with_rows(address, world.rows)
            answer = browser.get(page)
            if answer.headers.get("Content-Type", "").startswith("text/html"):
                yield page, answer.content.decode()


def send_forms(browser: Client, page: str, text: str) -> Iterator[tuple[str, str]]:
    """Send each form of a page, and undo what it did."""
    for form in read_forms(text):
        if form.method == "post" and form.action not in ENDING:
            for value in ("", "x", "1"):
                with transaction.atomic():
                    answer = send(browser, page, form, value)
                    transaction.set_rollback(True)
                yield f"{page}: {form.action} {value!r}", answer


def send(browser: Client, page: str, form: HtmlForm, value: str) -> str:
    typed = {field["name"]: value for field in form.typed if "name" in field}
    answer = browser.post(form.action or page, form.values() | typed, follow=True)
    return answer.content.decode() if not answer.streaming else ""


def sign_in_badly(world: World, language: str) -> Iterator[tuple[str, str]]:
    """Answers of the sign-in: wrong passwords, and wrong codes of the second step."""
    TOTPDevice.objects.get_or_create(user=world.owner, name="default")
    browser = Client(headers={"Accept-Language": language})
    page = reverse("two_factor:login")
    yield from send_forms(browser, page, browser.get(page).content.decode())
    step = {"sign_in_view-current_step": "auth", "auth-username": world.owner.address}
    for password in ("wrong", PASSWORD):
        answer = browser.post(page, step | {"auth-password": password})
        yield f"sign-in with {password}", answer.content.decode()
    for code in ("", "12", "000000", "00000000000000000000"):
        data = {"sign_in_view-current_step": "token", "token-otp_token": code}
        yield f"second step {code}", browser.post(page, data).content.decode()


def change_password_badly(browser: Client) -> Iterator[tuple[str, str]]:
    for new in BAD_PASSWORDS:
        for again in (new, "other"):
            data = {"old_password": "x", "new_password1": new, "new_password2": again}
            answer: Any = browser.post(reverse("accounts:password"), data)
            yield f"new password {new}", answer.content.decode()


def sign_in(account: Account, language: str, *, verified: bool = False) -> Client:
    browser = (sign_in_verified if verified else sign_in_with_password)(account)
    browser.defaults["HTTP_ACCEPT_LANGUAGE"] = language
    return browser


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_page_of_owners_has_english_left(
    clock: Traveller, world: World, language: str
) -> None:
    Account.objects.update(language=language)
    browser = sign_in(world.owner, language)
    pages = list(read_pages(browser, world))
    assert len(pages) > 25

    pages += [each for page in pages[:] for each in send_forms(browser, *page)]
    pages += [*change_password_badly(browser), *sign_in_badly(world, language)]
    verified = sign_in(world.owner, language, verified=True)
    for name in ("profile", "setup", "disable"):
        address = reverse(f"two_factor:{name}")
        text = verified.get(address, follow=True).content.decode()
        pages += [(address, text), *send_forms(verified, address, text)]

    left = {(found, page) for page, text in pages for found in find_english(text)}
    first = dict(sorted(left, reverse=True))
    assert not first, "\n".join(f"{page}: {found}" for found, page in first.items())


def test_english_is_found_where_it_is() -> None:
    page = '<p aria-label="Enter it"><code>the</code>Name</p><b>Your session</b>'

    assert find_english(page) == ["Your session", "Enter it"]
