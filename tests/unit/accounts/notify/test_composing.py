"""What the mails say, in every language."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.conf import settings as project_settings
from pytest_django import Settings

from accounts.events import Kind
from accounts.models import Account, SecurityEvent
from accounts.notify import composing
from accounts.notify.notices import NOTICES

PAGE = "http://127.0.0.1:8000/settings/account-security/"
LANGUAGES = [code for code, _name in project_settings.LANGUAGES]


def event(kind: Kind = Kind.ISSUED, **fields: Any) -> SecurityEvent:
    values = {
        "at": datetime(2026, 11, 24, 12, 4, tzinfo=UTC),
        "address": "alice@example.com",
        "actor": "alice@example.com",
        "network_address": "198.51.100.7",
        "detail": {"device": "My <iPhone> & 'more'"},
    }
    return SecurityEvent(kind=kind, **{**values, **fields})


def write(account: Account, *events: SecurityEvent) -> str:
    return composing.write_mail(account, events or [event()]).text


def test_it_says_what_happened_to_which_device_when_and_from_where(
    alice: Account,
) -> None:
    letter = composing.write_mail(alice, [event()])

    assert letter.subject == "A security password was created"
    lines = [line.strip() for line in letter.text.split("\n")]
    assert lines[0] == "A security password was created: mailbox alice@example.com"
    assert lines[2:5] == [
        "Device: My <iPhone> & 'more'",
        "Time: 24 November 2026, 12:04 (UTC)",
        "From: 198.51.100.7",
    ]


def test_the_only_link_is_to_the_settings(alice: Account) -> None:
    for kind in NOTICES:
        text = write(alice, event(kind))

        assert re.findall(r"\S+://\S+", text) == [PAGE]


def test_without_a_site_of_ours_there_is_no_link(
    alice: Account, settings: Settings
) -> None:
    settings.MAIL_SITES = []

    text = write(alice)

    assert "://" not in text
    assert "/settings/" not in text


def test_it_says_whom_to_ask_for_help_where_there_is_somebody(
    alice: Account, settings: Settings
) -> None:
    assert "Help: postmaster@example.com" in write(alice)

    settings.SUPPORT_ADDRESS = ""

    assert "Help:" not in write(alice)


def test_what_somebody_else_did_is_told_with_who_did_it(alice: Account) -> None:
    assert "By:" not in write(alice)
    assert "By: admin@example.com" in write(alice, event(actor="admin@example.com"))


def test_a_mail_server_that_told_of_a_use_is_not_named(alice: Account) -> None:
    detail = {"device": "Phone", "credential": 7, "protocol": "imap"}

    text = write(alice, event(Kind.NEW_NETWORK, actor="mx1", detail=detail))

    assert "Protocol: IMAP" in text
    assert "mx1" not in text


def test_limits_are_told_as_they_are_now(alice: Account) -> None:
    detail = {
        "device": "Printer",
        "protocols": "imap smtp",
        "networks": "192.0.2.0/24 2001:db8::/48",
        "expires": "2027-01-31T23:59:59+00:00",
    }

    text = write(alice, event(Kind.LIMITED, detail=detail))

    assert "Protocols: IMAP, SMTP" in text
    assert "Networks: 192.0.2.0/24, 2001:db8::/48" in text
    assert "Works until: 31 January 2027, 23:59 (UTC)" in text


def test_only_mails_about_uses_say_how_to_switch_them_off(alice: Account) -> None:
    for kind in NOTICES:
        text = write(alice, event(kind))

        says_how = "You can turn these mails off" in text
        assert says_how is NOTICES[kind].is_optional
        assert ("You cannot turn these mails off" in text) is not says_how


@pytest.mark.parametrize("language", [each for each in LANGUAGES if each != "en"])
@pytest.mark.parametrize("kind", NOTICES)
def test_it_is_in_the_owners_language(
    alice: Account, language: str, kind: Kind
) -> None:
    english = composing.write_mail(alice, [event(kind)])
    alice.language = language

    letter = composing.write_mail(alice, [event(kind)])

    assert letter.subject != english.subject
    shared = set(letter.text.split("\n")) & set(english.text.split("\n"))
    assert {line for line in shared if re.search(r"[A-Za-z]{3}", line)} == {PAGE}


def test_the_times_are_in_the_zone_of_the_host(
    alice: Account, settings: Settings
) -> None:
    settings.TIME_ZONE = "Asia/Shanghai"

    assert "Time: 24 November 2026, 20:04 (CST)" in write(alice)
