"""Context for the templates of all pages."""

from functools import cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import get_language_info

from accounts import sites
from accounts.forms import SCHEME_COOKIE, SCHEMES


def portal(request: HttpRequest) -> dict[str, Any]:
    """Return the appearance, the languages, our site, whom to ask, and READ_ONLY."""
    scheme = request.COOKIES.get(SCHEME_COOKIE, "")
    return {
        "scheme": scheme if scheme in SCHEMES else "",
        "own_site": sites.get_own_site(),
        "languages": _languages(),
        "many_sites": len(settings.MAIL_SITES) > 1,
        "support_address": settings.SUPPORT_ADDRESS,
        "read_only": settings.READ_ONLY,
    }


@cache
def _languages() -> list[tuple[str, str]]:
    """Return the code and the native name of each available language."""
    return [
        (code, capfirst(get_language_info(code)["name_local"]))
        for code, _name in settings.LANGUAGES
    ]
