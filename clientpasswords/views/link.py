"""Set up a device by a link: the page that the link opens on the device.

Nobody is signed in here. A GET with the token changes nothing. Only a POST with the
token in its body redeems the link, so previews and prefetches do not.
"""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)
from django.views.decorators.http import require_POST, require_safe

from accounts.http import client_address
from accounts.models import Account
from clientpasswords import labels, lifecycle, words
from clientpasswords.models import SetUpLink
from clientpasswords.page import SecurityPasswordPage
from clientpasswords.setup import links
from clientpasswords.views import setup


@never_cache
@sensitive_variables()
@require_safe
@login_not_required
def show(request: HttpRequest, token: str) -> HttpResponse:
    """Show the address of the mailbox, and one button."""
    try:
        link = links.find(token)
    except links.LinkGone:
        return _gone(request)
    with _language_of(link):
        agent = request.headers.get("User-Agent", "")
        context = {"link": link, "token": token}
        context["apple_device"] = labels.apple_device(agent)
        response = render(request, "clientpasswords/install.html", context)
        response["Content-Language"] = translation.get_language()
    # The address of this page has the token: keep it out of the referrer.
    response["Referrer-Policy"] = "strict-origin"
    return response


@never_cache
@sensitive_post_parameters()
@sensitive_variables()
@require_POST
@login_not_required
def install(request: HttpRequest) -> HttpResponse:
    """Issue the password of this device, and return the profile."""
    token = request.POST.get("token", "")
    try:
        link = links.find(token)
        with _language_of(link):
            return _profile(request, link, token)
    except (links.LinkGone, Account.DoesNotExist):  # or its mailbox, meanwhile
        return _gone(request)


@sensitive_variables()
def _profile(request: HttpRequest, link: SetUpLink, token: str) -> HttpResponse:
    page = SecurityPasswordPage(link.account)
    ways = page.server_pair
    if not page.lets_programs_in:
        return _refused(request, words.describe_refusal(lifecycle.ThirdPartyLogonOff()))
    if ways is None:
        return _needs_both(request)
    try:
        issued = links.redeem(
            token,
            user_agent=request.headers.get("User-Agent", ""),
            network_address=client_address(request),
        )
    except lifecycle.Refused as refusal:
        return _refused(request, words.describe_refusal(refusal))
    return setup.profile_response(link.account, issued.secret, ways)


def _language_of(link: SetUpLink) -> translation.override:
    """Activate the owner's language if there is one, else keep the browser's."""
    return translation.override(link.account.language or translation.get_language())


def _gone(request: HttpRequest) -> HttpResponse:
    context = {
        "title": _("This link no longer works"),
        "hint": _(
            "It was used or withdrawn, or has expired after ten minutes. Create a new "
            "code."
        ),
    }
    return render(request, "clientpasswords/link_gone.html", context, status=410)


def _needs_both(request: HttpRequest) -> HttpResponse:
    """Say how to set the device up without a profile, which needs both servers."""
    context = {
        "title": _("No profile is possible any more"),
        "hint": _(
            "A profile needs a server for incoming and one for outgoing mail. Your "
            "mailbox no longer has both. Choose “Connect a device” again: it says what "
            "to enter by hand."
        ),
    }
    page = "clientpasswords/link_gone.html"
    return render(request, page, context, status=403)


def _refused(request: HttpRequest, why: words.CodeRefusal) -> HttpResponse:
    context = {"title": why.title, "hint": why.hint}
    page = "clientpasswords/link_gone.html"
    return render(request, page, context, status=why.status)
