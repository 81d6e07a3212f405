"""For an act that needs no code, none is sent: each purpose in each such state."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.codes import Purpose
from accounts.models import Account, NewPhone, Policy
from gateways import sms
from tests.factories import make_client_password

pytestmark = [pytest.mark.usefixtures("client_passwords_on"), pytest.mark.one_database]

Prepare = Callable[[Account, Settings], str]


def address(name: str, *args: int) -> str:
    return reverse(f"clientpasswords:{name}", args=args)


def switched_off(name: str) -> Prepare:
    def prepare(alice: Account, _settings: Settings) -> str:
        Account.objects.update(client_passwords_on=False)
        return address(name)

    return prepare


def policy(name: str, **fields: bool) -> Prepare:
    def prepare(_alice: Account, _settings: Settings) -> str:
        Policy.objects.update(**fields)
        return address(name)

    return prepare


def full(name: str) -> Prepare:
    def prepare(alice: Account, _settings: Settings) -> str:
        Policy.objects.update(max_client_passwords=1)
        make_client_password(alice)
        return address(name)

    return prepare


def without_servers(_alice: Account, settings: Settings) -> str:
    settings.MAIL_SITES = []
    return address("scan-code")


def in_use(alice: Account, _settings: Settings) -> str:
    return address("keep-code", make_client_password(alice)[0].pk)


def deleted(alice: Account, _settings: Settings) -> str:
    gone, _secret = make_client_password(alice)
    gone.revoked_at = gone.suspends_at = timezone.now()
    gone.save()
    return address("keep-code", gone.pk)


def no_change_begun(_alice: Account, _settings: Settings) -> str:
    return reverse("accounts:phone-send")


def change_of(*, is_approved: bool, minutes_ago: int, session: str) -> Prepare:
    def prepare(alice: Account, _settings: Settings) -> str:
        NewPhone.objects.create(
            account=alice,
            number="+12025550177",
            replaces="+12025550123",
            session=session,
            proposed_at=timezone.now() - timedelta(minutes=minutes_ago),
            is_approved=is_approved,
        )
        return reverse("accounts:phone-send")

    return prepare


# The answer's status, and a sentence of the page that it leads to.
NOT_NEEDED = (409, "No code is needed for this.")
AGAIN = (302, "This change cannot be continued. Start again.")
STATES: list[tuple[Purpose, str, Prepare, tuple[int, str]]] = [
    (
        Purpose.ISSUE,
        "not in force",
        switched_off("code"),
        (409, "Security passwords are turned off."),
    ),
    (
        Purpose.ISSUE,
        "no mail programs",
        policy("code", third_party_logon=False),
        (403, "Third-party client logon is off for your mailbox."),
    ),
    (
        Purpose.ISSUE,
        "limit",
        full("code"),
        (409, "You have reached the limit for security passwords."),
    ),
    (
        Purpose.ISSUE,
        "link, not in force",
        switched_off("scan-code"),
        (409, "Security passwords are turned off."),
    ),
    (
        Purpose.ISSUE,
        "link, limit",
        full("scan-code"),
        (409, "You have reached the limit for security passwords."),
    ),
    (Purpose.ISSUE, "link, no servers", without_servers, NOT_NEEDED),
    (
        Purpose.SWITCH_OFF,
        "required",
        policy("disable-code", client_passwords_required=True, code_to_switch_off=True),
        (403, "Your administrator requires security passwords."),
    ),
    (Purpose.SWITCH_OFF, "off", switched_off("disable-code"), NOT_NEEDED),
    (
        Purpose.SWITCH_OFF,
        "no code asked",
        policy("disable-code", code_to_switch_off=False),
        NOT_NEEDED,
    ),
    (Purpose.REACTIVATE, "in use", in_use, NOT_NEEDED),
    (Purpose.REACTIVATE, "deleted", deleted, (404, "")),
    (Purpose.REPLACE_NUMBER, "not begun", no_change_begun, AGAIN),
    (
        Purpose.REPLACE_NUMBER,
        "too old",
        change_of(is_approved=False, minutes_ago=16, session=""),
        AGAIN,
    ),
    (
        Purpose.CONFIRM_NUMBER,
        "of another session",
        change_of(is_approved=True, minutes_ago=0, session="another"),
        AGAIN,
    ),
]


def test_each_purpose_is_looked_at() -> None:
    assert {purpose for purpose, *_rest in STATES} == set(Purpose)


@pytest.mark.parametrize(
    ("prepare", "answer"),
    [
        pytest.param(prepare, answer, id=f"{purpose.name}: {state}")
        for purpose, state, prepare, answer in STATES
    ],
)
def test_nothing_is_sent_and_the_owner_is_told(
    browser: Client,
    alice: Account,
    settings: Settings,
    prepare: Prepare,
    answer: tuple[int, str],
) -> None:
    where = prepare(alice, settings)

    response = browser.post(where)

    assert response.status_code == answer[0]
    if answer[0] == 302:
        response = browser.get(response["Location"])
    assert answer[1] in response.content.decode()
    assert sms.outbox == []
    assert not alice.security_events.exists()
