"""Context for the templates of all pages, from above the apps."""

from functools import partial
from typing import Any, cast

from django.http import HttpRequest

from accounts.models import Account
from clientpasswords.page import SecurityPasswordPage


def security_passwords(request: HttpRequest) -> dict[str, Any]:
    """Return what the quick panel says where its page does not know; only if asked."""
    return {"own_page": partial(_make_page, request)}


def _make_page(request: HttpRequest) -> SecurityPasswordPage:
    return SecurityPasswordPage(cast("Account", request.user))
