"""Language, appearance, and the pages around."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from accounts import events, sites
from accounts.events import Actor, Kind
from accounts.models import Account, SecurityEvent
from tests.unit.support import HOME

pytestmark = pytest.mark.one_database

GERMAN = {"Accept-Language": "de"}


def language_of(browser: Client, **headers: str) -> str:
    response = browser.get("/settings/", headers=headers)
    return str(response.headers["Content-Language"])


def test_the_saved_language_wins_over_the_cookie_that_over_the_browser(
    browser: Client, alice: Account
) -> None:
    by_browser = language_of(browser, **GERMAN)
    browser.cookies["django_language"] = "zh-hans"
    by_cookie = language_of(browser, **GERMAN)
    Account.objects.update(language="zh-hant")
    saved = language_of(browser, **GERMAN)

    assert (by_browser, by_cookie, saved) == ("de", "zh-hans", "zh-hant")


def test_a_chosen_language_is_saved(browser: Client, alice: Account) -> None:
    response = browser.post(reverse("accounts:language"), {"language": "de"})

    alice.refresh_from_db()
    assert response["Location"] == "/"
    assert alice.language == "de"
    assert browser.cookies["django_language"].value == "de"


def test_before_the_sign_in_the_language_is_remembered_by_the_browser(
    client: Client, alice: Account
) -> None:
    client.post(reverse("accounts:language"), {"language": "de"})

    alice.refresh_from_db()
    assert alice.language == ""
    assert client.get("/login/").headers["Content-Language"] == "de"


@pytest.mark.parametrize("language", ["xx", "", "../../etc", "de\r\nX-Evil: 1"])
def test_a_language_that_does_not_exist_is_refused(
    browser: Client, alice: Account, language: str
) -> None:
    response = browser.post(
        reverse("accounts:language"), {"language": language}, follow=True
    )

    alice.refresh_from_db()
    assert "This language is not available." in response.content.decode()
    assert alice.language == ""
    assert "django_language" not in browser.cookies


@pytest.mark.parametrize("scheme", ["light", "dark", ""])
def test_a_chosen_appearance_is_remembered_by_the_browser(
    browser: Client, scheme: str
) -> None:
    browser.post(reverse("accounts:appearance"), {"scheme": scheme})

    page = browser.get("/settings/").content.decode()
    assert f'data-scheme="{scheme}"' in page


def test_an_appearance_that_does_not_exist_is_refused(browser: Client) -> None:
    browser.post(reverse("accounts:appearance"), {"scheme": "pink"})
    assert "scheme" not in browser.cookies
    browser.cookies["scheme"] = '"><script>'

    page = browser.get("/settings/").content.decode()

    assert 'data-scheme=""' in page
    assert "<script>" not in page


@pytest.mark.parametrize("name", ["language", "appearance"])
@pytest.mark.parametrize(
    ("page", "target"),
    [
        ("/settings/", "/settings/"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        (r"/\evil.example", "/"),
        ("/settings/\r\nX-Evil: 1", "/settings/%0D%0AX-Evil:%201"),
    ],
)
def test_one_returns_to_the_page_one_was_on_and_to_no_other_site(
    browser: Client, name: str, page: str, target: str
) -> None:
    data = {"language": "de", "scheme": "dark", "next": page}

    response = browser.post(reverse(f"accounts:{name}"), data)

    assert response["Location"] == target


# --- the first page -------------------------------------------------------------------


def test_with_several_sites_one_chooses_the_own_first(client: Client, db: None) -> None:
    page = client.get("/").content.decode()

    assert page.index("Singapore") < page.index("Germany")
    assert "https://mail.de.example.com/login/" in page


@pytest.mark.parametrize("count", [0, 1])
def test_with_one_site_or_none_there_is_nothing_to_choose(
    client: Client, db: None, settings: Settings, count: int
) -> None:
    settings.MAIL_SITES = settings.MAIL_SITES[:count]

    assert client.get("/")["Location"] == "/login/"


def test_the_overview_takes_few_queries(
    browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    browser.get("/")

    with django_assert_max_num_queries(8):
        response = browser.get("/")

    assert "alice@example.com" in response.content.decode()


def test_an_own_site_that_is_not_configured_has_no_name(settings: Settings) -> None:
    settings.MAIL_SITE = "elsewhere"

    own = sites.get_own_site()

    assert (own.name, own.host, own.servers) == ("", "", ())
    assert not own.is_own


def test_a_site_has_the_servers_that_it_names() -> None:
    singapore, germany = sites.get_sites()

    assert singapore.is_own
    assert [server.purpose for server in singapore.servers] == ["IMAP", "POP3", "SMTP"]
    assert germany.servers == ()
    assert germany.sign_in_url == "https://mail.de.example.com/login/"


# --- the record -----------------------------------------------------------------------


def test_an_event_outlives_its_mailbox(alice: Account) -> None:
    events.record(Kind.SWITCHED_ON, alice, by=HOME)

    alice.delete()

    event = SecurityEvent.objects.get()
    assert (event.account, event.address) == (None, "alice@example.com")
    assert str(event) == "security passwords turned on: alice@example.com"


def test_an_actor_does_not_show_its_session() -> None:
    actor = Actor("alice@example.com", None, "the key of a session")

    assert "the key" not in repr(actor)
