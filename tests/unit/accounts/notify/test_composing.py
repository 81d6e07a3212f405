"""What the mails say, in every language, as text and as HTML."""

import re
from urllib.parse import urlsplit

import pytest
from django.conf import settings as project_settings
from django.core import mail
from django.test import Client
from django.utils import timezone, translation
from django.utils.translation import gettext
from pytest_django import Settings

from accounts.events import Kind
from accounts.models import Account, SecurityEvent
from accounts.notify import composing
from accounts.notify.notices import FACTS, NOTICES, WEB_PASSWORD
from administration.base import audit
from clientpasswords import lifecycle
from provisioning.columns import COLUMNS
from tests.factories import make_client_password
from tests.unit.accounts.notify.letters import (
    DETAILS,
    LATER,
    VALUES,
    Reader,
    keep_words,
    make_event,
)
from tests.unit.support import HOME

pytestmark = pytest.mark.one_database

SITE = "http://127.0.0.1:8000"
PAGE = f"{SITE}/settings/account-security/"
LANGUAGES = [code for code, _name in project_settings.LANGUAGES]
OF_DEVICES = [kind for kind, names in DETAILS.items() if "device" in names]
# What no mail loads: pictures that count readers, style sheets, scripts.
REMOTE = {"img", "link", "script", "style", "iframe", "form", "object", "video"}


def write(account: Account, *events: SecurityEvent) -> str:
    return composing.write_mail(account, events or [make_event()]).text


def find_links(text: str) -> list[str]:
    return re.findall(r"\S+://\S+", text)


# --- every kind, in every language ----------------------------------------------------


def test_there_is_an_event_of_each_kind_and_with_each_fact() -> None:
    assert set(DETAILS) == set(NOTICES)
    assert set().union(*DETAILS.values()) == set(FACTS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NOTICES)
def test_text_and_html_say_the_same_in_the_owners_language(
    alice: Account, language: str, kind: Kind
) -> None:
    english = composing.write_mail(alice, [make_event(kind)])
    alice.language = language

    letter = composing.write_mail(alice, [make_event(kind)])

    html = Reader(letter.html)
    assert keep_words(letter.text) == keep_words("".join(html.seen))
    assert find_links(letter.text) == html.links[: len(find_links(letter.text))]
    assert dict(html.tags)["html"]["lang"] == language
    with translation.override(language):
        values = [
            str(write(VALUES.get(name, LATER.isoformat())))
            for name, (_label, write) in FACTS.items()
            if name in DETAILS[kind]
        ]
    assert not [value for value in values if value not in letter.text]
    if language != "en":
        assert letter.subject != english.subject
        shared = set(letter.text.split("\n")) & set(english.text.split("\n"))
        left = {line for line in shared if re.search(r"[A-Za-z]{3}", line)}
        assert left <= {*find_links(letter.text), f"  Passkey: {VALUES['passkey']}"}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NOTICES)
def test_every_time_is_the_owners_and_says_its_zone(
    alice: Account, language: str, kind: Kind
) -> None:
    alice.language, alice.time_zone = language, "Asia/Singapore"

    letter = composing.write_mail(alice, [make_event(kind)])

    zone = "(Asia/Singapore, UTC+8)"
    clocks = re.findall(r"\b\d\d:\d\d\b(?! UTC)", letter.text.replace("::", ""))
    assert letter.text.count(zone) == letter.html.count(zone) == len(clocks)
    assert set(clocks) <= {"20:04", "07:59"}  # 12:04 and 23:59 UTC
    assert "20:04" in clocks


@pytest.mark.parametrize("kind", NOTICES)
def test_nothing_in_it_is_fetched_or_done_by_reading(
    alice: Account, kind: Kind
) -> None:
    html = composing.write_mail(alice, [make_event(kind)]).html

    read = Reader(html)
    assert not {tag for tag, _values in read.tags} & REMOTE
    assert not {"src", "background", "srcset"} & {
        name for _tag, values in read.tags for name in values
    }
    assert "url(" not in html
    assert {urlsplit(link).scheme for link in read.links} <= {"http", "mailto"}
    assert not [link for link in read.links if urlsplit(link).query]


@pytest.mark.parametrize("kind", NOTICES)
def test_what_it_leads_to_is_there_and_does_nothing_by_itself(
    browser: Client, alice: Account, kind: Kind
) -> None:
    Account.objects.update(client_passwords_on=True)
    soon = timezone.now() if kind is Kind.SUSPENDS_SOON else None
    row, _secret = make_client_password(alice, "Phone", suspends_at=soon)
    if kind is Kind.REVOKED_TRIED:
        lifecycle.revoke(alice.client_passwords.all(), by=HOME)
    event = make_event(kind)
    if "device" in DETAILS[kind]:
        event.detail["credential"] = row.pk
    before = SecurityEvent.objects.count(), list(alice.client_passwords.values())

    links = find_links(composing.write_mail(alice, [event]).text)

    assert links
    for link in links:
        assert browser.get(urlsplit(link).path).status_code == 200
    after = SecurityEvent.objects.count(), list(alice.client_passwords.values())
    assert before == after


@pytest.mark.parametrize("kind", NOTICES)
def test_advice_to_change_the_web_password_leads_to_where_it_is_changed(
    alice: Account, kind: Kind
) -> None:
    text = write(alice, make_event(kind))

    advises = re.search(r"change (it|your web password)", NOTICES[kind].advice)
    is_linked = f"{WEB_PASSWORD.label}\n{SITE}/settings/password/" in text
    assert is_linked is bool(advises)


# --- devices --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", OF_DEVICES)
def test_a_mail_about_a_device_names_it_and_leads_to_it(
    alice: Account, kind: Kind
) -> None:
    row, _secret = make_client_password(alice, "Made")
    lifecycle.rename(row, "My tablet")
    event = make_event(kind)
    event.detail |= {"device": "Made", "credential": row.pk}

    letter = composing.write_mail(alice, [event])

    assert "My tablet" in letter.subject
    assert "Device: My tablet" in letter.text
    assert "Made" not in letter.text + letter.html
    pages = dict.fromkeys([Kind.REVOKED, Kind.ENDS_SOON], PAGE)
    own = f"{PAGE}security-passwords/{row.pk}/"
    page = {
        Kind.SUSPENDS_SOON: f"{own}keep/",
        Kind.REVOKED_TRIED: own,
        Kind.REPLACED: own,
    }
    expected = (page | pages).get(kind, f"{own}delete/")
    assert find_links(letter.text)[0] == expected


def test_of_several_devices_it_names_none_and_leads_to_the_list(
    alice: Account,
) -> None:
    rows = [make_client_password(alice, name)[0] for name in ("Phone", "Tablet")]
    events = [make_event(detail=row.event_detail) for row in rows]

    letter = composing.write_mail(alice, events)

    assert letter.subject == "A security password was created (2)"
    assert "Device: Phone" in letter.text
    assert "Device: Tablet" in letter.text
    assert find_links(letter.text)[0] == PAGE


def test_several_events_of_one_device_name_it_and_lead_to_it(alice: Account) -> None:
    row, _secret = make_client_password(alice, "Phone")
    events = [make_event(Kind.NEW_NETWORK, detail=row.event_detail) for _ in range(3)]

    letter = composing.write_mail(alice, events)

    assert letter.subject == "“Phone” connected from a new network (3)"
    assert find_links(letter.text)[0].endswith(f"/{row.pk}/delete/")


def test_the_name_of_somebody_elses_device_is_in_no_mail(
    alice: Account, mallory: Account
) -> None:
    row, _secret = make_client_password(mallory, "Mallory's")
    event = make_event(detail={"device": "Phone", "credential": row.pk})

    letter = composing.write_mail(alice, [event])

    assert "Mallory" not in letter.subject + letter.text + letter.html


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Phone\r\nBcc: all@example.com", "Phone Bcc: all@example.com"),
        ("\u202eenohp\u2069 \u200b", "enohp"),
        ("n" * 64, "n" * 39 + "…"),
        ("👩\u200d💻 手机", "👩\u200d💻 手机"),
        ("a" * 38 + "👩\u200d💻 x", "a" * 38 + "👩…"),
    ],
    ids=["header", "direction", "long", "joined", "cut"],
)
def test_a_subject_is_one_line_of_bounded_length(
    alice: Account, name: str, shown: str
) -> None:
    row, _secret = make_client_password(alice)
    type(row).objects.update(label=name)
    SecurityEvent.objects.all().delete()

    letter = composing.write_mail(alice, [make_event(detail=row.event_detail)])
    mail.EmailMessage(letter.subject, "Text", to=["alice@example.com"]).message()

    assert letter.subject == f"New security password for “{shown}”"


def test_a_secret_in_the_place_of_a_name_is_not_mailed(alice: Account) -> None:
    row, secret = make_client_password(alice)
    lifecycle.rename(row, secret)

    letter = composing.write_mail(alice, [make_event(detail=row.event_detail)])

    assert secret not in letter.subject + letter.text + letter.html


def test_markup_in_a_name_is_text_in_both_parts(alice: Account) -> None:
    letter = composing.write_mail(alice, [make_event()])

    assert "Device: My <iPhone> & 'more'" in letter.text
    assert "<iPhone>" not in letter.html
    assert "My <iPhone> & 'more'" in Reader(letter.html).seen


# --- what it says ---------------------------------------------------------------------


def test_it_says_what_happened_to_which_device_when_and_from_where(
    alice: Account,
) -> None:
    letter = composing.write_mail(alice, [make_event()])

    assert letter.subject == "New security password for “My <iPhone> & 'more'”"
    lines = [line.strip() for line in letter.text.split("\n")]
    assert lines[:6] == [
        letter.subject,
        "Mailbox: alice@example.com",
        "",
        "Device: My <iPhone> & 'more'",
        "Time: 24 November 2026, 12:04 (UTC)",
        "IP address: 198.51.100.7",
    ]


def test_it_says_what_to_do_on_the_device_and_not_that_nothing_is_to_be_done(
    alice: Account,
) -> None:
    text = write(alice, make_event(Kind.REVOKED_TRIED, actor="mx1"))

    assert "open the settings of its mail program" in text.replace("\n", " ")
    assert "do not need to do anything" not in text
    assert "You can turn them off for a device on its page." in text


def test_without_a_site_of_ours_there_is_no_link(
    alice: Account, settings: Settings
) -> None:
    settings.MAIL_SITES = []

    letter = composing.write_mail(alice, [make_event()])

    assert "://" not in letter.text + letter.html
    assert "/settings/" not in letter.text + letter.html


def test_it_says_whom_to_ask_for_help_where_there_is_somebody(
    alice: Account, settings: Settings
) -> None:
    assert "Help: postmaster@example.com" in write(alice)

    settings.SUPPORT_ADDRESS = ""

    assert "Help:" not in write(alice)


def test_what_somebody_else_did_is_told_with_who_did_it(alice: Account) -> None:
    assert "By:" not in write(alice)
    assert "By: admin@example.com" in write(
        alice, make_event(actor="admin@example.com")
    )


def test_a_mail_server_that_told_of_a_use_is_not_named(alice: Account) -> None:
    detail = {"device": "Phone", "credential": 7, "protocol": "imap"}

    text = write(alice, make_event(Kind.NEW_NETWORK, actor="mx1", detail=detail))

    assert "Protocol: IMAP" in text
    assert "mx1" not in text


def test_limits_are_told_as_they_are_now(alice: Account) -> None:
    detail = {
        "device": "Printer",
        "protocols": "imap smtp",
        "networks": "192.0.2.0/24 2001:db8::/48",
        "expires": "2027-01-31T23:59:59+00:00",
    }

    text = write(alice, make_event(Kind.LIMITED, detail=detail))

    assert "Protocols: IMAP, SMTP" in text
    assert "Networks: 192.0.2.0/24, 2001:db8::/48" in text
    assert "Works until: 31 January 2027, 23:59 (UTC)" in text


def test_only_mails_about_uses_say_how_to_switch_them_off(alice: Account) -> None:
    for kind in NOTICES:
        text = write(alice, make_event(kind))

        says_how = "You can turn these mails off" in text
        says_where = "You can turn them off for a device" in text
        assert says_how is NOTICES[kind].is_optional
        assert says_where is NOTICES[kind].can_be_silenced
        says_nothing = not (says_how or says_where)
        assert ("You cannot turn these mails off" in text) is says_nothing


# --- times ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "words"),
    [
        ("Asia/Shanghai", "24 November 2026, 20:04 (Asia/Shanghai, UTC+8)"),
        ("Asia/Kolkata", "24 November 2026, 17:34 (Asia/Kolkata, UTC+5:30)"),
        ("America/St_Johns", "24 November 2026, 08:34 (America/St Johns, UTC-3:30)"),
        ("Europe/London", "24 November 2026, 12:04 (Europe/London, UTC+0)"),
        ("UTC", "24 November 2026, 12:04 (UTC)"),
    ],
)
def test_a_time_is_in_the_owners_zone_and_else_in_that_of_the_host(
    alice: Account, settings: Settings, zone: str, words: str
) -> None:
    settings.TIME_ZONE = zone
    assert f"Time: {words}" in write(alice)

    settings.TIME_ZONE = "America/Chicago"
    alice.time_zone = zone
    assert f"Time: {words}" in write(alice)


def test_a_zone_that_the_host_no_longer_knows_is_that_of_the_host(
    alice: Account,
) -> None:
    alice.time_zone = "Mars/Olympus"

    assert "12:04 (UTC)" in write(alice)


def test_a_mail_changes_the_zone_and_the_language_of_nothing_else(
    alice: Account,
) -> None:
    alice.language, alice.time_zone = "de", "Asia/Singapore"

    write(alice)

    assert timezone.get_current_timezone_name() == "UTC"
    assert translation.get_language() == "en"


def test_the_button_leads_to_a_device_that_was_deleted_meanwhile(
    browser: Client, alice: Account
) -> None:
    row, _secret = make_client_password(alice, "Phone")
    lifecycle.revoke(alice.client_passwords.all(), by=HOME)
    text = write(alice, make_event(Kind.FIRST_USED, detail=row.event_detail))

    link = urlsplit(find_links(text)[0]).path
    answer = browser.get(link)

    assert answer.status_code == 302
    assert answer["Location"] == link.removesuffix("delete/")
    assert browser.get(answer["Location"]).status_code == 200


# --- acts of others than the owner ----------------------------------------------------

# An administrator on a page, a program through the API, and a command.
OTHERS = ["admin@example.com", "Payroll (API token)", "import_accounts (root)"]
# What they can do to a mailbox, and its owner is notified of.
ACTS_OF_OTHERS = {
    kind
    for kinds in [*audit.KINDS.values(), (Kind.REVOKED,)]
    for kind in kinds
    if kind in NOTICES and kind not in {Kind.TWO_STEP_ON, Kind.PASSKEY_ADDED}
} - {Kind.RECOVERY_CODES_MADE} | {each.event for each in COLUMNS if each.event}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("actor", ["", *OTHERS])
@pytest.mark.parametrize("kind", NOTICES)
def test_it_says_who_did_it_and_asks_only_the_owner_whether_it_was_they(
    alice: Account, kind: Kind, actor: str, language: str
) -> None:
    alice.language = language
    event = make_event(kind, address=alice.address, actor=actor or alice.address)

    letter = composing.write_mail(alice, [event])

    is_by_person = not (NOTICES[kind].is_reminder or "protocol" in event.detail)
    with translation.override(language):
        asks = gettext("If this was you, you do not need to do anything.")
        says = gettext("Your mail administration did this.")
        advice = gettext(NOTICES[kind].from_others) if NOTICES[kind].from_others else ""
    text = " ".join(letter.text.split())
    if actor and is_by_person:
        assert says in text and asks not in text  # noqa: PT018 (either is no use)
        assert actor in text
        assert advice in text
        assert bool(advice) or kind not in ACTS_OF_OTHERS
    else:
        assert says not in text
    for other in OTHERS:
        assert (other in text) == (other == actor and is_by_person)


def test_there_is_an_act_of_others_for_each_text_about_one() -> None:
    texts = {kind for kind, notice in NOTICES.items() if notice.from_others}

    assert texts == ACTS_OF_OTHERS


@pytest.mark.parametrize("actor", ["alice@example.com", *OTHERS])
@pytest.mark.parametrize(
    ("old", "new", "verb"),
    [("", "+49", "added"), ("+49", "", "removed"), ("+49", "+43", "changed")],
)
def test_a_mail_about_a_phone_says_what_was_done_to_it(
    alice: Account, old: str, new: str, verb: str, actor: str
) -> None:
    detail = {"old": old, "new": new}
    event = make_event(
        Kind.PHONE_CHANGED, detail=detail, actor=actor, address=alice.address
    )

    text = write(alice, event)

    assert re.findall(r"\b(added|removed|changed)\b", text.split("\n")[0]) == [verb]
    assert ("the new number" in text) is bool(new)
    assert ("no codes" in text) is not bool(new)
