"""The texts of mails and text messages to owners: what happened, and what to do.

They contain no secret, and no link that changes anything: only one to the settings.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import sites
from accounts.models import Account, SecurityEvent
from accounts.notify.notices import FACTS, NOTICES, Kind, format_time

MAX_EVENTS = 10  # listed in one mail; it counts the rest


@dataclass(frozen=True)
class Letter:
    """A mail, ready to send."""

    subject: str
    text: str


def write_mail(account: Account, events: Sequence[SecurityEvent]) -> Letter:
    """Return one mail about events of one kind, in the owner's language."""
    with translation.override(account.language or settings.LANGUAGE_CODE):
        notice = NOTICES[Kind(events[0].kind)]
        title = _(notice.title)
        subject = f"{title} ({len(events)})" if len(events) > 1 else title
        page = urljoin(sites.get_own_site().url, reverse(settings.OWNERS_PAGE))
        context = {
            "title": title,
            "address": account.address,
            "events": [_list_facts(event) for event in events[:MAX_EVENTS]],
            "more": max(len(events) - MAX_EVENTS, 0),
            "advice": _(notice.advice),
            "is_reminder": notice.is_reminder,
            "page": page if sites.get_own_site().url else "",
            "can_be_switched_off": notice.is_optional,
            "support_address": settings.SUPPORT_ADDRESS,
        }
        return Letter(subject, render_to_string("accounts/mail.txt", context))


def write_text_message(account: Account, kind: str) -> str:
    """Return the text message for an event of this kind, in the owner's language."""
    with translation.override(account.language or settings.LANGUAGE_CODE):
        return _(NOTICES[Kind(kind)].text_message) % {"address": account.address}


def _list_facts(event: SecurityEvent) -> list[tuple[str, str]]:
    """Return what the mail shows of an event, as pairs of label and value."""
    detail = event.detail
    by_somebody_else = event.actor != event.address and _is_done_by_a_person(event)
    facts = [
        *(
            (_(name), write(detail[key]))
            for key, (name, write) in FACTS.items()
            if key in detail
        ),
        (_("Time"), format_time(event.at.isoformat())),
        (_("From"), event.network_address or ""),
        (_("By"), event.actor if by_somebody_else else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _is_done_by_a_person(event: SecurityEvent) -> bool:
    """Return whether the actor is a person, not a mail server or the portal."""
    return "protocol" not in event.detail and not NOTICES[Kind(event.kind)].is_reminder
