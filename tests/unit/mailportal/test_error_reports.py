"""Whatever breaks at whatever step: the report holds nothing that is secret."""

import logging
import secrets
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.log import AdminEmailHandler
from pytest_django import Settings

from accounts import budgets, codes, events
from accounts.models import Account, Phone
from accounts.policy import effective
from clientpasswords import labels, lifecycle, passwords
from clientpasswords.setup import clients, links, profiles, qrcodes, seals, signing
from clientpasswords.views import pages, setup
from clientpasswords.views.new import NewPassword
from gateways import sms
from gateways.sms.memory import MemoryGateway
from tests.factories import PASSWORD, make_client_password
from tests.unit.support import (
    HOME,
    CheapHasher,
    code_for,
    press_get_code,
    press_next,
    sign_in,
)

CODE_NUMBER = 739182
SECRET = "canarycanary2345"


def breaks(*_args: object, **_kwargs: object) -> Any:
    raise RuntimeError("the step that breaks")


def offer_link(account: Account) -> links.Offer:
    code = code_for(account)
    return links.offer(account, code=code, attempt=uuid4(), by=HOME)


class BrokenGateway(MemoryGateway):
    send = breaks


@pytest.fixture(autouse=True)
def _known_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secrets, "randbelow", lambda _limit: CODE_NUMBER)
    monkeypatch.setattr(passwords, "generate", lambda: SECRET)


@pytest.fixture(params=[True, False], ids=["HTML", "text"])
def _mailed_reports(
    request: pytest.FixtureRequest, settings: Settings
) -> Iterator[None]:
    """Errors go to the administrators by mail, as Django does it."""
    settings.ADMINS = [("Operator", "operator@example.com")]
    handler = AdminEmailHandler(include_html=request.param)
    handler.setLevel(logging.ERROR)
    logger = logging.getLogger("django.request")
    logger.addHandler(handler)
    yield
    logger.removeHandler(handler)


# Where it breaks, and the module and the name that are broken for it.
SIGN_IN = [
    (CheapHasher, "verify"),
    (events, "record"),
    (budgets, "refund"),
]
GET_CODE = [
    (effective, "load_effective_policy"),
    (codes, "_write_text_message"),
    (codes, "_create_code"),
    (Phone, "set_code"),
    (events, "record"),
]
NEXT = [
    (codes, "spend_code"),
    (Phone, "try_code"),
    (passwords, "selector"),
    (passwords, "hash_for_mail_server"),
    (events, "record"),
    (NewPassword, "suggest_label"),
    (NewPassword, "_reveal"),
    (pages, "render_page"),
    (passwords, "groups"),
    (labels, "make_unique"),
    (clients, "guess_client"),
    (setup, "setup_context"),
    (seals, "seal"),
    (qrcodes, "thunderbird_export"),
    (qrcodes, "draw_svg"),
]
PROFILE = [
    (seals, "open_seal"),
    (passwords, "matches"),
    (setup, "profile_response"),
    (profiles, "_receiving"),
    (profiles, "_sending"),
    (signing, "sign"),
]
LINK = [
    (links, "redeem"),
    (lifecycle, "require_room"),
    (lifecycle, "create"),
    (passwords, "hash_for_mail_server"),
    (setup, "profile_response"),
    (profiles, "_sending"),
]


def reports() -> str:
    """All that was mailed."""
    assert mail.outbox
    parts: list[str] = []
    for message in mail.outbox:
        parts += [str(message.subject), str(message.body)]
        parts += [str(part) for part in getattr(message, "alternatives", [])]
    return "\n".join(parts)


@pytest.mark.usefixtures("_mailed_reports")
@pytest.mark.parametrize(
    ("step", "broken"),
    [
        *[("sign in", each) for each in SIGN_IN],
        *[("get code", each) for each in GET_CODE],
        *[("next", each) for each in NEXT],
        *[("profile", each) for each in PROFILE],
    ],
    ids=lambda value: value if isinstance(value, str) else value[1],
)
def test_a_report_holds_no_password_code_or_session(
    alice: Account,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    step: str,
    broken: tuple[Any, str],
) -> None:
    Account.objects.update(client_passwords_on=True)
    browser = Client(raise_request_exception=False)
    if step != "sign in":
        browser.force_login(alice)
    if step == "next":
        press_get_code(browser)
    if step == "profile":
        make_client_password(alice)  # with the very secret
    pk = getattr(alice.client_passwords.first(), "pk", 0)
    sealed = {"sealed": seals.seal(SECRET, pk)}
    monkeypatch.setattr(*broken, breaks)

    if step == "sign in":
        response = sign_in(browser, alice.address, PASSWORD)
    elif step == "get code":
        response = browser.post(reverse("clientpasswords:code"))
    elif step == "next":
        response = press_next(browser, str(CODE_NUMBER))
    else:
        address = reverse("clientpasswords:profile", args=[pk])
        response = browser.post(address, sealed)

    assert response.status_code == 500
    assert "the step that breaks" in reports()
    kept_out = [PASSWORD, str(CODE_NUMBER), SECRET[:8], SECRET[8:], *sealed.values()]
    if "session" in browser.cookies:
        kept_out.append(browser.cookies["session"].value)
    for secret in kept_out:
        for place in (reports(), caplog.text, response.content.decode()):
            assert secret not in place


@pytest.mark.usefixtures("_mailed_reports")
@pytest.mark.parametrize("broken", LINK, ids=lambda value: value[1])
def test_a_report_holds_no_link_and_not_what_it_brings(
    alice: Account,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    broken: tuple[Any, str],
) -> None:
    Account.objects.update(client_passwords_on=True)
    device = Client(raise_request_exception=False)
    token = offer_link(alice).token
    monkeypatch.setattr(*broken, breaks)

    response = device.post(reverse("links:install"), {"token": token})

    assert response.status_code == 500
    assert "the step that breaks" in reports()
    for secret in (token, SECRET[:8], SECRET[8:]):
        for place in (reports(), caplog.text, response.content.decode()):
            assert secret not in place
    # Nothing was used up by what broke before the password was there.
    assert alice.client_passwords.exists() == (broken[0] in (setup, profiles))


@pytest.mark.usefixtures("_mailed_reports")
def test_a_provider_that_breaks_sees_its_message_in_no_report(
    browser: Client, alice: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    Account.objects.update(client_passwords_on=True)
    browser.raise_request_exception = False
    monkeypatch.setitem(sms.GATEWAYS, "memory", BrokenGateway)

    response = browser.post(reverse("clientpasswords:code"))

    assert response.status_code == 500
    assert str(CODE_NUMBER) not in reports()
    assert "2025550123" not in reports()


@pytest.mark.usefixtures("_mailed_reports")
def test_a_name_that_was_typed_is_in_no_report(
    browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser.raise_request_exception = False
    monkeypatch.setattr("accounts.views.general.set_choice_cookie", breaks)

    browser.post(reverse("accounts:language"), {"language": "de", "x": "typed-canary"})

    assert "typed-canary" not in reports()
