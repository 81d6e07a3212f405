"""Requests that fail: 503 while the database does not answer, otherwise 400 or 500.

Django asks these handlers wherever the exception came from, a view or a middleware. No
page of theirs asks the database for anything.
"""

import sqlite3
import sys
from datetime import timedelta
from http import HTTPStatus

from django.core.exceptions import DisallowedHost
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views import defaults

TRY_AGAIN = timedelta(seconds=10)
UNKNOWN_HOST = "unknown_host.html"


def is_outage(error: BaseException | None) -> bool:
    """Whether the error was caused by a database that is away, or that is too slow.

    Drivers raise OperationalError for a refused or a lost connection, for a time-out,
    also of a lock, and for a full disk; InterfaceError for a connection that is closed.
    That of SQLite does so for wrong SQL as well, with a code of its own. Libraries turn
    some of these into errors of their own.
    """
    while error is not None:
        if isinstance(error, OperationalError | InterfaceError):
            code = getattr(error.__cause__, "sqlite_errorcode", None)
            return code != sqlite3.SQLITE_ERROR
        error = error.__cause__ or error.__context__
    return False


def show_server_error(request: HttpRequest) -> HttpResponse:
    """Answer an exception that nobody caught (`handler500`)."""
    if is_outage(sys.exc_info()[1]):
        return _show_outage()
    return defaults.server_error(request)


def show_bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that is refused (`handler400`).

    Such as one whose session was ended meanwhile, or could not be written; or one for
    a host that ALLOWED_HOSTS does not name.
    """
    if is_outage(exception):
        return _show_outage()
    if isinstance(exception, DisallowedHost):
        return defaults.bad_request(request, exception, UNKNOWN_HOST)
    return defaults.bad_request(request, exception)


def _show_outage() -> HttpResponse:
    """Return the page in the reader's language, by the browser or the cookie."""
    return HttpResponse(
        render_to_string("outage.html"),
        status=HTTPStatus.SERVICE_UNAVAILABLE,
        headers={"Retry-After": str(int(TRY_AGAIN.total_seconds()))},
    )
