"""Turning security passwords off, with a code where the policy asks for one."""

from django.contrib import messages
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)
from django.views.decorators.http import require_http_methods, require_POST

from accounts import codes
from accounts.codes import Act
from accounts.http import UserRequest, actor
from accounts.signin.authenticator import AppCode
from clientpasswords import lifecycle, words
from clientpasswords.forms import CodeForm
from clientpasswords.page import Area
from clientpasswords.views import pages
from clientpasswords.views.window import Window, blank, remembering, send_code, show

OFF = Window("disable_code", "disable", "disable-code", "disable", Act.SWITCH_OFF)


@sensitive_post_parameters("code")
@sensitive_variables()
@require_http_methods(["GET", "HEAD", "POST"])
def disable(request: UserRequest) -> HttpResponse:
    """Turn security passwords off, after a window that says what that means."""
    area = Area(request.user)
    if request.method == "POST" and not area.code_to_switch_off:
        return _switch_off(request)
    if request.method == "POST":
        form = CodeForm(request.POST)
        if form.is_valid():
            return _switch_off(request, form)
        return show(request, form, window=OFF)
    if area.required or not area.on:
        return pages.back()
    if area.code_to_switch_off:
        return show(request, blank(request), window=OFF)
    return pages.page(request, "disable", area)


@require_POST
def code(request: UserRequest) -> HttpResponse:
    """Send a code to the phone on file."""
    return send_code(request, OFF)


@sensitive_variables()
def _switch_off(request: UserRequest, form: CodeForm | None = None) -> HttpResponse:
    proof: str | AppCode | None = form.proof if form else None
    try:
        lifecycle.switch_off(request.user, by=actor(request), code=proof)
    except lifecycle.Required as refusal:
        area = Area(request.user)
        return pages.refused(request, "index", area, words.of(refusal))
    except codes.CodeError as refusal:
        return show(request, form or blank(request), words.of(refusal), window=OFF)
    messages.success(request, _("Security passwords are turned off."))
    response = pages.back()
    return remembering(request, response, form) if form else response
