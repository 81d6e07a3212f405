"""Middleware for all requests of the API."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse

from api import problems
from api.problems import Problem

GetResponse = Callable[[HttpRequest], HttpResponse]

PREFIX = "/api/"
WORDS = {
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This method is not for this address.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "Something failed here. It was not your request.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database is away. Send it again later.",
}


def programs_have_no_session(get_response: GetResponse) -> GetResponse:
    """Ignore cookies: without sessions, no request can be forged.

    Every error response is a problem (RFC 9457), those of Django as well.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(PREFIX):
            return get_response(request)
        request.COOKIES.clear()
        response = get_response(request)
        kind = response.headers.get("Content-Type", "")
        if response.status_code < HTTPStatus.BAD_REQUEST or kind.startswith(
            problems.CONTENT_TYPE
        ):
            return response
        status = HTTPStatus(response.status_code)
        problem = problems.make_response(
            Problem(status, WORDS.get(status, status.phrase))
        )
        for name in ("Allow", "Retry-After"):
            if name in response.headers:
                problem.headers[name] = response.headers[name]
        return problem

    return middleware
