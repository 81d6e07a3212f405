"""Keeping a security password that nobody used, after a code."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)
from django.views.decorators.http import require_POST, require_safe

from accounts import codes
from accounts.codes import Act
from accounts.http import UserRequest, actor
from clientpasswords import words
from clientpasswords.forms import CodeForm
from clientpasswords.lifetimes import reactivation
from clientpasswords.models import ClientPassword
from clientpasswords.views import pages
from clientpasswords.views.window import Window, blank, remembering, send_code, show


@never_cache
@require_safe
def new(request: UserRequest, pk: int) -> HttpResponse:
    """The identity window, with the name of the device."""
    row = _own(request, pk)
    if row.suspends_at is None:
        return pages.back()
    return show(request, blank(request), window=_window(row), client_password=row)


@require_POST
def code(request: UserRequest, pk: int) -> HttpResponse:
    """Send a code to the phone on file."""
    row = _own(request, pk)
    return send_code(request, _window(row), client_password=row)


@sensitive_post_parameters("code")
@sensitive_variables()
@require_POST
def verify(request: UserRequest, pk: int) -> HttpResponse:
    """Take the code; after the right one the password is let in again."""
    row = _own(request, pk)
    form = CodeForm(request.POST)
    window = _window(row)
    if not form.is_valid():
        return show(request, form, window=window, client_password=row)
    try:
        reactivation.revive(row, code=form.proof, by=actor(request))
    except codes.CodeError as refusal:
        error = words.of(refusal)
        return show(request, form, error, window=window, client_password=row)
    text = _("“%(device)s” can send and receive mail.") % {"device": row.label}
    messages.success(request, text)
    return remembering(request, pages.back(), form)


def _own(request: UserRequest, pk: int) -> ClientPassword:
    return get_object_or_404(request.user.client_passwords.live(), pk=pk)


def _window(row: ClientPassword) -> Window:
    names = ("keep", "keep", "keep-code", "keep-verify")
    return Window(*names, Act.REVIVE, (row.pk,))
