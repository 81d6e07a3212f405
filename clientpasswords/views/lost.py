"""*I lost a device* and *Delete all*: delete several security passwords."""

from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import UserRequest, actor
from clientpasswords import lifecycle
from clientpasswords.models import ClientPassword
from clientpasswords.page import SecurityPasswordPage
from clientpasswords.views import pages


@require_http_methods(["GET", "HEAD", "POST"])
def lost(request: UserRequest) -> HttpResponse:
    """Let the owner choose devices, and cut these off; none is preselected."""
    page = SecurityPasswordPage(request.user)
    if request.method != "POST":
        return _show_devices(request, page) if page.count else pages.redirect_to_list()
    rows = _find_same_devices(page, _find_named(request, page))
    if not _revoke(request, rows):
        error = _("Choose at least one device.")
        return _show_devices(request, page, status=422, choose=error)
    messages.success(request, _cut_off(rows))
    return redirect("clientpasswords:lost-done")


@require_http_methods(["GET", "HEAD", "POST"])
def delete_all(request: UserRequest) -> HttpResponse:
    """Cut off every device that the window listed, but none added since."""
    page = SecurityPasswordPage(request.user)
    if not page.count:
        return pages.redirect_to_list()
    if request.method != "POST":
        return pages.render_page(request, "delete_all", page)
    if not request.POST.getlist("device"):
        return pages.render_page(request, "delete_all", page, status=422)
    rows = _find_named(request, page)
    if _revoke(request, rows):  # the same form sent again finds none
        messages.success(request, _cut_off(rows))
    return pages.redirect_to_list()


@require_safe
def done(request: UserRequest) -> HttpResponse:
    """Show what else may be on the device: the web password, and open sessions."""
    return pages.render_page(request, "lost_done", SecurityPasswordPage(request.user))


def _show_devices(
    request: UserRequest, page: SecurityPasswordPage, **more: Any
) -> HttpResponse:
    """Return the window, with the button's words for one device and for several."""
    delete_one, delete_many = (
        ngettext("Delete %(count)s device", "Delete %(count)s devices", number)
        % {"count": count}
        for number, count in ((1, 1), (2, "%s"))
    )
    return pages.render_page(
        request,
        "lost",
        page,
        # The two passwords of one device are next to each other.
        devices=[list(rows) for _key, rows in groupby(page.passwords, _find_device)],
        delete_one=delete_one,
        delete_many=delete_many,
        **more,
    )


def _find_named(
    request: UserRequest, page: SecurityPasswordPage
) -> list[ClientPassword]:
    """Return the owner's passwords whose keys are in the form."""
    named = set(request.POST.getlist("device"))
    return [each for each in page.passwords if str(each.pk) in named]


def _find_same_devices(
    page: SecurityPasswordPage, rows: list[ClientPassword]
) -> list[ClientPassword]:
    """Return these and what replaces them or is replaced by them.

    Whoever has the device may have either.
    """
    devices = {_find_device(each) for each in rows}
    return [each for each in page.passwords if _find_device(each) in devices]


def _find_device(client_password: ClientPassword) -> int:
    """Return a key of its device: that of the one that counts against the limit."""
    return client_password.replaces_id or client_password.pk


def _revoke(request: UserRequest, rows: list[ClientPassword]) -> int:
    own = request.user.client_passwords.filter(pk__in=[row.pk for row in rows])
    return lifecycle.revoke(own, by=actor(request))


def _cut_off(rows: list[ClientPassword]) -> str:
    count = len({_find_device(row) for row in rows})
    text = ngettext(
        "%(count)s device can no longer send or receive mail.",
        "%(count)s devices can no longer send or receive mail.",
        count,
    )
    return text % {"count": count}
