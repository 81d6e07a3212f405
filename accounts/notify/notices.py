"""The catalogue of notifications: which kinds of events notify the owner, and how.

An event of a kind without a row here is recorded only. To add a notification, add a
kind to `SecurityEvent.Kind` and a row here, and call `events.record` where it happens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import recipients
from accounts.models import SecurityEvent
from accounts.models.protocols import PROTOCOL_KEYS

Kind = SecurityEvent.Kind


class Repeats(Enum):
    """How often owners are notified of events of one kind."""

    EACH = "each time: it is an act of a person"
    ONCE = "once for what it names: a first use, a network, an end that is to come"
    AT_DISTANCES = "at once, then at growing distances: it may go on for ever"


@dataclass(frozen=True)
class Button:
    """A link of a mail: its label, and the name of the page it leads to.

    `is_of_device` if the page is that of one security password, whose number it takes.
    It must be a page on which nothing happens until its reader presses a button.
    """

    label: str
    page: str
    is_of_device: bool = field(default=False, kw_only=True)


LIST = Button(gettext_noop("Open my security passwords"), settings.OWNERS_PAGE)
DEVICE = Button(
    gettext_noop("Open the page of this device"),
    settings.DEVICE_PAGE,
    is_of_device=True,
)
DELETE = Button(
    gettext_noop("Delete this security password"),
    settings.DELETE_PAGE,
    is_of_device=True,
)
KEEP = Button(
    gettext_noop("Keep this security password"), settings.KEEP_PAGE, is_of_device=True
)
WEB_PASSWORD = Button(gettext_noop("Change my web password"), "accounts:password")
TWO_STEP = Button(gettext_noop("Open two-step sign-in"), "two_factor:profile")


@dataclass(frozen=True)
class Notice:
    """The notice for one kind of event.

    `named_title` is the title where the device or passkey has a `name`. `advice` is
    what to do if it was not the owner; of a reminder, what to do before the day comes;
    of a device that has a page of its own, what to do in any case. The `button` leads
    to where that is done, and so does the link `also` below it. An optional one owners
    can switch off; one with `can_be_silenced`, on the page of the device. Where
    `waits_for_name`, the owner is about to name the device. `from_others` is what now
    holds, and what the owner can do, if not they but the mail administration did it.
    `text_message` goes to a telephone besides the mail, where the event names a number;
    `address` stands in it.
    """

    title: str
    advice: str
    repeats: Repeats
    named_title: str = ""
    button: Button = LIST
    also: Button | None = None
    is_optional: bool = False
    is_reminder: bool = False
    can_be_silenced: bool = False
    waits_for_name: bool = False
    text_message: str = ""
    from_others: str = ""


# How long the mail about a new security password waits for the name of the device.
NAMING_TIME = timedelta(minutes=2)

ADVICE_ON_CHANGES = gettext_noop(
    "Check your list of security passwords, delete those that you do not recognise, "
    "and change your web password: someone may be using it."
)
ADVICE_ON_PASSWORDS = gettext_noop(
    "Delete the security password, and change your web password: someone may be using "
    "it."
)
ADVICE_ON_USES = gettext_noop(
    "Delete the security password. The device can then no longer read or send mail."
)

ADVICE_ON_KEYS = gettext_noop(
    "Check how you sign in, under Two-step sign-in in your settings. If you did not "
    "ask for this, tell your administrator."
)

NOTICES: dict[Kind, Notice] = {
    Kind.ISSUED: Notice(
        gettext_noop("A security password was created"),
        ADVICE_ON_PASSWORDS,
        Repeats.EACH,
        named_title=gettext_noop("New security password for “%(name)s”"),
        button=DELETE,
        also=WEB_PASSWORD,
        waits_for_name=True,
    ),
    Kind.LIMITED: Notice(
        gettext_noop("The limits of a security password were changed"),
        ADVICE_ON_PASSWORDS,
        Repeats.EACH,
        named_title=gettext_noop("The limits of “%(name)s” were changed"),
        button=DELETE,
        also=WEB_PASSWORD,
    ),
    Kind.REVOKED: Notice(
        gettext_noop("A security password was deleted"),
        ADVICE_ON_CHANGES,
        Repeats.EACH,
        named_title=gettext_noop("The security password for “%(name)s” was deleted"),
        also=WEB_PASSWORD,
        from_others=gettext_noop(
            "The device can no longer read or send mail with it. If you still use the "
            "device, create a new security password for it."
        ),
    ),
    Kind.REPLACED: Notice(
        gettext_noop("A security password was replaced: the old one is deleted"),
        ADVICE_ON_CHANGES,
        Repeats.ONCE,
        named_title=gettext_noop("The security password for “%(name)s” was replaced"),
        button=DEVICE,
        also=WEB_PASSWORD,
    ),
    Kind.SWITCHED_ON: Notice(
        gettext_noop("Security passwords were turned on"),
        ADVICE_ON_CHANGES,
        Repeats.EACH,
        also=WEB_PASSWORD,
        from_others=gettext_noop(
            "Your web password no longer works in mail programs. Give each device its "
            "own security password on the page below. Webmail stays the same."
        ),
    ),
    Kind.SWITCHED_OFF: Notice(
        gettext_noop("Security passwords were turned off"),
        ADVICE_ON_CHANGES,
        Repeats.EACH,
        also=WEB_PASSWORD,
    ),
    Kind.REQUIRED_SOON: Notice(
        gettext_noop("Mail programs will need a security password"),
        gettext_noop(
            "From that day, your web password no longer works in mail programs. Before "
            "then, turn security passwords on and give each device its own. The page "
            "below shows how. Webmail stays the same."
        ),
        Repeats.ONCE,
        is_reminder=True,
    ),
    Kind.SUSPENDS_SOON: Notice(
        gettext_noop("An unused security password will be suspended"),
        gettext_noop(
            "After that, the device can neither read nor send mail with it. To keep "
            "it, let the device fetch mail before then, or keep it on the page "
            "below. If you no longer need it, delete it."
        ),
        Repeats.ONCE,
        is_reminder=True,
        named_title=gettext_noop(
            "The security password for “%(name)s” will be suspended"
        ),
        button=KEEP,
        also=DELETE,
    ),
    Kind.ENDS_SOON: Notice(
        gettext_noop("A security password expires soon"),
        gettext_noop(
            "After that, the device can neither read nor send mail with it. Before "
            "then, create a new one on the page below, enter it on the device, and "
            "delete the old one."
        ),
        Repeats.ONCE,
        is_reminder=True,
        named_title=gettext_noop("The security password for “%(name)s” expires soon"),
    ),
    Kind.EXCEPTION_ENDS_SOON: Notice(
        gettext_noop("An exception for your mailbox ends soon"),
        gettext_noop(
            "After that, the rules of your department or domain apply to your mail "
            "programs. If they require security passwords, turn them on before then "
            "and give each device its own. The page below shows how. Webmail stays the "
            "same. If you need the exception for longer, ask your administrator."
        ),
        Repeats.ONCE,
        is_reminder=True,
    ),
    Kind.REACTIVATED: Notice(
        gettext_noop("An unused security password was kept"),
        ADVICE_ON_PASSWORDS,
        Repeats.EACH,
        named_title=gettext_noop("The security password for “%(name)s” was kept"),
        button=DELETE,
        also=WEB_PASSWORD,
    ),
    Kind.PHONE_CHANGED: Notice(
        gettext_noop("Your phone number for codes was changed"),
        gettext_noop(
            "Tell your administrator at once and change your web password: whoever has "
            "the new number can soon create security passwords."
        ),
        Repeats.EACH,
        text_message=gettext_noop(
            "Codes for %(address)s no longer go to this phone number. If you did not "
            "ask for this, tell your administrator at once."
        ),
        button=WEB_PASSWORD,
        from_others=gettext_noop(
            "Your codes go to the new number. Check that it is yours."
        ),
    ),
    Kind.PASSWORD_CHANGED: Notice(
        gettext_noop("Your web password was changed"),
        gettext_noop(
            "Tell your administrator at once: someone may have locked you out of the "
            "portal."
        ),
        Repeats.EACH,
        from_others=gettext_noop(
            "Sign in to the portal with the new web password, which the mail "
            "administration gives you, and change it to one that only you know."
        ),
    ),
    Kind.TWO_STEP_ON: Notice(
        gettext_noop("Two-step sign-in was set up"),
        gettext_noop(
            "Tell your administrator at once and change your web password: whoever has "
            "the authenticator app can soon create security passwords."
        ),
        Repeats.EACH,
        text_message=gettext_noop(
            "An authenticator app was set up for %(address)s. Not you? Tell your "
            "administrator at once."
        ),
        button=WEB_PASSWORD,
        also=TWO_STEP,
    ),
    Kind.TWO_STEP_OFF: Notice(
        gettext_noop("Two-step sign-in was turned off"),
        ADVICE_ON_CHANGES,
        Repeats.EACH,
        also=WEB_PASSWORD,
        from_others=gettext_noop(
            "You sign in with your web password alone. You can set two-step sign-in up "
            "again in your settings."
        ),
    ),
    Kind.TWO_STEP_CHANGED: Notice(
        gettext_noop("Your two-step sign-in was changed by an administrator"),
        ADVICE_ON_KEYS,
        Repeats.EACH,
        button=TWO_STEP,
        from_others=gettext_noop(
            "Check how you sign in, under Two-step sign-in in your settings."
        ),
    ),
    Kind.PASSKEY_ADDED: Notice(
        gettext_noop("A passkey was added"),
        gettext_noop(
            "Tell your administrator at once and change your web password: whoever has "
            "the passkey can sign in to the portal as you."
        ),
        Repeats.EACH,
        text_message=gettext_noop(
            "A passkey was added for %(address)s. Not you? Tell your administrator at "
            "once."
        ),
        named_title=gettext_noop("The passkey “%(name)s” was added"),
        button=WEB_PASSWORD,
        also=TWO_STEP,
    ),
    Kind.PASSKEY_REMOVED: Notice(
        gettext_noop("A passkey was removed"),
        ADVICE_ON_CHANGES,
        Repeats.EACH,
        named_title=gettext_noop("The passkey “%(name)s” was removed"),
        also=WEB_PASSWORD,
        from_others=gettext_noop(
            "You can no longer sign in with it. You can add another one in your "
            "settings, under Two-step sign-in."
        ),
    ),
    Kind.RECOVERY_CODES_MADE: Notice(
        gettext_noop("New recovery codes were created"),
        gettext_noop(
            "Tell your administrator at once and change your web password: with it, "
            "whoever has the codes can sign in as you."
        ),
        Repeats.EACH,
        button=WEB_PASSWORD,
        also=TWO_STEP,
    ),
    Kind.RECOVERY_CODES_REMOVED: Notice(
        gettext_noop("Your recovery codes were removed"),
        ADVICE_ON_KEYS,
        Repeats.EACH,
        button=TWO_STEP,
        from_others=gettext_noop(
            "They no longer work. You can create new ones in your settings, under "
            "Two-step sign-in."
        ),
    ),
    Kind.RECOVERY_CODE_USED: Notice(
        gettext_noop("A recovery code was used to sign in"),
        gettext_noop(
            "Tell your administrator at once and change your web password: someone "
            "knows it and has your recovery codes."
        ),
        Repeats.EACH,
        button=WEB_PASSWORD,
        also=TWO_STEP,
    ),
    Kind.FIRST_USED: Notice(
        gettext_noop("A security password was used for the first time"),
        ADVICE_ON_USES,
        Repeats.ONCE,
        is_optional=True,
        named_title=gettext_noop("“%(name)s” connected for the first time"),
        button=DELETE,
    ),
    Kind.NEW_NETWORK: Notice(
        gettext_noop("A security password was used from a new network"),
        ADVICE_ON_USES,
        Repeats.ONCE,
        is_optional=True,
        named_title=gettext_noop("“%(name)s” connected from a new network"),
        button=DELETE,
    ),
    Kind.CODES_LOCKED: Notice(
        gettext_noop("Codes are locked: too many wrong codes"),
        gettext_noop(
            "Someone may be using your web password: change it. Your administrator can "
            "unlock codes."
        ),
        Repeats.AT_DISTANCES,
        button=WEB_PASSWORD,
    ),
    Kind.REVOKED_TRIED: Notice(
        gettext_noop("A deleted security password is still being tried"),
        gettext_noop(
            "It is refused, and whoever has the device stays locked out. If you have "
            "it, open the settings of its mail program: enter a new security password, "
            "which you create in your list, or remove the mail account. Until "
            "then, the device goes on trying."
        ),
        Repeats.AT_DISTANCES,
        button=DEVICE,
        also=LIST,
        can_be_silenced=True,
        named_title=gettext_noop(
            "“%(name)s” still tries its deleted security password"
        ),
    ),
    Kind.GUESSED: Notice(
        gettext_noop("Many wrong passwords were tried for your mailbox"),
        gettext_noop(
            "They were refused. If your web password is short or used elsewhere, "
            "change it."
        ),
        Repeats.AT_DISTANCES,
        button=WEB_PASSWORD,
    ),
}

# A phone number can also be the first one, and be removed.
FIRST_PHONE = replace(
    NOTICES[Kind.PHONE_CHANGED],
    title=gettext_noop("A phone number for your codes was added"),
)
REMOVED_PHONE = replace(
    NOTICES[Kind.PHONE_CHANGED],
    title=gettext_noop("Your phone number for codes was removed"),
    advice=gettext_noop(
        "Tell your administrator at once and change your web password: without a "
        "number, you get no codes by text message."
    ),
    from_others=gettext_noop(
        "You get no codes by text message until a new number is entered: by you, under "
        "Phone number in your settings, or by your administrator."
    ),
)


def choose_notice(kind: Kind, details: Sequence[dict[str, Any]]) -> Notice:
    """Return the notice of this kind that is true for all these events."""
    if kind is Kind.PHONE_CHANGED and all(each.get("new") == "" for each in details):
        return REMOVED_PHONE
    if kind is Kind.PHONE_CHANGED and all(each.get("old") == "" for each in details):
        return FIRST_PHONE
    return NOTICES[kind]


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
    """Return an ISO 8601 time in the active language and time zone; "" if invalid.

    The zone is named, with its distance from UTC: "Asia/Singapore, UTC+8".
    """
    at = parse_datetime(value)
    if at is None:
        return ""
    local = localtime(at)
    return f"{date_format(local, 'DATETIME_FORMAT')} ({_describe_zone(local)})"


def _describe_zone(local: datetime) -> str:
    name, distance = str(local.tzinfo), recipients.describe_distance(local)
    return distance if name == "UTC" else f"{name.replace('_', ' ')}, {distance}"


def _format_list(value: str) -> str:
    return value.replace(" ", ", ")


def _format_losses(value: str) -> str:
    return ", ".join(
        _(LOSSES[name]) % {"protocol": name.upper()}
        for name in value.split()
        if name in LOSSES
    )


# The details that name what the event is about; both are also facts.
NAMES = ("device", "passkey")

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
