"""Responses that the views share."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.recipients import find_reader_zone
from clientpasswords import words
from clientpasswords.page import SecurityPasswordPage
from clientpasswords.setup import clients

NEW_KEY = "new"  # the session key for the row to highlight


def redirect_to_list() -> HttpResponseRedirect:
    """Redirect to the list."""
    return redirect(reverse("clientpasswords:index") + "#third-party")


def render_page(
    request: HttpRequest,
    name: str,
    page: SecurityPasswordPage,
    *,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    """Render a page or window about the security passwords of the account."""
    page.zone = find_reader_zone(request)
    kind = clients.guess_kind(request.headers.get("User-Agent", ""))
    context = {
        "page": page,
        "servers": page.servers,
        "incoming": page.incoming,
        "outgoing": page.outgoing,
        "is_iphone_here": kind == clients.IPHONE,
        **more,
    }
    return render(request, f"clientpasswords/{name}.html", context, status=status)


def render_refusal(
    request: HttpRequest,
    name: str,
    page: SecurityPasswordPage,
    why: words.CodeRefusal,
    **more: Any,
) -> HttpResponse:
    """Render the page with the refusal, its status, and when to try again."""
    response = render_page(request, name, page, status=why.status, error=why, **more)
    if why.retry_after:
        response["Retry-After"] = str(why.retry_after)
    return response
