"""Set up a device by a link: on the computer, show it as a QR code."""

from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe

from accounts.http import UserRequest, actor, build_absolute_url
from clientpasswords.forms import CodeForm
from clientpasswords.models import SetUpLink
from clientpasswords.setup import links, qrcodes
from clientpasswords.views import live, pages
from clientpasswords.views.window import IdentityWindow


class ScanCode(IdentityWindow):
    """The window that offers a link; its codes also issue passwords."""

    template = "scan"
    page_name, code_name, verify_name = "scan", "scan-code", "scan-verify"

    def is_needed(self) -> bool:
        """Whether the account has the servers that a profile needs."""
        return self.page.server_pair is not None

    @sensitive_variables()
    def confirm(self, form: CodeForm) -> HttpResponse:
        """Offer a link, unless this form has already made one."""
        return offer_link(self, form)


@sensitive_variables()
def offer_link(window: IdentityWindow, form: CodeForm) -> HttpResponse:
    """Spend the code for a link, and show it, unless this form has made one.

    Raises:
        Refused, CodeError: as `links.offer`.
    """
    try:
        offer = links.offer(
            window.request.user,
            code=form.proof,
            attempt=form.cleaned_data["attempt"],
            by=actor(window.request),
            other=window.other,
        )
    except links.AlreadyOffered:
        return pages.render_page(
            window.request, "link_shown", window.page, status=409, window=window
        )
    return window.remember_method(_show_link(window, offer), form)


@sensitive_variables()
def _show_link(window: IdentityWindow, offer: links.Offer) -> HttpResponse:
    path = reverse("links:scanned", args=[offer.token])
    address = build_absolute_url(window.request, path)
    agent = window.request.headers.get("User-Agent", "")
    return pages.render_page(
        window.request,
        "link",
        window.page,
        window=window,
        link=offer.link,
        address=address,
        link_qr=qrcodes.draw_svg(address),
        minutes=links.LIFETIME // timedelta(minutes=1),
        # By default an iPad says that it is a Mac.
        may_be_ipad="Macintosh" in agent,
    )


@never_cache
@require_safe
def status(request: UserRequest, pk: int) -> JsonResponse:
    """Return how far the device is that the link sets up.

    A page may still ask after its link was withdrawn. Links that never existed or have
    another owner get the same answer.
    """
    rows = SetUpLink.objects.select_related("client_password__usage")
    link = rows.filter(pk=pk, account=request.user).first()
    return JsonResponse(_describe_link(link))


def _describe_link(link: SetUpLink | None) -> live.Progress:
    if link is None:
        return live.describe("failed", _("The code no longer works."))
    row = link.client_password
    if row is None:
        if not link.has_expired:
            return live.describe("waiting")
        return live.describe("failed", _("The code has expired. Create a new one."))
    device = {"device": row.label}
    if row.revoked_at is not None:
        text = _("The password for “%(device)s” was deleted.")
        return live.describe("failed", text % device)
    progress = live.describe_progress(row)
    if progress["state"] != "waiting":
        return progress
    text = _(
        "The profile was downloaded: “%(device)s” is in the list. Now install it in "
        "the settings of the device."
    )
    return live.describe("scanned", text % device)


@require_POST
def withdraw(request: UserRequest) -> HttpResponse:
    """Withdraw the link, so that nobody who has seen it can redeem it."""
    links.withdraw(request.user)
    messages.success(request, _("The code no longer works."))
    return pages.redirect_to_list()
