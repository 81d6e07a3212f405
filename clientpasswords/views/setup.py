"""Set up a device with a new password without typing it."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)
from django.views.decorators.http import require_POST

from accounts import sites
from accounts.http import UserRequest
from accounts.models import Account
from accounts.sites import ServerPair
from clientpasswords import labels, lifecycle, passwords
from clientpasswords.page import SecurityPasswordPage
from clientpasswords.setup import profiles, qrcodes, seals
from clientpasswords.views import pages


@sensitive_variables()
def setup_context(
    request: UserRequest, page: SecurityPasswordPage, issued: lifecycle.Issued
) -> dict[str, Any]:
    """Return the context for setting up a device with the new password."""
    context: dict[str, Any] = {"address": request.user.address}
    ways = page.server_pair
    if ways is not None:
        secret, pk = issued.secret, issued.client_password.pk
        text = qrcodes.thunderbird_export(request.user, secret, ways)
        context["thunderbird_qr"] = qrcodes.draw_svg(text)
        agent = request.headers.get("User-Agent", "")
        context["apple_device"] = labels.apple_device(agent)
        context["sealed"] = seals.seal(secret, pk)
    return context


@never_cache
@sensitive_post_parameters()
@sensitive_variables()
@require_POST
def profile(request: UserRequest, pk: int) -> HttpResponse:
    """Return the profile with the password that the page posts in a seal."""
    row = get_object_or_404(request.user.client_passwords.live(), pk=pk)
    page = SecurityPasswordPage(request.user)
    ways = page.server_pair
    try:
        secret = seals.open_seal(request.POST.get("sealed", ""), row.pk)
    except seals.BrokenSeal:
        return pages.render_page(request, "no_profile", page, status=409)
    if ways is None or not passwords.matches(secret, row.hash):
        return pages.render_page(request, "no_profile", page, status=409)
    return profile_response(request.user, secret, ways)


@sensitive_variables()
def profile_response(account: Account, secret: str, ways: ServerPair) -> HttpResponse:
    """Return a response that devices install as a profile."""
    document = profiles.build_profile(
        account, secret, ways, host=sites.get_own_site().host
    )
    response = HttpResponse(document, content_type=profiles.CONTENT_TYPE)
    response["Content-Disposition"] = 'attachment; filename="mail.mobileconfig"'
    return response
