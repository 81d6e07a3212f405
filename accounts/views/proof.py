"""Pages that take the web password, of somebody who signs in or has signed in.

A session can be stolen, or left open at a strange desk. What changes with what the
account is opened asks for more than the session, each time (ASVS 5.0, 7.5.1).
"""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any

from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)

from accounts.signin import throttle

View = Callable[..., HttpResponseBase]


def takes_password(view: View) -> View:
    """Have the view take a web password: 429 once too many were wrong.

    What is typed is in no error report, and no browser keeps the answer.
    """
    private_view = sensitive_variables()(view)

    @never_cache
    @sensitive_post_parameters()
    @wraps(view)
    def counted_view(
        request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        try:
            return private_view(request, *args, **kwargs)
        except throttle.TooManyTries as error:
            return _refuse_further_tries(request, error.wait)

    return counted_view


def render_form(
    request: HttpRequest, template: str, form: Form, **context: Any
) -> HttpResponse:
    """Return the page with the form: 422 where what was typed is not right."""
    status = 422 if form.is_bound else 200
    return render(request, template, {"form": form, **context}, status=status)


def _refuse_further_tries(request: HttpRequest, wait: timedelta) -> HttpResponse:
    """Answer 429, and when to come back."""
    seconds = int(wait.total_seconds()) + 1
    context = {"minutes": -(-seconds // 60)}
    response = render(request, "accounts/too_many.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response
