"""Middleware for users who are signed in, or have to be."""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib import auth, messages
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ObjectDoesNotExist
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.urls import NoReverseMatch, reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts import recipients
from accounts.models import Account, SessionOver

GetResponse = Callable[[HttpRequest], HttpResponse]

SIGNED_IN_AT, SEEN_AT = "signed_in_at", "seen_at"
WRITE_EVERY = 60  # seconds


def end_old_sessions(get_response: GetResponse) -> GetResponse:
    """End sessions older than SESSION_LONGEST, and keep active sessions alive.

    Idle sessions end by SESSION_COOKIE_AGE. Each write of a session costs three
    queries, so this happens once a minute, not at each request.
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
    """Django's LoginRequiredMiddleware, which never returns to the target of a form."""

    def handle_no_permission(self, request: Any, view_func: Any) -> Any:
        """Redirect to the sign-in, and from there to the page that was asked for.

        After a form, a message says that nothing was changed, and the sign-in leads to
        the first page of that section instead.
        """
        if request.method in {"GET", "HEAD"}:
            return super().handle_no_permission(request, view_func)
        messages.info(request, _("Your session has ended. Nothing was changed."))
        return redirect_to_login(_get_section_url(request))

    def process_exception(
        self, request: HttpRequest, exception: Exception
    ) -> HttpResponse | None:
        """Answer as above where the session was ended while its request was answered.

        Who waits for a mailbox that is being deleted does not find it afterwards.
        """
        is_over = isinstance(exception, SessionOver) or (
            isinstance(exception, (ObjectDoesNotExist, IntegrityError))
            and request.user.is_authenticated
            and not Account.objects.filter(pk=request.user.pk).exists()
        )
        if not is_over:
            return None
        answer: HttpResponse = self.handle_no_permission(request, None)
        return answer


def use_account_language(get_response: GetResponse) -> GetResponse:
    """Use the language saved in the account, else the cookie's, else the browser's.

    While READ_ONLY prevents saving a language, the cookie takes precedence.
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


def use_reader_time_zone(get_response: GetResponse) -> GetResponse:
    """Show times, and read those that are typed in, in the time zone of the reader."""

    def middleware(request: HttpRequest) -> HttpResponse:
        with timezone.override(recipients.get_reader_zone(request)):
            return get_response(request)

    return middleware


def _get_section_url(request: HttpRequest) -> str:
    """Return the first page of the section of the portal that was requested."""
    namespace = request.resolver_match.namespace if request.resolver_match else ""
    try:
        return reverse(f"{namespace}:index")
    except NoReverseMatch:
        return resolve_url(settings.LOGIN_REDIRECT_URL)
