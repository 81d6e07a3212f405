"""*I lost a device* and *Delete all*: delete several security passwords."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from accounts.http import UserRequest, actor
from accounts.models import Account
from clientpasswords import lifecycle
from clientpasswords.models import ClientPasswordQuerySet
from clientpasswords.page import SecurityPasswordPage
from clientpasswords.setup import links
from clientpasswords.views import pages


@require_http_methods(["GET", "HEAD", "POST"])
def lost(request: UserRequest) -> HttpResponse:
    """Let the owner choose devices, and cut these off; none is preselected."""
    page = SecurityPasswordPage(request.user)
    if request.method != "POST":
        return (
            pages.render_page(request, "lost", page)
            if page.count
            else pages.redirect_to_list()
        )
    count = _revoke(request, page)
    if not count:
        error = _("Choose at least one device.")
        return pages.render_page(request, "lost", page, status=422, choose=error)
    messages.success(request, _cut_off(count))
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
    count = _revoke(request, page)
    if count:  # the same form sent again finds none
        messages.success(request, _cut_off(count))
    return pages.redirect_to_list()


@require_safe
def done(request: UserRequest) -> HttpResponse:
    """Show what else may be on the device: the web password, and open sessions."""
    return pages.render_page(request, "lost_done", SecurityPasswordPage(request.user))


def _revoke(request: UserRequest, page: SecurityPasswordPage) -> int:
    """Cut off the devices in the form, and withdraw the link that is not redeemed.

    The lost device may have scanned it.
    """
    with transaction.atomic():
        owner = Account.objects.lock(request.user.pk)
        count = lifecycle.revoke(_named(request, page), by=actor(request))
        if count:
            links.withdraw(owner)
    return count


def _named(request: UserRequest, page: SecurityPasswordPage) -> ClientPasswordQuerySet:
    """Filter the owner's passwords whose keys are in the form."""
    named = set(request.POST.getlist("device"))
    rows = [each.pk for each in page.passwords if str(each.pk) in named]
    return request.user.client_passwords.filter(pk__in=rows)


def _cut_off(count: int) -> str:
    text = ngettext(
        "%(count)s device can no longer send or receive mail.",
        "%(count)s devices can no longer send or receive mail.",
        count,
    )
    return text % {"count": count}
