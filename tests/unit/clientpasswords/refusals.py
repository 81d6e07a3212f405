"""Every refusal on the way to a security password, and what pages say of it."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from accounts import codes
from clientpasswords import lifecycle

Refusal = codes.CodeError | lifecycle.Refused
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WAIT = timedelta(seconds=89.5)
STILL_WORKS = "The code that you were sent before still works."
# Each refusal, by a name for it: its status, its title and what is to be done.
REFUSALS: dict[str, tuple[Refusal, int, str, str]] = {
    "off": (
        lifecycle.ThirdPartyLogonOff(),
        403,
        "Third-party client logon is off for your mailbox.",
        "You cannot create security passwords. Ask your administrator.",
    ),
    "switched off": (
        lifecycle.NotInForce(),
        409,
        "Security passwords are turned off.",
        "Turn on Third-Party Client Security Password first.",
    ),
    "full": (
        lifecycle.LimitReached(),
        409,
        "You have reached the limit for security passwords.",
        "Delete one that you no longer use. No text message was sent.",
    ),
    "required": (
        lifecycle.Required(),
        403,
        "Your administrator requires security passwords.",
        "You cannot turn this off.",
    ),
    "being replaced": (
        lifecycle.BeingReplaced(),
        409,
        "A new password for this device was already created.",
        (
            "It replaces the old one as soon as the device uses it. If it got lost, "
            "delete it; then you can create another. No text message was sent."
        ),
    ),
    "no code needed": (
        lifecycle.NoCodeNeeded(),
        409,
        "No code is needed for this.",
        "No text message was sent.",
    ),
    "no phone": (
        codes.NoPhone(),
        409,
        "No phone number is on file.",
        "Ask your administrator to enter your phone number.",
    ),
    "held": (
        codes.Held(NOON + timedelta(hours=2)),
        409,
        "Your phone number was changed recently.",
        "The new number gets codes in 2\xa0hours.",
    ),
    "locked": (
        codes.Locked(),
        403,
        "Too many wrong codes were entered.",
        "Codes are locked for your mailbox. Ask your administrator to unlock them.",
    ),
    "too soon": (
        codes.TooSoon(WAIT),
        429,
        "Please wait a moment.",
        "Wait 90 seconds, then try again.",
    ),
    "too many": (
        codes.TooMany(timedelta(minutes=30), everybody=False),
        429,
        "You have asked for too many codes.",
        "Try again in 30\xa0minutes.",
    ),
    "too many of all": (
        codes.TooMany(timedelta(minutes=30), everybody=True),
        429,
        "No more codes can be sent for now.",
        "Try again in 30\xa0minutes.",
    ),
    "slowed": (
        codes.TooMany(timedelta(minutes=30), everybody=True, is_slowed=True),
        429,
        "Codes are sent more slowly for now.",
        "Try again in 30\xa0minutes.",
    ),
    "not sent": (
        codes.NotSent(permanent=False),
        503,
        "The text message could not be sent.",
        "Nothing was lost. Try again in a moment.",
    ),
    "never sent": (
        codes.NotSent(permanent=True),
        503,
        "The text message could not be sent.",
        "Text messages cannot be sent to your number. Ask your administrator for help.",
    ),
    "not sent, but the one before": (
        codes.NotSent(permanent=False, former_works=True),
        503,
        "The text message could not be sent.",
        f"Nothing was lost. Try again in a moment. {STILL_WORKS}",
    ),
    "late, besides the one before": (
        codes.MayBeLate(former_works=True),
        503,
        "The text message may be delayed.",
        f"If nothing arrives within a minute, ask for another code. {STILL_WORKS}",
    ),
    "late": (
        codes.MayBeLate(),
        503,
        "The text message may be delayed.",
        "If nothing arrives within a minute, ask for another code.",
    ),
    "not delivered": (
        codes.NotDelivered(permanent=False),
        503,
        "The text message could not be delivered.",
        "Is the phone on, with a signal? Then ask for another code.",
    ),
    "cannot be delivered": (
        codes.NotDelivered(permanent=True),
        503,
        "The text message could not be delivered.",
        "Text messages cannot be sent to your number. Ask your administrator for help.",
    ),
    "no code": (
        codes.NoCode(),
        409,
        "No code was sent yet, or the last one was already used.",
        "Press Get Dynamic Captcha to get a code. Each code works once.",
    ),
    "no app": (
        codes.NoApp(),
        409,
        "You cannot use an authenticator app here.",
        "Choose the text message instead.",
    ),
    "expired": (
        codes.Expired(),
        422,
        "The code has expired.",
        "Press Get Dynamic Captcha to get a new one.",
    ),
    "wrong": (
        codes.WrongCode(tries_left=4),
        422,
        "Incorrect code.",
        "4 tries left.",
    ),
    "wrong before the last try": (
        codes.WrongCode(tries_left=1),
        422,
        "Incorrect code.",
        "1 try left.",
    ),
    "last try": (
        codes.WrongCode(tries_left=0),
        422,
        "Incorrect code.",
        "That was your last try. Press Get Dynamic Captcha to get a new code.",
    ),
}


def assert_says(response: Any, name: str, *, at: str = "") -> None:
    """Assert that the page refuses so: the status, the title and what is to be done.

    `at` stands in the hint for the time that the table has there.
    """
    _refusal, status, title, hint = REFUSALS[name]
    hint = " ".join(hint.split())
    if at:
        hint = re.sub(r"\d+ minutes|\d+(?= seconds)", at, hint)
    page = " ".join(response.content.decode().split())
    assert response.status_code == status
    assert title in page
    assert hint in page
