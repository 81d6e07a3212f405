"""Middleware: response headers, the health check, and the mode READ_ONLY."""

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from api import problems
from api.problems import Problem
from mailportal.views import healthz

HEALTH_CHECK = "/healthz"
SAFE_METHODS = {"GET", "HEAD", "OPTIONS", "TRACE"}
# Views that READ_ONLY allows to POST to: sign-in and sign-out, choices that only the
# browser stores, and the set-up question of mail programs.
VIEWS_WITHOUT_CHANGES = {
    "two_factor:login",
    "accounts:passkey-begin",
    "accounts:passkey-sign-in",
    "accounts:sign-out",
    "admin:logout",
    "admin:first_steps",
    "accounts:language",
    "accounts:appearance",
    "discovery:autodiscover",
}
RETRY_AFTER = timedelta(minutes=10)

GetResponse = Callable[[HttpRequest], HttpResponse]


def response_headers(get_response: GetResponse) -> GetResponse:
    """Forbid other sites to load our responses, sensors, and cached copies.

    Static files may be cached.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers.setdefault(
            "Permissions-Policy",
            "camera=(), clipboard-write=(self), geolocation=(), microphone=(), "
            "payment=(), usb=()",
        )
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if not request.path.startswith("/static/"):
            response.headers.setdefault("Cache-Control", "no-store, private")
        return response

    return middleware


def explain_refused_methods(get_response: GetResponse) -> GetResponse:
    """Give people a page where a form's address is opened: Django's answer is empty.

    It comes before the messages, so that the page has those of the request.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        is_method_refused = response.status_code == HTTPStatus.METHOD_NOT_ALLOWED
        if is_method_refused and request.method == "GET" and not response.content:
            response.content = render(request, "405.html").content
        return response

    return middleware


def answer_monitors(get_response: GetResponse) -> GetResponse:
    """Answer the health check, and ask for nothing that may be missing.

    A load balancer asks by the address of the host, not by a name of `ALLOWED_HOSTS`,
    and the session is in the database, which may be what is ill.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path == HEALTH_CHECK and request.method in SAFE_METHODS:
            return healthz(request)
        return get_response(request)

    return middleware


class ReadOnly:
    """While READ_ONLY is set, refuse requests that could change something with 503.

    It comes before the CSRF check, so that forms of old pages get the same answer.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, *_view_and_arguments: Any
    ) -> HttpResponse | None:
        match = request.resolver_match
        if not settings.READ_ONLY or request.method in SAFE_METHODS or match is None:
            return None
        if match.view_name in VIEWS_WITHOUT_CHANGES:
            return None
        status = HTTPStatus.SERVICE_UNAVAILABLE
        if match.namespace == "api":
            words = "Nothing can be changed for the moment. Send it again later."
            response = problems.make_response(Problem(status, words))
        else:
            # Without the shell, whose reader the database knows.
            plain = {"error_layout": "base.html"}
            response = render(request, "503.html", plain, status=status)
        response["Retry-After"] = str(int(RETRY_AFTER.total_seconds()))
        return response
