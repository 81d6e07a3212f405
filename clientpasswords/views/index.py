"""The page with the switch and the list; turn on, and delete from the list."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import UserRequest, actor
from clientpasswords import lifecycle
from clientpasswords.models import ClientPassword
from clientpasswords.page import SecurityPasswordPage
from clientpasswords.views import pages

require_form = require_http_methods(["GET", "HEAD", "POST"])


@require_safe
def index(request: UserRequest) -> HttpResponse:
    """Show the switch, the list, and the servers to enter in a mail program."""
    page = SecurityPasswordPage(
        request.user, new_pk=request.session.pop(pages.NEW_KEY, None)
    )
    return pages.render_page(request, "index", page)


@require_form
def enable(request: UserRequest) -> HttpResponse:
    """Turn security passwords on, after a window that says what stops working."""
    page = SecurityPasswordPage(request.user)
    if page.in_force:
        return pages.redirect_to_list()
    if request.method == "POST":
        lifecycle.switch_on(request.user, by=actor(request))
        messages.success(request, _("Security passwords are turned on."))
        return pages.redirect_to_list()
    return pages.render_page(request, "enable", page)


@require_form
def delete(request: UserRequest, pk: int) -> HttpResponse:
    """Cut a device off, after a window that names it."""
    page = SecurityPasswordPage(request.user)
    client_password = next((row for row in page.passwords if row.pk == pk), None)
    if client_password is None:
        own = request.user.client_passwords.filter(pk=pk)
        if request.method == "POST" or not own.exists():
            raise Http404
        # A mail about it leads here, also when it is deleted; its page says so.
        return redirect("clientpasswords:device", pk)
    if request.method != "POST":
        return pages.render_page(
            request, "delete", page, client_password=client_password
        )
    lifecycle.revoke(request.user.client_passwords.filter(pk=pk), by=actor(request))
    text = _("“%(device)s” can no longer send or receive mail.")
    messages.success(request, text % {"device": client_password.label})
    if request.POST.get("then") == "new":
        return _make_another(client_password)
    return pages.redirect_to_list()


def _make_another(deleted: ClientPassword) -> HttpResponse:
    """Lead to a new password, for the same device if this one was for it."""
    if deleted.replaces_id is None:
        return redirect("clientpasswords:new")
    return redirect("clientpasswords:replace", deleted.replaces_id)
