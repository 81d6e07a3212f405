"""What mails and text messages to owners say: what happened, and what to do.

Nothing secret, and no link that changes anything: only one to the settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import sites
from accounts.models import Account, Notification, SecurityEvent

Kind = SecurityEvent.Kind
MOST_EVENTS = 10  # told of one by one in a mail

CHANGED = gettext_noop(
    "Look at your list of security passwords, delete those that you do not know, and "
    "have your web password changed: somebody may be signed in with it."
)
USED = gettext_noop(
    "Delete this security password on the page below. The device can then no longer "
    "read or send mail."
)
# Of each kind: what happened, and what to do if it was not the owner.
TEXTS = {
    Kind.ISSUED: (gettext_noop("A security password was made"), CHANGED),
    Kind.LIMITED: (
        gettext_noop("The limits of a security password were changed"),
        CHANGED,
    ),
    Kind.REVOKED: (gettext_noop("A security password was deleted"), CHANGED),
    Kind.SWITCHED_ON: (gettext_noop("Security passwords were turned on"), CHANGED),
    Kind.SWITCHED_OFF: (gettext_noop("Security passwords were turned off"), CHANGED),
    Kind.REQUIRED_SOON: (
        gettext_noop("Mail programs will need a security password"),
        gettext_noop(
            "From that day on your web password no longer works in mail programs. "
            "Before it, turn security passwords on, and give each of your devices its "
            "own: the page below shows how. Webmail stays as it is."
        ),
    ),
    Kind.SUSPENDS_SOON: (
        gettext_noop("A security password that is not used will be suspended"),
        gettext_noop(
            "From then on the device can neither read nor send mail with it. To keep "
            "it, have the device fetch mail before, or choose Keep beside it on the "
            "page below. If you do not need it any more, delete it."
        ),
    ),
    Kind.ENDS_SOON: (
        gettext_noop("A security password ends soon"),
        gettext_noop(
            "From then on the device can neither read nor send mail with it. Before, "
            "make a new one on the page below, enter it in the device, and delete the "
            "old one."
        ),
    ),
    Kind.EXCEPTION_ENDS: (
        gettext_noop("An exception for your mailbox ends soon"),
        gettext_noop(
            "From then on the rules of your department or domain hold for your mail "
            "programs. Where security passwords are required, turn them on before, "
            "and give each of your devices its own: the page below shows how. Webmail "
            "stays as it is. If you need the exception longer, ask your administrator."
        ),
    ),
    Kind.REVIVED: (
        gettext_noop("A security password was kept, though it was not used"),
        CHANGED,
    ),
    Kind.PHONE_CHANGED: (
        gettext_noop("Your phone number for codes was changed"),
        gettext_noop(
            "Tell your administrator at once, and have your web password changed: "
            "whoever has the new number can soon make security passwords."
        ),
    ),
    Kind.PASSWORD_CHANGED: (
        gettext_noop("Your web password was changed"),
        gettext_noop(
            "Tell your administrator at once: somebody may have shut you out of these "
            "pages."
        ),
    ),
    Kind.TWO_STEP_ON: (
        gettext_noop("Two-step sign-in was set up"),
        gettext_noop(
            "Tell your administrator at once, and have your web password changed: "
            "whoever has the authenticator app can soon make security passwords."
        ),
    ),
    Kind.TWO_STEP_OFF: (gettext_noop("Two-step sign-in was turned off"), CHANGED),
    Kind.PASSKEY_ADDED: (
        gettext_noop("A passkey was added"),
        gettext_noop(
            "Tell your administrator at once, and have your web password changed: "
            "whoever has the passkey can sign in to these pages as you."
        ),
    ),
    Kind.PASSKEY_REMOVED: (gettext_noop("A passkey was removed"), CHANGED),
    Kind.CODES_MADE: (
        gettext_noop("New recovery codes were made"),
        gettext_noop(
            "Tell your administrator at once, and have your web password changed: "
            "whoever has the codes needs only that to sign in as you."
        ),
    ),
    Kind.CODE_USED: (
        gettext_noop("A recovery code was used to sign in"),
        gettext_noop(
            "Tell your administrator at once, and have your web password changed: "
            "somebody knows it, and has your recovery codes."
        ),
    ),
    Kind.FIRST_USED: (
        gettext_noop("A security password was used for the first time"),
        USED,
    ),
    Kind.NEW_NETWORK: (
        gettext_noop("A security password was used from a new network"),
        USED,
    ),
    Kind.CODES_LOCKED: (
        gettext_noop("Codes are locked: too many were wrong"),
        gettext_noop(
            "Somebody may be signed in with your web password: have it changed. "
            "Your administrator can unlock codes."
        ),
    ),
    Kind.REVOKED_TRIED: (
        gettext_noop("A deleted security password is still being tried"),
        gettext_noop(
            "It is refused. If the device is yours, make a new security password for "
            "it. If it was lost or stolen, whoever has it stays locked out."
        ),
    ),
    Kind.GUESSED: (
        gettext_noop("Many wrong passwords were tried for your mailbox"),
        gettext_noop(
            "They were refused. If your web password is short, or used elsewhere, "
            "have it changed."
        ),
    ),
}

# What is to come, and nobody has done.
ANNOUNCED = frozenset(
    {Kind.REQUIRED_SOON, Kind.SUSPENDS_SOON, Kind.ENDS_SOON, Kind.EXCEPTION_ENDS}
)
# What is different after an exception, by what `reminders.losses` calls it.
CHANGES = {
    "client_passwords_required": gettext_noop("security passwords are required"),
    "client_passwords_suspended": gettext_noop(
        "security passwords work only once you turn them on"
    ),
    "third_party_logon": gettext_noop("no mail program connects"),
    "imap": gettext_noop("IMAP is switched off"),
    "pop3": gettext_noop("POP3 is switched off"),
    "smtp": gettext_noop("SMTP is switched off"),
    "client_networks": gettext_noop("mail programs connect from some networks only"),
    "client_password_days": gettext_noop("security passwords end sooner"),
}

# What besides the mail goes to a telephone.
TEXT_MESSAGES = {
    Kind.PHONE_CHANGED: gettext_noop(
        "Codes for %(address)s go to another phone number from now on. "
        "Not you? Tell your administrator at once."
    ),
    Kind.TWO_STEP_ON: gettext_noop(
        "An authenticator app was set up for %(address)s. "
        "Not you? Tell your administrator at once."
    ),
    Kind.PASSKEY_ADDED: gettext_noop(
        "A passkey was added for %(address)s. Not you? Tell your administrator at once."
    ),
}


@dataclass(frozen=True)
class Letter:
    """A mail, ready to be sent."""

    subject: str
    text: str


def write(account: Account, events: Sequence[SecurityEvent]) -> Letter:
    """Write one mail about events of one kind, in the owner's language."""
    with translation.override(account.language or settings.LANGUAGE_CODE):
        title, advice = map(_, TEXTS[Kind(events[0].kind)])
        subject = f"{title} ({len(events)})" if len(events) > 1 else title
        page = urljoin(sites.own().url, reverse(settings.OWNERS_PAGE))
        context = {
            "title": title,
            "address": account.address,
            "events": [_facts(event) for event in events[:MOST_EVENTS]],
            "more": max(len(events) - MOST_EVENTS, 0),
            "advice": advice,
            "is_announcement": events[0].kind in ANNOUNCED,
            "page": page if sites.own().url else "",
            "can_be_switched_off": events[0].kind in Notification.USES,
            "support_address": settings.SUPPORT_ADDRESS,
        }
        return Letter(subject, render_to_string("accounts/mail.txt", context))


def write_text_message(account: Account, kind: str) -> str:
    """Write to a telephone, in the owner's language."""
    with translation.override(account.language or settings.LANGUAGE_CODE):
        return _(TEXT_MESSAGES[Kind(kind)]) % {"address": account.address}


def _facts(event: SecurityEvent) -> list[tuple[str, str]]:
    """What is known of an event, each with its name."""
    detail = event.detail
    by_somebody_else = event.actor != event.address and _is_done_by_a_person(event)
    facts = [
        (_("Device"), detail.get("device", "")),
        (_("Passkey"), detail.get("passkey", "")),
        (_("Codes left"), str(detail.get("left", ""))),
        (_("Number until now"), detail.get("old", "")),
        (_("New number"), detail.get("new", "")),
        (_("Protocols"), detail.get("protocols", "").upper().replace(" ", ", ")),
        (_("Networks"), detail.get("networks", "").replace(" ", ", ")),
        (_("Required from"), _time(detail.get("required_from", ""))),
        (_("Suspended from"), _time(detail.get("suspends", ""))),
        (_("Works until"), _time(detail.get("expires", ""))),
        (_("Exception until"), _time(detail.get("until", ""))),
        (_("From then on"), _changes(detail.get("loses", ""))),
        (_("Protocol"), detail.get("protocol", "").upper()),
        (_("Wrong passwords"), str(detail.get("count", ""))),
        (_("Time"), _time(event.at.isoformat())),
        (_("From"), event.network_address or ""),
        (_("By"), event.actor if by_somebody_else else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _is_done_by_a_person(event: SecurityEvent) -> bool:
    """Of the rest the actor is the mail server that told of it, or the portal."""
    return "protocol" not in event.detail and event.kind not in ANNOUNCED


def _changes(names: str) -> str:
    return ", ".join(_(CHANGES[name]) for name in names.split() if name in CHANGES)


def _time(text: str) -> str:
    at = parse_datetime(text)
    if at is None:
        return ""
    local = localtime(at)
    return f"{date_format(local, 'DATETIME_FORMAT')} ({local.tzname()})"
