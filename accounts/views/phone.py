"""The phone that receives codes: show its number, or change it."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from accounts import code_refusals, codes, phones
from accounts.codes import Purpose
from accounts.forms import CodeForm, PhoneNumberForm
from accounts.http import UserRequest, actor
from accounts.models import NewPhone, Phone
from accounts.views.proof import render_form, takes_password

require_form = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def show(request: UserRequest) -> HttpResponse:
    """Show the number on file, masked, and whether it can be changed."""
    phone = Phone.objects.filter(account=request.user).first()
    refusal = phones.get_change_refusal(request.user)
    why = (
        code_refusals.describe_refusal(refusal)
        if isinstance(refusal, codes.CodeError)
        else None
    )
    context = {"phone": phone, "why": why, "can_change": refusal is None}
    return render(request, "accounts/phone.html", context)


@takes_password
@require_form
def number(request: UserRequest) -> HttpResponse:
    """Ask for the new number and the web password."""
    if phones.get_change_refusal(request.user) is not None:
        return redirect("accounts:phone")
    form = PhoneNumberForm(request, request.POST or None)
    try:
        if request.method == "POST" and form.is_valid():
            number = form.cleaned_data["number"]
            phones.propose_number(request.user, number, by=actor(request))
            return redirect("accounts:phone-code")
    except phones.SameNumber:
        form.add_error("number", _("This number is already on file."))
    except (phones.ChangeRefused, codes.CodeError):
        return redirect("accounts:phone")
    return render_form(request, "accounts/phone_number.html", form)


@never_cache
@sensitive_post_parameters("code")
@sensitive_variables()
@require_form
def code(request: UserRequest) -> HttpResponse:
    """Ask for the code that is due: from the number on file, then from the new one."""
    form = CodeForm(request.POST or None)
    if request.method != "POST" or not form.is_valid():
        return _code_page(request, form)
    try:
        is_done = phones.confirm_code(
            request.user, form.cleaned_data["code"], by=actor(request)
        )
    except codes.CodeError as refusal:
        return _code_page(request, form, code_refusals.describe_refusal(refusal))
    except phones.StartAgain:
        return _start_again(request)
    if not is_done:
        return redirect("accounts:phone-code")
    messages.success(request, _("The new phone number is on file."))
    return redirect("accounts:phone")


@require_POST
def send_code(request: UserRequest) -> HttpResponse:
    """Send the code that is due, and return to its form."""
    try:
        phones.send_code(request.user, by=actor(request))
    except codes.CodeError as refusal:
        return _code_page(request, CodeForm(), code_refusals.describe_refusal(refusal))
    except phones.StartAgain:
        return _start_again(request)
    return redirect("accounts:phone-code")


def _start_again(request: UserRequest) -> HttpResponse:
    messages.error(request, _("This change cannot be continued. Start again."))
    return redirect("accounts:phone")


def _code_page(
    request: UserRequest, form: CodeForm, error: code_refusals.CodeRefusal | None = None
) -> HttpResponse:
    new = phones.get_pending_change(request.user, by=actor(request))
    if new is None:
        return _start_again(request)
    if error is not None and error.field:
        form.add_error("code", f"{error.title} {error.hint}")
    status = 422 if form.is_bound else 200
    if error is not None:
        status = error.status
    form.forget_code()
    context = {"form": form, "error": error, **_code_state(request, new)}
    if form.errors or (context["code_sent"] and error is None):
        form.focus_code()
    response = render(request, "accounts/phone_code.html", context, status=status)
    if error is not None and error.retry_after:
        response["Retry-After"] = str(error.retry_after)
    return response


def _code_state(request: UserRequest, new: NewPhone) -> dict[str, Any]:
    act = phones.get_due_purpose(new)
    phone = new if act is Purpose.CONFIRM_NUMBER else request.user.phone
    return {
        "is_new": act is Purpose.CONFIRM_NUMBER,
        "has_old": bool(new.replaces),
        "number": phone.masked,
        "code_sent": codes.has_outstanding_code(phone, act, by=actor(request)),
        "code_failure": code_refusals.describe_delivery_failure(
            request.user, act, by=actor(request)
        ),
        "cooldown": code_refusals.round_up_seconds(phone.get_send_wait()),
        "valid_minutes": settings.CODE_LIFETIME.seconds // 60,
    }
