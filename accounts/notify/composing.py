"""The texts of mails and text messages to owners: what happened, and what to do.

They contain no secret, and no link that changes anything: the pages they lead to ask.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urljoin

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts import recipients, sites
from accounts.models import Account, SecurityEvent
from accounts.notify.notices import (
    FACTS,
    LIST,
    NAMES,
    NOTICES,
    Button,
    Kind,
    Notice,
    choose_notice,
    format_time,
)
from accounts.redaction import redact

MAX_EVENTS = 10  # listed in one mail; it counts the rest
LONGEST_NAME = 40  # of a device in a subject, in characters
JOINERS = "\u200c\u200d"  # join emoji, and letters of some scripts


@dataclass(frozen=True)
class Letter:
    """A mail, ready to send; text and HTML say the same."""

    subject: str
    text: str
    html: str


class Link(NamedTuple):
    """A page of the portal that a mail leads to."""

    label: str
    url: str


def write_mail(account: Account, events: Sequence[SecurityEvent]) -> Letter:
    """Return one mail about events of one kind, in the owner's language and zone.

    Devices have the names that their owner has given them by now.
    """
    with recipients.write_for(account):
        details = _read_details(account, events)
        notice = choose_notice(Kind(events[0].kind), details)
        is_from_others = all(map(_is_from_others, events))
        title = _write_title(notice, details)
        subject = f"{title} ({len(events)})" if len(events) > 1 else title
        shown = list(zip(events, details, strict=True))[:MAX_EVENTS]
        context = {
            "title": title,
            "address": account.address,
            "events": [_list_facts(event, detail) for event, detail in shown],
            "more": max(len(events) - MAX_EVENTS, 0),
            "advice": _(notice.from_others if is_from_others else notice.advice),
            "is_from_others": is_from_others,
            "is_advice_for_all": notice.is_reminder or notice.can_be_silenced,
            "links": _list_links(notice, details),
            "is_optional": notice.is_optional,
            "can_be_silenced": notice.can_be_silenced,
            "support_address": settings.SUPPORT_ADDRESS,
        }
        text = render_to_string("accounts/mail.txt", context)
        html = render_to_string("accounts/mail.html", context)
        return Letter(subject, text, html)


def write_text_message(account: Account, kind: str) -> str:
    """Return the text message for an event of this kind, in the owner's language."""
    with recipients.write_for(account):
        return _(NOTICES[Kind(kind)].text_message) % {"address": account.address}


def _read_details(
    account: Account, events: Sequence[SecurityEvent]
) -> list[dict[str, Any]]:
    """Return the details of the events, with the present names of the devices."""
    numbers = {event.detail.get("credential") for event in events} - {None}
    rows = account.client_passwords.filter(pk__in=numbers)
    names = dict(rows.values_list("pk", "label")) if numbers else {}
    details = []
    for event in events:
        name = names.get(event.detail.get("credential"))
        details.append(event.detail | ({"device": redact(name)} if name else {}))
    return details


def _write_title(notice: Notice, details: list[dict[str, Any]]) -> str:
    """Return the title, with the name if the events are all about one device."""
    names = {detail[key] for detail in details for key in NAMES if detail.get(key)}
    if len(names) != 1 or not notice.named_title:
        return _(notice.title)
    return _(notice.named_title) % {"name": shorten_name(names.pop())}


def shorten_name(name: str) -> str:
    """Return the name for a subject: one line of at most LONGEST_NAME characters.

    It has no control characters and no marks that change the direction of the text.
    """
    kept = "".join(
        sign if sign in JOINERS or unicodedata.category(sign)[0] != "C" else " "
        for sign in name
    )
    line = " ".join(kept.split())
    if len(line) <= LONGEST_NAME:
        return line
    return line[: LONGEST_NAME - 1].rstrip(JOINERS + " ") + "…"


def _list_facts(event: SecurityEvent, detail: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what the mail shows of an event, as pairs of label and value."""
    facts = [
        *(
            (_(name), write(detail[key]))
            for key, (name, write) in FACTS.items()
            if key in detail
        ),
        (_("Time"), format_time(event.at.isoformat())),
        (_("IP address"), event.network_address or ""),
        (_("By"), event.actor if _is_from_others(event) else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _list_links(notice: Notice, details: list[dict[str, Any]]) -> list[Link]:
    """Return the button first; no links if the portal does not know its own address.

    Events about several devices lead to the list of devices.
    """
    url = sites.get_own_site().url
    if not url:
        return []
    numbers = {detail.get("credential") for detail in details}
    number = numbers.pop() if len(numbers) == 1 else None
    wanted = [notice.button, *([notice.also] if notice.also else [])]
    buttons = [each if number or not each.is_of_device else LIST for each in wanted]
    return [_link(each, url, number) for each in dict.fromkeys(buttons)]


def _link(button: Button, url: str, number: int | None) -> Link:
    arguments = [number] if button.is_of_device else []
    return Link(_(button.label), urljoin(url, reverse(button.page, args=arguments)))


def _is_from_others(event: SecurityEvent) -> bool:
    """Return whether the mail administration did it: by a page, the API or a command.

    It did not do what a mail server reports, and what the portal reminds of.
    """
    by_machine = "protocol" in event.detail or NOTICES[Kind(event.kind)].is_reminder
    return event.actor != event.address and not by_machine
