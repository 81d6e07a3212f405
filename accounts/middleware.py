"""What holds for every request of somebody who has signed in."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.utils.translation import gettext as _

GetResponse = Callable[[HttpRequest], HttpResponse]

SIGNED_IN_AT, SEEN_AT = "signed_in_at", "seen_at"
WRITE_EVERY = 60  # seconds


def end_old_sessions(get_response: GetResponse) -> GetResponse:
    """End a session that began too long ago; let a busy one go on.

    Idle ones end by SESSION_COOKIE_AGE. Writing a session at each request would cost
    three queries, so it is written once a minute.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(time.time())
            began = request.session.setdefault(SIGNED_IN_AT, now)
            if now - began > settings.SESSION_LONGEST.total_seconds():
                auth.logout(request)
                return redirect(settings.LOGIN_URL)
            if now - request.session.get(SEEN_AT, 0) > WRITE_EVERY:
                request.session[SEEN_AT] = now
        return get_response(request)

    return middleware


class SignInRequired(LoginRequiredMiddleware):
    """Django's own, but that nobody is led back to where a form was sent to."""

    def handle_no_permission(self, request: Any, view_func: Any) -> Any:
        """Ask for a sign-in; after a form was sent, say so and lead to its section."""
        if request.method in {"GET", "HEAD"}:
            return super().handle_no_permission(request, view_func)
        messages.info(request, _("Your session has ended. Nothing was changed."))
        return redirect_to_login(_get_section_url(request))


def use_account_language(get_response: GetResponse) -> GetResponse:
    """The owner's saved language wins over the cookie, that over the browser's.

    While READ_ONLY lets nobody save another, the cookie wins.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        language = request.user.is_authenticated and request.user.language
        chosen_here = settings.LANGUAGE_COOKIE_NAME in request.COOKIES
        if not language or (settings.READ_ONLY and chosen_here):
            return get_response(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = get_response(request)
            response.headers["Content-Language"] = language
            return response

    return middleware


def _get_section_url(request: HttpRequest) -> str:
    """The first page of the part of the portal that was asked."""
    namespace = request.resolver_match.namespace if request.resolver_match else ""
    try:
        return reverse(f"{namespace}:index")
    except NoReverseMatch:
        return resolve_url(settings.LOGIN_REDIRECT_URL)
