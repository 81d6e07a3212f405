"""The sentences that the mail server sends to mail programs that it refuses.

IMAP and POP3 allow only ASCII before the logon (RFC 3501 `resp-text`, RFC 1939), so
languages with other letters get the English one. The page that each names is in the
owner's language.
"""

from urllib.parse import urljoin

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from accounts import sites
from accounts.models import MailSetting
from clientpasswords.refusals import REFUSALS

LONGEST = 200  # characters; some programs show no more


def store() -> None:
    """Store every sentence in every language, where the logon views read it."""
    page = urljoin(sites.get_own_site().url, reverse(settings.OWNERS_PAGE))
    for refusal in REFUSALS:
        for language, _name in settings.LANGUAGES if refusal.notice else ():
            text = _in_ascii(refusal.notice, language) % {"page": page}
            MailSetting.objects.update_or_create(
                name=f"notice:{refusal.key}:{language}", defaults={"value": text}
            )


def _in_ascii(text: str, language: str) -> str:
    with translation.override(language):
        translated = gettext(text)
    return translated if translated.isascii() else text
