"""The page of one security password: its name, limits and last sign-ins."""

from collections.abc import Iterable
from dataclasses import replace

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.http import UserRequest, actor, client_address
from accounts.networks import surrounding_network
from clientpasswords import labels, lifecycle
from clientpasswords.forms import LabelForm, ScopeForm
from clientpasswords.models import ClientPassword, Logon
from clientpasswords.page import SecurityPasswordPage
from clientpasswords.views import live, pages

SIGN_INS = 20


@require_safe
def show(request: UserRequest, pk: int) -> HttpResponse:
    """Show the page; of a deleted password, what to do if a device still tries it."""
    page = SecurityPasswordPage(request.user)
    client_password = next((row for row in page.passwords if row.pk == pk), None)
    if client_password is None:
        deleted = request.user.client_passwords.exclude(revoked_at=None)
        return _render_deleted(request, page, get_object_or_404(deleted, pk=pk))
    form = ScopeForm.for_password(client_password, page.effective.policy)
    return _render_device(request, page, client_password, form)


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


@require_POST
def notices(request: UserRequest, pk: int) -> HttpResponse:
    """Turn the mails about a deleted password that is still tried off, or on again."""
    deleted = request.user.client_passwords.exclude(revoked_at=None)
    client_password = get_object_or_404(deleted, pk=pk)
    off = request.POST.get("mails") == "off"
    lifecycle.silence_notices(client_password, off=off, by=actor(request))
    text = (
        _("You get no more mails about this device.")
        if off
        else _("You get mails about this device again.")
    )
    messages.success(request, text)
    return redirect("clientpasswords:device", client_password.pk)


@never_cache
@require_safe
def status(request: UserRequest, pk: int) -> JsonResponse:
    """Return whether the password was used yet, for the page that reveals it."""
    return JsonResponse(live.describe_progress(_own_password(request, pk)))


@require_safe
def sign_ins(request: UserRequest) -> HttpResponse:
    """Show the last sign-ins of mail programs, also refused ones; or only these."""
    rows = request.user.logons.select_related("client_password")
    only_refused = "refused" in request.GET
    if only_refused:
        rows = rows.exclude(reason="")
    logons = list(rows[: 2 * SIGN_INS])
    return pages.render_page(
        request,
        "sign_ins",
        SecurityPasswordPage(request.user),
        logons=logons,
        here=_find_addresses_here(request, logons),
        only_refused=only_refused,
    )


def _find_addresses_here(request: UserRequest, logons: Iterable[Logon]) -> set[str]:
    """Return the addresses of logons in the network that the browser is in."""
    address = client_address(request)
    if address is None:
        return set()
    here = surrounding_network(address)
    found = {each.network_address for each in logons if each.network_address}
    return {each for each in found if surrounding_network(each) == here}


def _own_password(request: UserRequest, pk: int) -> ClientPassword:
    rows = request.user.client_passwords.live()
    rows = rows.select_related("usage", "replacement")
    return get_object_or_404(rows, pk=pk)


def _render_deleted(
    request: UserRequest, page: SecurityPasswordPage, client_password: ClientPassword
) -> HttpResponse:
    logons = list(client_password.logons.all()[:SIGN_INS])
    return pages.render_page(
        request,
        "deleted_device",
        page,
        client_password=client_password,
        logons=logons,
        here=_find_addresses_here(request, logons),
    )


def _save_limits(
    request: UserRequest, client_password: ClientPassword, saved: str
) -> HttpResponse:
    page = SecurityPasswordPage(request.user)
    policy = page.effective.policy
    shown = page.with_lifetime(client_password)
    form = ScopeForm.for_password(shown, policy, request.POST)
    if not form.is_valid():
        client_password.refresh_from_db(fields=["label"])
        return _render_device(request, page, client_password, form, status=422)
    scope = form.scope
    if form.cleaned_data["expires"] == client_password.last_day:
        # The same day may end at another moment where the reader is by now.
        scope = replace(scope, expires_at=client_password.expires_at)
    lifecycle.limit_scope(client_password, scope, by=actor(request))
    messages.success(request, saved)
    if request.POST.get("then") == "stay":
        return redirect("clientpasswords:device", client_password.pk)
    return pages.redirect_to_list()


def _render_device(
    request: UserRequest,
    page: SecurityPasswordPage,
    client_password: ClientPassword,
    form: ScopeForm,
    *,
    status: int = 200,
) -> HttpResponse:
    logons = list(client_password.logons.all()[:SIGN_INS])
    return pages.render_page(
        request,
        "device",
        page,
        status=status,
        client_password=page.with_lifetime(client_password),
        name_form=LabelForm(initial={"label": client_password.label}),
        scope_form=form,
        logons=logons,
        here=_find_addresses_here(request, logons),
    )
