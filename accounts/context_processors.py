"""Context for the templates of all pages."""

from functools import cache, partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import get_language_info

from accounts import sites
from accounts.forms import SCHEME_COOKIE, SCHEMES


def portal(request: HttpRequest) -> dict[str, Any]:
    """Return appearance, languages, our site, whom to ask, READ_ONLY, and the zone."""
    scheme = request.COOKIES.get(SCHEME_COOKIE, "")
    return {
        "scheme": scheme if scheme in SCHEMES else "",
        "own_site": sites.get_own_site(),
        "languages": _languages(),
        "many_sites": len(settings.MAIL_SITES) > 1,
        "support_address": settings.SUPPORT_ADDRESS,
        "read_only": settings.READ_ONLY,
        "time_zone": timezone.get_current_timezone_name(),
        "error_layout": partial(_choose_error_layout, request),
    }


def _choose_error_layout(request: HttpRequest) -> str:
    """Return the template that pages of errors extend; called by these pages only."""
    user = getattr(request, "user", None)
    return "shell.html" if user and user.is_authenticated else "signed_out.html"


@cache
def _languages() -> list[tuple[str, str]]:
    """Return the code and the native name of each available language."""
    return [
        (code, capfirst(get_language_info(code)["name_local"]))
        for code, _name in settings.LANGUAGES
    ]
