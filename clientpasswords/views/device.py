"""The page of one security password: its name, limits and last sign-ins."""

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.formats import time_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.http import UserRequest, actor
from clientpasswords import labels, lifecycle
from clientpasswords.forms import LabelForm, ScopeForm
from clientpasswords.models import ClientPassword
from clientpasswords.page import SecurityPasswordPage
from clientpasswords.views import pages

SIGN_INS = 20


@require_safe
def show(request: UserRequest, pk: int) -> HttpResponse:
    """Show the page."""
    client_password = _own_password(request, pk)
    return _render_device(
        request, client_password, ScopeForm.for_password(client_password)
    )


@require_POST
def name(request: UserRequest, pk: int) -> HttpResponse:
    """Save the name of the device, and the limits if they were posted.

    The password already works, so invalid limits are shown again on its own page.
    """
    client_password = _own_password(request, pk)
    label = labels.normalise(
        request.POST.get("label", ""), default=client_password.label
    )
    lifecycle.rename(client_password, label)
    request.session[pages.NEW_KEY] = client_password.pk
    text = _("The password for “%(device)s” is saved.") % {"device": label}
    if "access" not in request.POST:
        messages.success(request, text)
        return pages.redirect_to_list()
    return _save_limits(request, client_password, text)


@require_POST
def limit(request: UserRequest, pk: int) -> HttpResponse:
    """Save what the password may be used for."""
    return _save_limits(request, _own_password(request, pk), _("The limits are saved."))


@never_cache
@require_safe
def status(request: UserRequest, pk: int) -> JsonResponse:
    """Return whether the password was used yet, for the page that reveals it."""
    used = _own_password(request, pk).used
    text = ""
    if used is not None:
        time = time_format(localtime(used.first_at), "TIME_FORMAT")
        text = _("Connected: %(protocol)s, %(time)s")
        text %= {"protocol": used.protocol.upper(), "time": time}
    return JsonResponse({"connected": text})


@require_safe
def sign_ins(request: UserRequest) -> HttpResponse:
    """Show the last sign-ins of mail programs, also refused ones."""
    rows = request.user.logons.select_related("client_password")[: 2 * SIGN_INS]
    return pages.render_page(
        request, "sign_ins", SecurityPasswordPage(request.user), logons=rows
    )


def _own_password(request: UserRequest, pk: int) -> ClientPassword:
    rows = request.user.client_passwords.live().select_related("usage")
    return get_object_or_404(rows, pk=pk)


def _save_limits(
    request: UserRequest, client_password: ClientPassword, saved: str
) -> HttpResponse:
    form = ScopeForm(request.POST)
    if not form.is_valid():
        client_password.refresh_from_db(fields=["label"])
        return _render_device(request, client_password, form, status=422)
    lifecycle.limit_scope(client_password, form.scope, by=actor(request))
    messages.success(request, saved)
    if request.POST.get("then") == "stay":
        return redirect("clientpasswords:device", client_password.pk)
    return pages.redirect_to_list()


def _render_device(
    request: UserRequest,
    client_password: ClientPassword,
    form: ScopeForm,
    *,
    status: int = 200,
) -> HttpResponse:
    page = SecurityPasswordPage(request.user)
    return pages.render_page(
        request,
        "device",
        page,
        status=status,
        client_password=page.with_lifetime(client_password),
        name_form=LabelForm(initial={"label": client_password.label}),
        scope_form=form,
        logons=client_password.logons.all()[:SIGN_INS],
    )
