"""The area *Third-Party Client Logon Security Management*, window by window."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
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

from accounts import codes
from accounts.http import UserRequest, actor
from clientpasswords import labels, lifecycle, passwords, words
from clientpasswords.area import Area
from clientpasswords.forms import CodeForm, LabelForm, attempt_in
from clientpasswords.models import ClientPassword

NEW = "new"  # the key of the row to highlight, in the session
require_form = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def index(request: UserRequest) -> HttpResponse:
    """The switch, the list, and the servers to enter in a mail program."""
    area = Area(request.user, new_pk=request.session.pop(NEW, None))
    return _page(request, "index", area)


@require_form
def enable(request: UserRequest) -> HttpResponse:
    """Turn security passwords on, after a window that says what stops working."""
    area = Area(request.user)
    if area.in_force:
        return _back(request)
    if request.method == "POST":
        lifecycle.switch_on(request.user, by=actor(request))
        messages.success(request, _("Security passwords are turned on."))
        return _back(request)
    return _page(request, "enable", area)


@require_form
def disable(request: UserRequest) -> HttpResponse:
    """Turn security passwords off, after a window that says what that means."""
    area = Area(request.user)
    if request.method == "POST":
        try:
            lifecycle.switch_off(request.user, by=actor(request))
        except lifecycle.Required as refusal:
            return _refused(request, "index", area, words.of(refusal))
        messages.success(request, _("Security passwords are turned off."))
        return _back(request)
    if area.required or not area.on:
        return _back(request)
    return _page(request, "disable", area)


@never_cache
@require_safe
def new(request: UserRequest) -> HttpResponse:
    """The identity authentication window."""
    return _window(request, CodeForm())


@require_POST
def send_code(request: UserRequest) -> HttpResponse:
    """Send a code to the phone on file."""
    form = CodeForm(initial={"attempt": attempt_in(request.POST)})
    try:
        lifecycle.send_code(request.user, by=actor(request))
    except (lifecycle.Refused, codes.CodeError) as refusal:
        return _window(request, form, words.of(refusal))
    return redirect("clientpasswords:new")


@never_cache
@sensitive_post_parameters("code")
@sensitive_variables()
@require_POST
def verify(request: UserRequest) -> HttpResponse:
    """Take the code; the answer to the right one is the password, once."""
    form = CodeForm(request.POST)
    if not form.is_valid():
        return _window(request, form, status=422)
    try:
        issued = lifecycle.issue(
            request.user,
            code=form.cleaned_data["code"],
            attempt=form.cleaned_data["attempt"],
            label=_suggested_label(request),
            by=actor(request),
        )
    except lifecycle.AlreadyIssued as repeat:
        return _already_shown(request, repeat.client_password)
    except (lifecycle.Refused, codes.CodeError) as refusal:
        return _window(request, form, words.of(refusal))
    return _reveal(request, issued)


@require_POST
def name(request: UserRequest, pk: int) -> HttpResponse:
    """Save the device's name, whatever was typed; the password works all along."""
    client_password = get_object_or_404(request.user.client_passwords.live(), pk=pk)
    label = labels.normalise(
        request.POST.get("label", ""), default=client_password.label
    )
    lifecycle.rename(client_password, label)
    request.session[NEW] = client_password.pk
    text = _("The password for “%(device)s” is saved.") % {"device": label}
    messages.success(request, text)
    return _back(request)


@require_form
def delete(request: UserRequest, pk: int) -> HttpResponse:
    """Cut a device off, after a window that names it."""
    client_password = get_object_or_404(request.user.client_passwords.live(), pk=pk)
    area = Area(request.user)
    if request.method != "POST":
        return _page(request, "delete", area, client_password=client_password)
    lifecycle.revoke(request.user.client_passwords.filter(pk=pk), by=actor(request))
    text = _("“%(device)s” can no longer send or receive mail.")
    messages.success(request, text % {"device": client_password.label})
    if request.POST.get("then") == "new":
        return redirect("clientpasswords:new")
    return _back(request)


def _back(request: UserRequest) -> HttpResponseRedirect:
    return redirect(reverse("clientpasswords:index") + "#third-party")


def _page(
    request: UserRequest, page: str, area: Area, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {"area": area, "servers": area.servers, **more}
    return render(request, f"clientpasswords/{page}.html", context, status=status)


def _refused(
    request: UserRequest, page: str, area: Area, why: words.Words, **more: Any
) -> HttpResponse:
    response = _page(request, page, area, status=why.status, error=why, **more)
    if why.retry_after:
        response["Retry-After"] = str(why.retry_after)
    return response


def _window(
    request: UserRequest,
    form: CodeForm,
    error: words.Words | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    """The identity window, with what went wrong and how things stand."""
    area = Area(request.user)
    if error is None and area.refusal is not None:
        error = words.of(area.refusal)
    if error is not None and error.field:
        form.add_error("code", f"{error.title} {error.hint}")
    form.forget_code()
    more = {"form": form, **_code_state(request, area)}
    if error is None:
        return _page(request, "new", area, status=status, **more)
    return _refused(request, "new", area, error, **more)


def _code_state(request: UserRequest, area: Area) -> dict[str, Any]:
    phone = area.telephone
    return {
        "code_sent": phone is not None
        and codes.outstanding(phone, codes.Act.ISSUE, by=actor(request)),
        "cooldown": words.seconds(phone.waits_to_send()) if phone else 0,
        "valid_minutes": settings.CODE_LIFETIME.seconds // 60,
    }


def _suggested_label(request: UserRequest) -> str:
    taken = request.user.client_passwords.live().values_list("label", flat=True)
    return labels.suggest(request.headers.get("User-Agent", ""), set(taken))


@sensitive_variables()
def _reveal(request: UserRequest, issued: lifecycle.Issued) -> HttpResponse:
    row = issued.client_password
    return _page(
        request,
        "reveal",
        Area(request.user),
        client_password=row,
        groups=passwords.groups(issued.secret),
        name_form=LabelForm(initial={"label": row.label}),
        suggestions=labels.suggestions(),
    )


def _already_shown(request: UserRequest, row: ClientPassword) -> HttpResponse:
    if row.revoked_at is not None:  # nothing is left to keep or to delete
        text = _("This password was already shown and cannot be shown again.")
        messages.info(request, text)
        return redirect("clientpasswords:new")
    return _page(
        request, "already_shown", Area(request.user), status=409, client_password=row
    )
