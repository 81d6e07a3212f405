"""The catalogue of notifications: which kinds of events notify the owner, and how.

An event of a kind without a row here is recorded only. To add a notification, add a
kind to `SecurityEvent.Kind` and a row here, and call `events.record` where it happens.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import SecurityEvent
from accounts.models.protocols import PROTOCOL_KEYS

Kind = SecurityEvent.Kind


@dataclass(frozen=True)
class Notice:
    """The notice for one kind of event.

    `advice` says what to do if it was not the owner; in a reminder, what to do before
    that day. Owners can turn optional notices off. If the event names a phone number,
    `text_message` is sent to it besides the mail; its placeholder is `address`.
    """

    title: str
    advice: str
    is_optional: bool = False
    is_reminder: bool = False
    text_message: str = ""


ADVICE_ON_CHANGES = gettext_noop(
    "Check your list of security passwords, delete those that you do not recognise, "
    "and change your web password: someone may be using it."
)
ADVICE_ON_USES = gettext_noop(
    "Delete this security password on the page below. The device can then no longer "
    "read or send mail."
)

NOTICES: dict[Kind, Notice] = {
    Kind.ISSUED: Notice(
        gettext_noop("A security password was created"),
        ADVICE_ON_CHANGES,
    ),
    Kind.LIMITED: Notice(
        gettext_noop("The limits of a security password were changed"),
        ADVICE_ON_CHANGES,
    ),
    Kind.REVOKED: Notice(
        gettext_noop("A security password was deleted"),
        ADVICE_ON_CHANGES,
    ),
    Kind.SWITCHED_ON: Notice(
        gettext_noop("Security passwords were turned on"),
        ADVICE_ON_CHANGES,
    ),
    Kind.SWITCHED_OFF: Notice(
        gettext_noop("Security passwords were turned off"),
        ADVICE_ON_CHANGES,
    ),
    Kind.REQUIRED_SOON: Notice(
        gettext_noop("Mail programs will need a security password"),
        gettext_noop(
            "From that day, your web password no longer works in mail programs. Before "
            "then, turn security passwords on and give each device its own. The page "
            "below shows how. Webmail stays the same."
        ),
        is_reminder=True,
    ),
    Kind.SUSPENDS_SOON: Notice(
        gettext_noop("An unused security password will be suspended"),
        gettext_noop(
            "After that, the device can neither read nor send mail with it. To keep "
            "it, let the device fetch mail before then, or choose Keep next to it on "
            "the page below. If you no longer need it, delete it."
        ),
        is_reminder=True,
    ),
    Kind.ENDS_SOON: Notice(
        gettext_noop("A security password expires soon"),
        gettext_noop(
            "After that, the device can neither read nor send mail with it. Before "
            "then, create a new one on the page below, enter it on the device, and "
            "delete the old one."
        ),
        is_reminder=True,
    ),
    Kind.EXCEPTION_ENDS_SOON: Notice(
        gettext_noop("An exception for your mailbox ends soon"),
        gettext_noop(
            "After that, the rules of your department or domain apply to your mail "
            "programs. If they require security passwords, turn them on before then "
            "and give each device its own. The page below shows how. Webmail stays the "
            "same. If you need the exception for longer, ask your administrator."
        ),
        is_reminder=True,
    ),
    Kind.REACTIVATED: Notice(
        gettext_noop("An unused security password was kept"),
        ADVICE_ON_CHANGES,
    ),
    Kind.PHONE_CHANGED: Notice(
        gettext_noop("Your phone number for codes was changed"),
        gettext_noop(
            "Tell your administrator at once and change your web password: whoever has "
            "the new number can soon create security passwords."
        ),
        text_message=gettext_noop(
            "Codes for %(address)s now go to another phone number. Not you? Tell your "
            "administrator at once."
        ),
    ),
    Kind.PASSWORD_CHANGED: Notice(
        gettext_noop("Your web password was changed"),
        gettext_noop(
            "Tell your administrator at once: someone may have locked you out of the "
            "portal."
        ),
    ),
    Kind.TWO_STEP_ON: Notice(
        gettext_noop("Two-step sign-in was set up"),
        gettext_noop(
            "Tell your administrator at once and change your web password: whoever has "
            "the authenticator app can soon create security passwords."
        ),
        text_message=gettext_noop(
            "An authenticator app was set up for %(address)s. Not you? Tell your "
            "administrator at once."
        ),
    ),
    Kind.TWO_STEP_OFF: Notice(
        gettext_noop("Two-step sign-in was turned off"),
        ADVICE_ON_CHANGES,
    ),
    Kind.PASSKEY_ADDED: Notice(
        gettext_noop("A passkey was added"),
        gettext_noop(
            "Tell your administrator at once and change your web password: whoever has "
            "the passkey can sign in to the portal as you."
        ),
        text_message=gettext_noop(
            "A passkey was added for %(address)s. Not you? Tell your administrator at "
            "once."
        ),
    ),
    Kind.PASSKEY_REMOVED: Notice(
        gettext_noop("A passkey was removed"),
        ADVICE_ON_CHANGES,
    ),
    Kind.RECOVERY_CODES_MADE: Notice(
        gettext_noop("New recovery codes were created"),
        gettext_noop(
            "Tell your administrator at once and change your web password: with it, "
            "whoever has the codes can sign in as you."
        ),
    ),
    Kind.RECOVERY_CODE_USED: Notice(
        gettext_noop("A recovery code was used to sign in"),
        gettext_noop(
            "Tell your administrator at once and change your web password: someone "
            "knows it and has your recovery codes."
        ),
    ),
    Kind.FIRST_USED: Notice(
        gettext_noop("A security password was used for the first time"),
        ADVICE_ON_USES,
        is_optional=True,
    ),
    Kind.NEW_NETWORK: Notice(
        gettext_noop("A security password was used from a new network"),
        ADVICE_ON_USES,
        is_optional=True,
    ),
    Kind.CODES_LOCKED: Notice(
        gettext_noop("Codes are locked: too many wrong codes"),
        gettext_noop(
            "Someone may be using your web password: change it. Your administrator can "
            "unlock codes."
        ),
    ),
    Kind.REVOKED_TRIED: Notice(
        gettext_noop("A deleted security password is still being tried"),
        gettext_noop(
            "It is refused. If the device is yours, create a new security password for "
            "it. If it was lost or stolen, whoever has it stays locked out."
        ),
    ),
    Kind.GUESSED: Notice(
        gettext_noop("Many wrong passwords were tried for your mailbox"),
        gettext_noop(
            "They were refused. If your web password is short or used elsewhere, "
            "change it."
        ),
    ),
}

# What changes when an exception ends, by the names that
# `policy.reminders.list_losses` returns.
LOSSES = {
    "client_passwords_required": gettext_noop("security passwords are required"),
    "client_passwords_suspended": gettext_noop(
        "security passwords work only once you turn them on"
    ),
    "third_party_logon": gettext_noop("no mail program connects"),
    **dict.fromkeys(PROTOCOL_KEYS, gettext_noop("%(protocol)s is switched off")),
    "client_networks": gettext_noop("mail programs connect from some networks only"),
    "client_password_days": gettext_noop("security passwords end sooner"),
}


def format_time(value: str) -> str:
    """Return an ISO 8601 time in the active language and time zone; "" if invalid."""
    at = parse_datetime(value)
    if at is None:
        return ""
    local = localtime(at)
    return f"{date_format(local, 'DATETIME_FORMAT')} ({local.tzname()})"


def _format_list(value: str) -> str:
    return value.replace(" ", ", ")


def _format_losses(value: str) -> str:
    return ", ".join(
        _(LOSSES[name]) % {"protocol": name.upper()}
        for name in value.split()
        if name in LOSSES
    )


# The parts of an event's detail that a mail shows, in this order: the key in the
# detail, its label, and the function that formats the value.
FACTS: dict[str, tuple[str, Callable[[Any], str]]] = {
    "device": (gettext_noop("Device"), str),
    "passkey": (gettext_noop("Passkey"), str),
    "left": (gettext_noop("Codes left"), str),
    "old": (gettext_noop("Previous number"), str),
    "new": (gettext_noop("New number"), str),
    "protocols": (gettext_noop("Protocols"), lambda value: _format_list(value.upper())),
    "networks": (gettext_noop("Networks"), _format_list),
    "required_from": (gettext_noop("Required from"), format_time),
    "suspends": (gettext_noop("Suspended from"), format_time),
    "expires": (gettext_noop("Works until"), format_time),
    "until": (gettext_noop("Exception until"), format_time),
    "loses": (gettext_noop("From then on"), _format_losses),
    "protocol": (gettext_noop("Protocol"), str.upper),
    "count": (gettext_noop("Wrong passwords"), str),
}
