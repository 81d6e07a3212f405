"""What the mail server says to a mail program that it refuses for a reason of ours.

IMAP and POP3 carry ASCII only before the logon (RFC 3501 `resp-text`, RFC 1939), so a
language that cannot be written in it gets the English sentence; the page that every
sentence names is in the owner's language.
"""

from urllib.parse import urljoin

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext, gettext_noop

from accounts import sites
from accounts.models import MailSetting

LONGEST = 200  # characters; some programs show no more

# Translators: these four are sent as plain ASCII, so write ae, oe, ue and ss.
TEXTS = {
    "security-password-required": gettext_noop(
        "Use a security password here, not your web password: %(page)s"
    ),
    "third-party-logon-off": gettext_noop(
        "Mail programs are switched off for your mailbox: %(page)s"
    ),
    "protocol-off": gettext_noop(
        "This protocol is switched off for your mailbox: %(page)s"
    ),
    "network-not-allowed": gettext_noop(
        "Mail programs cannot use your mailbox from this network: %(page)s"
    ),
}


def store() -> None:
    """Put every sentence in every language where the logon views find it."""
    page = urljoin(sites.own().url, reverse(settings.OWNERS_PAGE))
    for refusal, text in TEXTS.items():
        for language, _name in settings.LANGUAGES:
            MailSetting.objects.update_or_create(
                name=f"notice:{refusal}:{language}",
                defaults={"value": _in_ascii(text, language) % {"page": page}},
            )


def _in_ascii(text: str, language: str) -> str:
    with translation.override(language):
        translated = gettext(text)
    return translated if translated.isascii() else text
