"""Whatever is sent is in the language in which its recipient last read the portal."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings as project_settings
from django.contrib import auth
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from phonenumber_field.phonenumber import PhoneNumber
from time_machine import Traveller

from accounts import codes, events, phones
from accounts.codes import TEXT_MESSAGES, Purpose
from accounts.events import Kind
from accounts.models import Account
from accounts.notify import queue
from accounts.notify.notices import NOTICES
from accounts.views import passkeys
from gateways import sms
from tests.factories import PASSWORD
from tests.unit.accounts.passkeysteps import make_passkey
from tests.unit.support import HOME, last_code, press_get_code, sign_in

pytestmark = pytest.mark.one_database

ROOT = Path(project_settings.BASE_DIR)
LANGUAGES = [code for code, _name in project_settings.LANGUAGES]
ADDRESS = "alice@example.com"


def sign_in_first(browser: Client, language: str) -> None:
    sign_in(browser, ADDRESS, PASSWORD, HTTP_ACCEPT_LANGUAGE=language)


def choose_before(browser: Client, language: str) -> None:
    """Choose it on the sign-in page, though the mailbox has had another."""
    Account.objects.update(language="de" if language != "de" else "en")
    browser.post(reverse("accounts:language"), {"language": language})
    sign_in(browser, ADDRESS, PASSWORD, HTTP_ACCEPT_LANGUAGE="fr")


def choose_afterwards(browser: Client, language: str) -> None:
    sign_in_first(browser, "de" if language != "de" else "en")
    browser.post(reverse("accounts:language"), {"language": language})


def come_back(browser: Client, language: str) -> None:
    """A browser of another language does not replace what was chosen."""
    choose_afterwards(browser, language)
    sign_in_first(Client(), "de" if language != "de" else "en")


def use_passkey(browser: Client, language: str) -> None:
    """The ceremony is the library's; ours begins with the passkey that it found."""
    passkey = make_passkey(Account.objects.get(address=ADDRESS))
    request = RequestFactory().post("/", HTTP_ACCEPT_LANGUAGE=language)
    request.session = browser.session
    request.user = auth.get_user(browser)
    view = passkeys.SignInView()
    view.setup(request)
    with translation.override(language):
        view.complete_auth(passkey)
    browser.cookies[project_settings.SESSION_COOKIE_NAME] = (
        request.session.session_key or ""
    )


WAYS = [sign_in_first, choose_before, choose_afterwards, come_back, use_passkey]


def translate(message: str, language: str, values: dict[str, object]) -> str:
    with translation.override(language):
        return gettext(message) % values


@pytest.mark.parametrize("is_staff", [False, True], ids=["owner", "administrator"])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("way", WAYS)
def test_everything_sent_is_in_the_language_that_was_read_last(
    alice: Account,
    clock: Traveller,
    way: Callable[[Client, str], None],
    language: str,
    *,
    is_staff: bool,
) -> None:
    Account.objects.update(client_passwords_on=True, is_staff=is_staff)

    way(Client(), language)

    alice.refresh_from_db()
    for kind in NOTICES:
        check_notice(alice, kind, language)
    phones.propose_number(alice, PhoneNumber.from_string("+12025550177"), by=HOME)
    for purpose in Purpose:
        clock.shift(61)
        codes.send_code(alice, purpose, by=HOME)
        values = {"code": last_code(), "minutes": 5}
        text = translate(TEXT_MESSAGES[purpose], language, values)
        assert sms.outbox[-1].text.startswith(text)


def check_notice(alice: Account, kind: Kind, language: str) -> None:
    """Check the mail about such an event, and the text message if it has one."""
    mail.outbox.clear()
    sms.outbox.clear()
    events.record_all([events.Event(kind, alice, HOME, also_to="+12025550199")])
    while queue.deliver_due():
        pass
    (letter,) = mail.outbox
    assert letter.subject == translate(NOTICES[kind].title, language, {})
    text = NOTICES[kind].text_message
    texts = [translate(text, language, {"address": ADDRESS})] if text else []
    assert [message.text for message in sms.outbox] == texts


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_code_is_in_the_language_of_the_page_it_was_asked_on(
    client: Client, alice: Account, language: str
) -> None:
    """Also where nothing is kept: a session that began before, or was imported."""
    sign_in(client, ADDRESS, PASSWORD, HTTP_ACCEPT_LANGUAGE="en")
    Account.objects.update(client_passwords_on=True, language="")
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = language

    code = press_get_code(client)

    values = {"code": code, "minutes": 5}
    text = translate(TEXT_MESSAGES[Purpose.ISSUE], language, values)
    assert sms.outbox[-1].text.startswith(text)


def test_nothing_is_sent_but_by_the_two_that_ask_for_the_language() -> None:
    senders = {
        str(path.relative_to(ROOT))
        for app in ("accounts", "clientpasswords", "provisioning", "administration")
        for path in (ROOT / app).rglob("*.py")
        if re.search(r"\b(mail|sms)\.send\(|send_mail|EmailMessage", path.read_text())
    }

    assert senders == {"accounts/codes.py", "accounts/notify/queue.py"}
    for module in ("accounts/codes.py", "accounts/notify/composing.py"):
        assert "recipients.write_for(account)" in (ROOT / module).read_text()


def test_every_sign_in_keeps_the_language() -> None:
    """`record_sign_in` does; whatever else begins a session would forget it."""
    begins = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "accounts").rglob("*.py")
        if re.search(r"\bauth\.login\(|\(LoginView\)", path.read_text())
    }

    assert begins == {"accounts/views/passkeys.py", "accounts/views/signin.py"}
    for module in begins:
        assert "record_sign_in(self.request" in (ROOT / module).read_text()
