"""The sign-in: the same for every name, and not too often."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings as project_settings
from django.contrib.auth.hashers import make_password
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext
from pytest_django import Settings
from time_machine import Traveller

from accounts import codes
from accounts.hashing import schemes
from accounts.models import Account, Budget, SecurityEvent
from gateways import sms
from tests import takenover
from tests.factories import PASSWORD, make_account
from tests.unit.support import (
    CheapHasher,
    at_once,
    is_signed_in,
    press_get_code,
    sign_in,
)

HERE, ELSEWHERE = "198.51.100.7", "203.0.113.9"


def test_address_and_web_password_sign_one_in(client: Client, alice: Account) -> None:
    response = sign_in(client, "alice@example.com", PASSWORD)

    assert response.status_code == 302
    assert response["Location"] == "/"
    assert is_signed_in(client)


def test_whoever_only_looks_leaves_no_session(client: Client, alice: Account) -> None:
    for _visit in range(2):
        page = client.get(reverse("two_factor:login"))
        assert page.status_code == 200
        assert project_settings.SESSION_COOKIE_NAME not in page.cookies
    assert not Session.objects.exists()

    sign_in(client, "alice@example.com", PASSWORD)
    assert is_signed_in(client)


def test_whoever_comes_back_to_it_keeps_the_session_that_there_is(
    client: Client, alice: Account
) -> None:
    sign_in(client, "alice@example.com", "wrong")
    session = Session.objects.get()

    client.get(reverse("two_factor:login"))

    assert Session.objects.get() == session


def test_the_address_may_be_typed_in_capitals(client: Client, alice: Account) -> None:
    assert sign_in(client, "ALICE@Example.COM", PASSWORD).status_code == 302


def test_the_password_counts_its_blanks(client: Client, alice: Account) -> None:
    assert sign_in(client, "alice@example.com", f"{PASSWORD} ").status_code == 200
    assert not is_signed_in(client)


def test_signing_in_and_failing_are_recorded(client: Client, alice: Account) -> None:
    sign_in(client, "alice@example.com", "wrong", REMOTE_ADDR=HERE)
    sign_in(client, "alice@example.com", PASSWORD, REMOTE_ADDR=HERE)

    signed_in, failed = alice.security_events.all()
    assert (failed.kind, failed.actor) == ("sign-in-failed", "")
    assert (signed_in.kind, signed_in.actor) == ("signed-in", "alice@example.com")
    assert {failed.network_address, signed_in.network_address} == {HERE}


def test_a_name_we_do_not_know_is_not_recorded(client: Client, db: None) -> None:
    sign_in(client, "my-secret-password", "alice@example.com")

    assert SecurityEvent.objects.get().address == ""


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example/",
        "//evil.example/",
        "http:evil.example",
        "javascript:alert(1)",
        r"\\evil.example",
        "https:///evil.example",
    ],
)
def test_nobody_is_led_to_another_site(
    client: Client, alice: Account, page: str
) -> None:
    response = sign_in(client, "alice@example.com", PASSWORD, follow_to=page)

    assert response["Location"] == "/"


def test_one_is_led_to_the_page_one_wanted(client: Client, alice: Account) -> None:
    page = reverse("clientpasswords:index")

    response = sign_in(client, "alice@example.com", PASSWORD, follow_to=page)

    assert response["Location"] == page


def test_who_has_signed_in_is_led_past_the_form(browser: Client) -> None:
    assert browser.get(reverse("two_factor:login"))["Location"] == "/"


# --- known and unknown names ----------------------------------------------------------


@pytest.fixture
def names(db: None) -> dict[str, str]:
    """Names that cannot be signed in with this password, each for another reason."""
    make_account("known@example.com")
    make_account("gone@example.com", is_active=False, password="the right one")
    make_account("webless@example.com")
    unusable = make_password(None)
    Account.objects.filter(address="webless@example.com").update(password=unusable)
    make_account("moved@example.com")
    moved = schemes.convert_to_django(takenover.HASHES["SSHA256"])
    Account.objects.filter(address="moved@example.com").update(password=moved)
    return {
        "known": "known@example.com",
        "inactive": "gone@example.com",
        "without password": "webless@example.com",
        "taken over": "moved@example.com",
        "unknown": "nobody@example.com",
        "no address": "nobody",
    }


@pytest.fixture
def hashings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Each computation of the slow hash."""
    done: list[str] = []
    for name in ("verify", "encode"):
        original = getattr(CheapHasher, name)

        def count(self: Any, *args: Any, original: Any = original) -> Any:
            done.append("hash")
            return original(self, *args)

        monkeypatch.setattr(CheapHasher, name, count)
    return done


def test_the_answer_is_the_same_for_every_name(names: dict[str, str]) -> None:
    pages = set()
    for name in names.values():
        response = sign_in(Client(), name, "the right one")
        assert response.status_code == 200
        text = response.content.decode().replace(name, "NAME")
        token = response.context["csrf_token"]
        pages.add(text.replace(str(token), "TOKEN"))

    assert len(pages) == 1
    assert "Incorrect address or password." in pages.pop()


def test_the_work_is_the_same_for_every_name(
    clock: Traveller, names: dict[str, str], hashings: list[str]
) -> None:
    sign_in(Client(), "the.first@example.com", "wrong")  # begins the network's count
    work = {}
    for kind, name in names.items():
        hashings.clear()
        with CaptureQueriesContext(connection) as queries:
            sign_in(Client(), name, "the right one")
        work[kind] = (len(hashings), len(queries))

    assert set(work.values()) == {work["unknown"]}
    assert work["unknown"][0] == 1


# --- how often ------------------------------------------------------------------------


def fail(
    times: int, name: str = "alice@example.com", *, ip: str = HERE, **extra: Any
) -> list[int]:
    return [
        sign_in(Client(), name, "wrong", REMOTE_ADDR=ip, **extra).status_code
        for _ in range(times)
    ]


def test_after_five_wrong_passwords_the_right_one_too_has_to_wait(
    client: Client, alice: Account, clock: Traveller
) -> None:
    assert fail(5) == [200] * 5

    response = sign_in(client, "alice@example.com", PASSWORD, REMOTE_ADDR=HERE)

    assert response.status_code == 429
    assert response["Retry-After"] == "901"
    assert "Sign-in is paused for 16 minutes" in response.content.decode()
    assert not is_signed_in(client)


def test_after_a_quarter_of_an_hour_it_may_be_tried_again(
    client: Client, alice: Account, clock: Traveller
) -> None:
    fail(6)

    clock.shift(timedelta(minutes=15))

    assert sign_in(client, "alice@example.com", PASSWORD).status_code == 302


def test_tries_while_waiting_do_not_lengthen_the_wait(
    client: Client, alice: Account, clock: Traveller
) -> None:
    fail(5)
    clock.shift(timedelta(minutes=14))
    fail(20)

    clock.shift(timedelta(minutes=1))

    assert fail(1) == [200]


def test_a_waiting_try_costs_no_hash(
    alice: Account, hashings: list[str], clock: Traveller
) -> None:
    fail(5)
    hashings.clear()

    fail(3)

    assert hashings == []


def test_from_another_network_the_owner_still_gets_in(
    client: Client, alice: Account, clock: Traveller
) -> None:
    fail(6)

    response = sign_in(client, "alice@example.com", PASSWORD, REMOTE_ADDR=ELSEWHERE)

    assert response.status_code == 302


def test_another_owner_in_the_same_network_still_gets_in(
    client: Client, alice: Account, mallory: Account, clock: Traveller
) -> None:
    fail(6)

    response = sign_in(client, "mallory@example.com", PASSWORD, REMOTE_ADDR=HERE)

    assert response.status_code == 302


def test_a_name_is_paused_alike_whether_it_exists_or_not(
    db: None, clock: Traveller
) -> None:
    assert fail(6, "nobody@example.com") == [200] * 5 + [429]


def test_capitals_do_not_make_another_name(alice: Account, clock: Traveller) -> None:
    fail(5, "alice@example.com")

    assert fail(1, "ALICE@example.com") == [429]


def test_a_right_password_is_not_counted(alice: Account, clock: Traveller) -> None:
    for _ in range(10):
        assert sign_in(Client(), "alice@example.com", PASSWORD).status_code == 302

    assert set(Budget.objects.values_list("used", flat=True)) == {0}


def test_an_empty_form_is_not_counted(
    client: Client, clock: Traveller, db: None
) -> None:
    for _ in range(10):
        assert sign_in(client, "", "").status_code == 200

    assert set(Budget.objects.values_list("used", flat=True)) == {0}


def test_one_name_is_paused_over_all_networks(
    alice: Account, settings: Settings, clock: Traveller
) -> None:
    settings.SIGN_IN_FAILURES_PER_NAME = 3

    codes = [fail(1, ip=f"192.0.2.{number}")[0] for number in range(4)]

    assert codes == [200, 200, 200, 429]


def test_one_network_is_paused_over_all_names(
    settings: Settings, clock: Traveller, db: None
) -> None:
    settings.SIGN_IN_FAILURES_PER_NETWORK = 3

    codes = [fail(1, f"owner{number}@example.com")[0] for number in range(4)]

    assert codes == [200, 200, 200, 429]


def test_no_name_is_kept_with_the_counts(alice: Account, clock: Traveller) -> None:
    fail(1)

    keys = " ".join(Budget.objects.values_list("key", flat=True))

    assert "signin-both:" in keys
    assert "alice" not in keys


@pytest.mark.django_db(transaction=True)
def test_thirty_wrong_passwords_at_once_are_five(
    alice: Account, clock: Traveller
) -> None:
    codes = at_once(30, lambda _n: fail(1)[0])

    assert codes.count(200) == 5
    assert codes.count(429) == 25


@pytest.mark.parametrize("language", dict(project_settings.LANGUAGES))
def test_what_is_sent_is_in_the_language_of_the_page_of_the_sign_in(
    client: Client, alice: Account, language: str
) -> None:
    Account.objects.update(client_passwords_on=True)

    sign_in(client, "alice@example.com", PASSWORD, HTTP_ACCEPT_LANGUAGE=language)
    code = press_get_code(client)

    alice.refresh_from_db()
    assert alice.language == language
    with translation.override(language):
        text = gettext(codes.TEXT_MESSAGES[codes.Purpose.ISSUE])
    assert sms.outbox[-1].text.startswith(text % {"code": code, "minutes": 5})


def test_a_language_that_the_owner_chose_stays_at_the_next_sign_in(
    client: Client, alice: Account
) -> None:
    Account.objects.update(language="de")

    sign_in(client, "alice@example.com", PASSWORD, HTTP_ACCEPT_LANGUAGE="zh-hans")

    alice.refresh_from_db()
    assert alice.language == "de"


def test_a_language_chosen_on_the_sign_in_page_is_the_owners_from_then_on(
    client: Client, alice: Account
) -> None:
    Account.objects.update(language="de")
    client.post(reverse("accounts:language"), {"language": "zh-hant"})

    sign_in(client, "alice@example.com", PASSWORD, HTTP_ACCEPT_LANGUAGE="en")

    alice.refresh_from_db()
    assert alice.language == "zh-hant"


def test_the_time_zone_of_the_browser_is_kept_at_each_sign_in(
    client: Client, alice: Account
) -> None:
    for zone in ("Asia/Singapore", "Europe/Berlin"):
        client.cookies["time_zone"] = zone
        sign_in(client, "alice@example.com", PASSWORD)
        client.post(reverse("accounts:sign-out"))

        alice.refresh_from_db()
        assert alice.time_zone == zone


@pytest.mark.parametrize(
    "value", ["", "Mars/Olympus", "../../etc/passwd", "UTC\n", "x" * 4000]
)
def test_what_is_no_time_zone_is_not_kept(
    client: Client, alice: Account, value: str
) -> None:
    Account.objects.update(time_zone="Asia/Singapore")
    client.cookies["time_zone"] = value

    sign_in(client, "alice@example.com", PASSWORD)

    alice.refresh_from_db()
    assert alice.time_zone == "Asia/Singapore"


def test_a_mailbox_has_no_zone_but_one_that_the_host_knows(alice: Account) -> None:
    alice.time_zone = "Mars/Olympus"

    with pytest.raises(ValidationError):
        alice.full_clean()


def test_while_the_portal_is_read_only_nothing_of_the_reader_is_kept(
    client: Client, alice: Account, settings: Settings
) -> None:
    settings.READ_ONLY = True
    client.cookies["time_zone"] = "Asia/Singapore"

    sign_in(client, "alice@example.com", PASSWORD, HTTP_ACCEPT_LANGUAGE="de")

    alice.refresh_from_db()
    assert (alice.language, alice.time_zone) == ("", "")
