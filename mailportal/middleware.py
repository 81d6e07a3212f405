"""Response headers that Django 5.2 has no setting for, and who needs no session."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

GetResponse = Callable[[HttpRequest], HttpResponse]


def response_headers(get_response: GetResponse) -> GetResponse:
    """Nothing else may load our answers, use the device's sensors or keep a copy."""

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


def no_session_for_monitors(get_response: GetResponse) -> GetResponse:
    """Ask for nobody's session at the health check.

    It is read from the database, which may be what is ill.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            request.COOKIES.clear()
        return get_response(request)

    return middleware
