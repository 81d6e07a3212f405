"""Every form of every page: its token, and what browsers and password managers read.

The pages are those of the list of addresses, in a world that has everything, and those
that answer a form. A field that nobody knows fails here until it is in the table.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import resolve, reverse
from django.utils import timezone

from accounts.models import Account, Policy
from clientpasswords.models import ClientPassword
from tests.factories import PASSWORD, make_account, make_client_password
from tests.signedin import sign_in_verified, sign_in_with_password
from tests.unit.accounts.phonesteps import NEW
from tests.unit.administration.steps import save_account, save_policy
from tests.unit.administration.worlds import World, make_world
from tests.unit.api.operations import everything
from tests.unit.mailportal.addresses import EVERY_ADDRESS
from tests.unit.mailportal.htmlforms import HtmlForm, read_forms
from tests.unit.support import last_code, press_get_code, press_next, sign_in

TEMPLATES = Path(django_settings.BASE_DIR) / "templates"
TOKEN = "csrfmiddlewaretoken"
# What a field of this name, in a form that is posted, says about itself. `None`: the
# attribute has to be missing. WCAG 2.2, 1.3.5; HTML, 4.10.18.7.
CODE = {"autocomplete": "one-time-code", "inputmode": "numeric"}
PRESENT, FRESH = (
    {"autocomplete": f"{age}-password", "type": "password"}
    for age in ("current", "new")
)
OFF = {"autocomplete": "off"}
FIELDS: dict[str, dict[str, str]] = {
    "auth-username": {
        "autocomplete": "username",
        "inputmode": "email",
        "autocapitalize": "none",
    },
    "auth-password": PRESENT,
    "token-otp_token": CODE,
    "code": CODE,
    "generator-token": CODE,
    "generator-password": PRESENT,
    "password": PRESENT,
    "old_password": PRESENT,
    "new_password1": FRESH,
    "new_password2": FRESH,
    "username": {"autocomplete": "username"},
    "number": {"autocomplete": "tel", "inputmode": "tel"},
    "name": OFF,
    "label": OFF,
    "networks": OFF | {"spellcheck": "false"},
    "expires": {"type": "date"},
}


@pytest.fixture
def world(db: None) -> World:
    """Whose owner is an administrator of everything, and has one of everything."""
    made = make_world("ours")
    owner = made.owner
    owner.is_staff = owner.is_superuser = owner.client_passwords_on = True
    owner.save()
    return made


def addresses_of(world: World) -> Iterator[str]:
    """Every address, those of records with one of the world's own."""
    for each in EVERY_ADDRESS:
        name = resolve(each).view_name.partition(":")[2]
        kinds = [kind for kind in world.rows if name.startswith(f"{kind}_")]
        kind = max(kinds, key=len, default="clientpasswords_clientpassword")
        yield each.replace("/1/", f"/{world.rows[kind].pk}/")


def open_every_address(browser: Client, world: World) -> Iterator[tuple[str, str]]:
    for page in addresses_of(world):
        answer = browser.get(page)
        if answer.status_code < 500 and not answer.streaming:
            yield page, answer.content.decode()


def open_what_answers_a_form(world: World) -> Iterator[tuple[str, str]]:
    """The pages that only a form leads to."""
    for name, answer in [
        *answers_at_the_sign_in(world),
        *answers_to_owners(),
        *answers_to_administrators(world),
    ]:
        assert answer.status_code in {200, 409, 422, 429}, (name, answer)
        yield name, answer.content.decode()


def answers_at_the_sign_in(world: World) -> Iterator[tuple[str, Any]]:
    browser = Client()
    yield "wrong password", sign_in(browser, world.owner.address, "wrong")
    yield "second step", sign_in(browser, world.owner.address, PASSWORD)


def answers_to_owners() -> Iterator[tuple[str, Any]]:
    owner = make_account("erin@ours.example", phone="+12025550124")
    Account.objects.filter(pk=owner.pk).update(client_passwords_on=True)
    browser = sign_in_with_password(owner)
    yield "two-step set-up", _set_up_two_step(browser)
    browser = sign_in_with_password(owner)
    code = press_get_code(browser)
    yield "window with a code", browser.get(reverse("clientpasswords:new"))
    yield "wrong code", press_next(browser, "12")
    attempt = uuid4()
    yield "reveal", press_next(browser, code, attempt)
    yield "already shown", press_next(browser, code, attempt)
    yield "link", _make_link(browser)
    yield "link on a phone", _open_link(browser)
    yield "suspended", _suspended(owner, browser)
    Policy.objects.update(code_to_switch_off=True)
    yield "off, with a code", browser.get(reverse("clientpasswords:disable"))
    number = {"number": NEW, "password": PASSWORD}
    browser.post(reverse("accounts:phone-number"), number)
    yield "new number", browser.get(reverse("accounts:phone-code"))
    yield (
        "wrong new number",
        browser.post(
            reverse("accounts:phone-number"), {"number": "1", "password": "wrong"}
        ),
    )
    yield "wrong web password", browser.post(reverse("accounts:password"), {})


def _set_up_two_step(browser: Client) -> Any:
    address = reverse("two_factor:setup")
    browser.get(address)
    return browser.post(address, {"set_up_view-current_step": "welcome"})


def _make_link(browser: Client) -> Any:
    browser.post(reverse("clientpasswords:scan-code"))
    data = {"code": last_code(), "attempt": str(uuid4())}
    return browser.post(reverse("clientpasswords:scan-verify"), data)


def _open_link(browser: Client) -> Any:
    found = re.search(r"/i/([\w-]{22})/", _make_link(browser).content.decode())
    assert found is not None
    phone = Client(headers={"User-Agent": "(iPhone; CPU iPhone OS 19)"})
    return phone.get(reverse("links:scanned", args=[found[1]]))


def _suspended(owner: Account, browser: Client) -> Any:
    row, _secret = make_client_password(owner, suspends_at=timezone.now())
    return browser.get(reverse("clientpasswords:keep", args=[row.pk]))


def answers_to_administrators(world: World) -> Iterator[tuple[str, Any]]:
    browser = sign_in_verified(world.owner)
    other = make_account("frank@ours.example")
    yield (
        "/admin/ policy",
        save_policy(browser, world.policy, imap=None, _confirmed=None),
    )
    yield "/admin/ rename", save_account(browser, other, address="fred@ours.example")
    yield "/admin/ wrong mailbox", save_account(browser, other, address="no address")


@pytest.fixture
def pages(world: World) -> dict[str, str]:
    """What is to be read on each page, by its address or by what has led to it."""
    found = dict(open_every_address(sign_in_verified(world.owner), world))
    owner = sign_in_with_password(make_account("gail@ours.example"))
    ClientPassword.objects.update(account=world.owner)
    found |= {
        f"{page} (owner)": owner.get(page).content.decode()
        for page in EVERY_ADDRESS
        if page.startswith("/settings/") and owner.get(page).status_code == 200
    }
    found |= {f"{page} (stranger)": Client().get(page).text for page in ("/login/",)}
    return found | dict(open_what_answers_a_form(world))


def posted(pages: dict[str, str]) -> Iterator[tuple[str, HtmlForm]]:
    for page, text in pages.items():
        for form in read_forms(text):
            if form.is_posted:
                yield page, form


def test_every_form_that_is_posted_has_its_token(pages: dict[str, str]) -> None:
    forms = list(posted(pages))

    assert len({form.action for _page, form in forms}) > 20
    assert [page for page, form in forms if not form.values().get(TOKEN)] == []
    # A token in an address would be in logs and histories.
    for text in pages.values():
        for form in read_forms(text):
            assert form.is_posted or TOKEN not in form.values()


def test_every_form_of_a_template_has_its_token() -> None:
    """Those as well that no page above shows."""
    without = []
    for file in TEMPLATES.rglob("*.html"):
        for form in re.findall(r"<form\b.*?</form>", file.read_text(), re.DOTALL):
            is_posted = re.search(r'\bmethod="post"|\bdata-begin=', form) is not None
            if is_posted is not ("{% csrf_token %}" in form):
                without.append((file.name, form))

    assert without == []


def test_every_field_says_what_it_is_for(pages: dict[str, str]) -> None:
    wrong = [
        (page, each["name"], name, each.get(name), value)
        for page, form in posted(pages)
        if not page.startswith("/admin/")
        for each in form.typed
        for name, value in FIELDS[each["name"]].items()
        if each.get(name) != value
    ]

    assert wrong == []
    seen = {each["name"] for _page, form in posted(pages) for each in form.typed}
    assert set(FIELDS) <= seen


# Programs post there, without a form: test_discovery.py and test_callers.py.
BY_PROGRAMS = ("/autodiscover/", "/api/")


def test_no_address_takes_a_post_without_the_token(world: World) -> None:
    browser = sign_in_verified(world.owner)
    browser.handler.enforce_csrf_checks = True
    browser.get("/")
    before = everything_but_sessions()

    taken = {
        page: answer.status_code
        for page in addresses_of(world)
        if not page.startswith(BY_PROGRAMS)
        and (answer := browser.post(page)).status_code not in {403, 404, 405}
    }

    assert taken == {}
    assert everything_but_sessions() == before


def everything_but_sessions() -> dict[str, Any]:
    return {
        label: rows for label, rows in everything().items() if "Session" not in label
    }
