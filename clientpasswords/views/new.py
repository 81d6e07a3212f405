"""Issue a security password, shown once in the response to the right code."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables

from accounts.http import actor
from clientpasswords import labels, lifecycle, passwords
from clientpasswords.forms import CodeForm, LabelForm, ScopeForm
from clientpasswords.models import ClientPassword
from clientpasswords.setup import clients
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

    def suggest_label(self) -> str:
        """Return a name for the device that no other of its passwords has."""
        return labels.suggest(self.user_agent, self._taken_labels())

    @property
    def user_agent(self) -> str:
        return self.request.headers.get("User-Agent", "")

    @property
    def likely(self) -> str:
        """The key of the program for which the password is; "" if it is unknown."""
        return clients.guess_client(self.user_agent)

    @property
    def is_iphone_here(self) -> bool:
        """Whether this browser is on an iPhone or iPad, as far as it says."""
        return clients.guess_kind(self.user_agent) == clients.IPHONE

    def _taken_labels(self) -> set[str]:
        live = self.request.user.client_passwords.live()
        return set(live.values_list("label", flat=True))

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
            scope_form=ScopeForm.for_password(row, self.page.effective.policy),
            suggests_names=self.other is None,
            **self._programs(self._taken_labels() - {row.label}),
            **setup.setup_context(self.request, self.page, issued),
        )

    def _programs(self, taken: set[str]) -> dict[str, Any]:
        """Return the programs with the names that they suggest, and the likely one."""
        here, elsewhere = (
            [(each, labels.make_unique(str(each.device), taken)) for each in some]
            for some in clients.split_clients(self.user_agent)
        )
        return {
            "programs_here": here,
            "programs_elsewhere": elsewhere,
            "likely": self.likely,
            "is_likely_elsewhere": self.likely
            in {each.key for each, _name in elsewhere},
            "installs_here": self.is_iphone_here
            and self.likely == "iphone"
            and self.page.server_pair is not None,
            # A phone cannot scan what it shows itself.
            "can_be_scanned": clients.guess_kind(self.user_agent) != clients.ANDROID,
        }

    def _already_shown(self, row: ClientPassword) -> HttpResponse:
        if row.revoked_at is not None:  # it was deleted since
            text = _("This password was already shown and cannot be shown again.")
            messages.info(self.request, text)
            return redirect("clientpasswords:new")
        return pages.render_page(
            self.request, "already_shown", self.page, status=409, client_password=row
        )
