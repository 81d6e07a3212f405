"""The identity authentication window, and the password that the right code brings."""

from typing import Any, NamedTuple

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)
from django.views.decorators.http import require_POST, require_safe

from accounts import codes, http
from accounts.codes import Act
from accounts.http import UserRequest, actor
from clientpasswords import labels, lifecycle, passwords, words
from clientpasswords.forms import CodeForm, LabelForm, ScopeForm, attempt_in
from clientpasswords.models import ClientPassword
from clientpasswords.page import Area
from clientpasswords.views import pages, setup

METHOD_COOKIE = "method"  # which way of confirming was used last


class Window(NamedTuple):
    """An identity window: what it looks like, and what its buttons do.

    `page`, `code` and `verify` are names of addresses, all with `args`.
    """

    template: str
    page: str
    code: str
    verify: str
    act: Act = Act.ISSUE
    args: tuple[int, ...] = ()

    @property
    def page_address(self) -> str:
        return reverse(f"clientpasswords:{self.page}", args=self.args)

    @property
    def code_address(self) -> str:
        return reverse(f"clientpasswords:{self.code}", args=self.args)

    @property
    def verify_address(self) -> str:
        return reverse(f"clientpasswords:{self.verify}", args=self.args)


NEW = Window("new", "new", "code", "verify")


@never_cache
@require_safe
def new(request: UserRequest) -> HttpResponse:
    """The identity authentication window."""
    return show(request, blank(request))


@require_POST
def send_code(request: UserRequest, window: Window = NEW, **more: Any) -> HttpResponse:
    """Send a code to the phone on file."""
    form = CodeForm(initial={"attempt": attempt_in(request.POST)})
    try:
        lifecycle.send_code(request.user, window.act, by=actor(request))
    except (lifecycle.Refused, codes.CodeError) as refusal:
        return show(request, form, words.of(refusal), window=window, **more)
    return redirect(window.page_address)


@never_cache
@sensitive_post_parameters("code")
@sensitive_variables()
@require_POST
def verify(request: UserRequest) -> HttpResponse:
    """Take the code; the answer to the right one is the password, once."""
    form = CodeForm(request.POST)
    if not form.is_valid():
        return show(request, form)
    try:
        issued = lifecycle.issue(
            request.user,
            code=form.proof,
            attempt=form.cleaned_data["attempt"],
            label=_suggested_label(request),
            by=actor(request),
        )
    except lifecycle.AlreadyIssued as repeat:
        return _already_shown(request, repeat.client_password)
    except (lifecycle.Refused, codes.CodeError) as refusal:
        return show(request, form, words.of(refusal))
    return remembering(request, _reveal(request, issued), form)


def show(
    request: UserRequest,
    form: CodeForm,
    error: words.Words | None = None,
    *,
    window: Window = NEW,
    area: Area | None = None,
    **more: Any,
) -> HttpResponse:
    """The identity window, with what went wrong and how things stand."""
    area = area or Area(request.user)
    error = error or _refused_already(area, window.act)
    _prepare(form, area, error)
    more |= {"form": form, "window": window, **_code_state(request, area, window.act)}
    if error is None:
        status = 422 if form.is_bound else 200
        return pages.page(request, window.template, area, status=status, **more)
    return pages.refused(request, window.template, area, error, **more)


def blank(request: UserRequest) -> CodeForm:
    """The form as it is first shown: with the way that was used last."""
    method = request.COOKIES.get(METHOD_COOKIE, "phone")
    return CodeForm(initial={"method": method})


def remembering(
    request: UserRequest, response: HttpResponse, form: CodeForm
) -> HttpResponse:
    """Have the browser remember the way that was used, if it is not the usual one."""
    method = form.cleaned_data["method"]
    if method == "app" or METHOD_COOKIE in request.COOKIES:
        http.remember(response, METHOD_COOKIE, method)
    return response


def _refused_already(area: Area, act: Act) -> words.Words | None:
    """Why a code would be of no use now, if it would be of none."""
    refusal = area.refusal if act is Act.ISSUE else area.code_refusal
    return None if refusal is None else words.of(refusal)


def _prepare(form: CodeForm, area: Area, error: words.Words | None) -> None:
    """Have the form show the error at its field, the ways there are, and no code."""
    if error is not None and error.field:
        form.add_error("code", f"{error.title} {error.hint}")
    form.forget_code()
    form.offer(phone=area.phone_refusal is None, app=area.can_use_app)


def _code_state(request: UserRequest, area: Area, act: Act) -> dict[str, Any]:
    phone = area.telephone
    return {
        "can_use_phone": area.phone_refusal is None,
        "code_sent": phone is not None
        and codes.outstanding(phone, act, by=actor(request)),
        "cooldown": words.seconds(phone.waits_to_send()) if phone else 0,
        "valid_minutes": settings.CODE_LIFETIME.seconds // 60,
    }


def _suggested_label(request: UserRequest) -> str:
    taken = request.user.client_passwords.live().values_list("label", flat=True)
    return labels.suggest(request.headers.get("User-Agent", ""), set(taken))


@sensitive_variables()
def _reveal(request: UserRequest, issued: lifecycle.Issued) -> HttpResponse:
    row = issued.client_password
    area = Area(request.user)
    return pages.page(
        request,
        "reveal",
        area,
        client_password=row,
        groups=passwords.groups(issued.secret),
        name_form=LabelForm(initial={"label": row.label}),
        scope_form=ScopeForm.of(row),
        suggestions=labels.suggestions(),
        **setup.offers(request, area, issued),
    )


def _already_shown(request: UserRequest, row: ClientPassword) -> HttpResponse:
    if row.revoked_at is not None:  # nothing is left to keep or to delete
        text = _("This password was already shown and cannot be shown again.")
        messages.info(request, text)
        return redirect("clientpasswords:new")
    return pages.page(
        request, "already_shown", Area(request.user), status=409, client_password=row
    )
