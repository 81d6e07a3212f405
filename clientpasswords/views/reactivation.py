"""Reactivate an unused security password, after a code."""

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from accounts.codes import Purpose
from accounts.http import UserRequest, actor
from clientpasswords.forms import CodeForm
from clientpasswords.lifetimes import reactivation
from clientpasswords.models import ClientPassword
from clientpasswords.views import pages
from clientpasswords.views.window import IdentityWindow


class ReactivatePassword(IdentityWindow):
    """The window that reactivates a password; its button says *Keep*."""

    template = "keep"
    page_name, code_name, verify_name = "keep", "keep-code", "keep-verify"
    act = Purpose.REACTIVATE

    @cached_property
    def client_password(self) -> ClientPassword:
        rows = self.request.user.client_passwords.live()
        return get_object_or_404(rows, **self.kwargs)

    @method_decorator(require_POST)
    def send_code(self, request: UserRequest) -> HttpResponse:
        """Send a code, if the password belongs to the owner."""
        _ = self.client_password
        return super().send_code(request)

    def is_needed(self) -> bool:
        return self.client_password.suspends_at is not None

    def extra_context(self) -> dict[str, Any]:
        """Add the password, for the name of its device."""
        return {"client_password": self.client_password}

    @sensitive_variables()
    def confirm(self, form: CodeForm) -> HttpResponse:
        """Reactivate the password."""
        row = self.client_password
        reactivation.reactivate(
            self.request.user, row, code=form.proof, by=actor(self.request)
        )
        text = _("“%(device)s” can send and receive mail.") % {"device": row.label}
        messages.success(self.request, text)
        return self.remember_method(pages.redirect_to_list(), form)
