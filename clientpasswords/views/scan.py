"""A device is set up by another: at the desk, the link as a code to scan."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)
from django.views.decorators.http import require_POST, require_safe

from accounts import codes
from accounts.http import UserRequest, absolute, actor
from clientpasswords import lifecycle, words
from clientpasswords.forms import CodeForm
from clientpasswords.models import SetUpLink
from clientpasswords.page import Area
from clientpasswords.setup import links, qrcodes
from clientpasswords.views import pages
from clientpasswords.views.window import Window, blank, remembering, send_code, show

SCAN = Window("scan", "scan", "scan-code", "scan-verify")


@never_cache
@require_safe
def new(request: UserRequest) -> HttpResponse:
    """The identity window once more; the code that it asks for is good for either."""
    area = Area(request.user)
    if area.ways is None:
        return pages.back()  # a profile has to say where to receive and where to send
    return show(request, blank(request), window=SCAN, area=area)


def code(request: UserRequest) -> HttpResponse:
    """Send a code to the phone on file."""
    return send_code(request, SCAN)


@never_cache
@sensitive_post_parameters("code")
@sensitive_variables()
@require_POST
def verify(request: UserRequest) -> HttpResponse:
    """Take the code; the answer to the right one is the link, once."""
    form = CodeForm(request.POST)
    if not form.is_valid():
        return show(request, form, window=SCAN)
    area = Area(request.user)
    try:
        offer = links.offer(
            request.user,
            code=form.proof,
            attempt=form.cleaned_data["attempt"],
            by=actor(request),
        )
    except links.AlreadyOffered:
        return pages.page(request, "link_shown", area, status=409)
    except (lifecycle.Refused, codes.CodeError) as refusal:
        return show(request, form, words.of(refusal), window=SCAN)
    return remembering(request, _link(request, offer, area), form)


@never_cache
@require_safe
def status(request: UserRequest, pk: int) -> JsonResponse:
    """What became of the link, for the line below it; empty while it waits.

    A page may ask once more when Cancel, or another window, has withdrawn its link.
    It is told so; and the same of links that never were, or are somebody else's.
    """
    rows = SetUpLink.objects.select_related("client_password")
    link = rows.filter(pk=pk, account=request.user).first()
    text = ""
    if link is None:
        text = _("The code does not work any more.")
    elif link.client_password is not None:
        text = _("The profile was downloaded: “%(device)s” is in the list.")
        text %= {"device": link.client_password.label}
    elif link.has_expired:
        text = _("The code has expired. Make a new one.")
    return JsonResponse({"connected": text})


@require_POST
def withdraw(request: UserRequest) -> HttpResponse:
    """Cancel: whoever has seen the link can do nothing with it."""
    links.withdraw(request.user)
    messages.success(request, _("The code does not work any more."))
    return pages.back()


@sensitive_variables()
def _link(request: UserRequest, offer: links.Offer, area: Area) -> HttpResponse:
    address = absolute(request, reverse("links:scanned", args=[offer.token]))
    return pages.page(
        request,
        "link",
        area,
        link=offer.link,
        address=address,
        link_qr=qrcodes.draw(address),
        minutes=links.LIFETIME // timedelta(minutes=1),
    )
