"""What every page knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from accounts import sites
from accounts.forms import SCHEME_COOKIE, SCHEMES


def portal(request: HttpRequest) -> dict[str, Any]:
    """The chosen appearance, our site, and whom to ask for help."""
    scheme = request.COOKIES.get(SCHEME_COOKIE, "")
    return {
        "scheme": scheme if scheme in SCHEMES else "",
        "own_site": sites.own(),
        "many_sites": len(settings.MAIL_SITES) > 1,
        "support_address": settings.SUPPORT_ADDRESS,
    }
