"""Give a device a new security password, which takes the place of its old one."""

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import codes
from accounts.http import UserRequest, actor
from clientpasswords import lifecycle, replacing, words
from clientpasswords.models import ClientPassword, ClientPasswordQuerySet
from clientpasswords.page import SecurityPasswordPage
from clientpasswords.setup import clients
from clientpasswords.views import pages
from clientpasswords.views.connect import ConnectDevice


class ReplacePassword(ConnectDevice):
    """The window that sets up a device anew, which has a security password, or had.

    It offers all the ways in which a device is connected first.
    """

    template = "replace"
    page_name, code_name, verify_name = "replace", "replace-code", "replace-verify"

    @property
    def other(self) -> ClientPassword:
        return self._other

    @cached_property
    def _other(self) -> ClientPassword:
        rows = self.request.user.client_passwords.select_related("replacement")
        return get_object_or_404(rows, **self.kwargs)

    def guess_program(self) -> str:
        """Return the program that the name of the device says, or this browser."""
        return clients.guess_by_name(self.other.label) or super().guess_program()

    def find_refusal(self) -> lifecycle.Refused | codes.CodeError | None:
        return self.page.find_refusal(self.other)

    def extra_context(self) -> dict[str, Any]:
        """Add the password, for the name of its device."""
        return {"other": self.other}


@require_POST
def keep_both(request: UserRequest, pk: int) -> HttpResponse:
    """Call the replacement off, so that both passwords stay."""
    rows = request.user.client_passwords.live()
    client_password = get_object_or_404(rows, pk=pk)
    try:
        is_kept = replacing.keep_both(client_password, by=actor(request))
    except lifecycle.LimitReached as refusal:
        page = SecurityPasswordPage(request.user)
        why = words.describe_refusal(refusal)
        return pages.render_refusal(request, "index", page, why)
    device = {"device": client_password.label}
    if is_kept or _is_there(rows, request.POST.get("old", "")):
        text = _("Both passwords for “%(device)s” stay.")
        messages.success(request, text % device)
    else:
        text = _(
            "“%(device)s” has its new password only: the old one was deleted before."
        )
        messages.warning(request, text % device)
    return pages.redirect_to_list()


def _is_there(rows: ClientPasswordQuerySet, pk: str) -> bool:
    """Whether the password that the form names stays: the form was sent before."""
    return pk in map(str, rows.values_list("pk", flat=True))
