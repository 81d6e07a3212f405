"""Issue a security password, shown once in the response to the right code."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.http import actor
from clientpasswords import labels, lifecycle, passwords
from clientpasswords.forms import CodeForm, LabelForm, ScopeForm
from clientpasswords.models import ClientPassword
from clientpasswords.views import pages, setup
from clientpasswords.views.window import IdentityWindow


class NewPassword(IdentityWindow):
    """The window that issues a security password."""

    template = "new"
    page_name, code_name, verify_name = "new", "code", "verify"

    @sensitive_variables()
    def confirm(self, form: CodeForm) -> HttpResponse:
        """Issue the password, unless this form has already issued one."""
        try:
            issued = lifecycle.issue(
                self.request.user,
                code=form.proof,
                attempt=form.cleaned_data["attempt"],
                label=self.other or self.suggest_label(),
                by=actor(self.request),
            )
        except lifecycle.AlreadyIssued as repeat:
            return self._already_shown(repeat.client_password)
        return self.remember_method(self._reveal(issued), form)

    def _suggested_label(self) -> str:
        live = self.request.user.client_passwords.live()
        taken = set(live.values_list("label", flat=True))
        return labels.suggest(self.request.headers.get("User-Agent", ""), taken)

    @sensitive_variables()
    def _reveal(self, issued: lifecycle.Issued) -> HttpResponse:
        row = issued.client_password
        row.days_of_life = self.page.effective.policy.client_password_days
        return pages.render_page(
            self.request,
            "reveal",
            self.page,
            client_password=row,
            groups=passwords.groups(issued.secret),
            name_form=LabelForm(initial={"label": row.label}),
            scope_form=ScopeForm.for_password(row),
            suggestions=labels.suggestions(),
            **setup.setup_context(self.request, self.page, issued),
        )

    def _already_shown(self, row: ClientPassword) -> HttpResponse:
        if row.revoked_at is not None:  # it was deleted since
            text = _("This password was already shown and cannot be shown again.")
            messages.info(self.request, text)
            return redirect("clientpasswords:new")
        return pages.render_page(
            self.request, "already_shown", self.page, status=409, client_password=row
        )
