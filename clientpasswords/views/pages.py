"""The answers that the views have in common."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse

from clientpasswords import words
from clientpasswords.page import Area

NEW = "new"  # the key of the row to highlight, in the session


def back() -> HttpResponseRedirect:
    """To the list."""
    return redirect(reverse("clientpasswords:index") + "#third-party")


def page(
    request: HttpRequest, name: str, area: Area, *, status: int = 200, **more: Any
) -> HttpResponse:
    """A page or window of the area."""
    context = {"area": area, "servers": area.servers, **more}
    return render(request, f"clientpasswords/{name}.html", context, status=status)


def refused(
    request: HttpRequest, name: str, area: Area, why: words.CodeRefusal, **more: Any
) -> HttpResponse:
    """The same page, saying why not, and when to try again."""
    response = page(request, name, area, status=why.status, error=why, **more)
    if why.retry_after:
        response["Retry-After"] = str(why.retry_after)
    return response
