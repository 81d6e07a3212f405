"""*Connect a device*: choose the program, and get what sets it up."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse
from django.views.decorators.debug import sensitive_variables

from clientpasswords import labels
from clientpasswords.forms import CodeForm, ConnectForm
from clientpasswords.page import SecurityPasswordPage
from clientpasswords.setup import clients
from clientpasswords.views import scan
from clientpasswords.views.new import NewPassword


class ConnectDevice(NewPassword):
    """The window that asks for the program beside the code.

    An iPhone or iPad that is not this device gets a link to scan; everything else a
    security password, with the steps of the program.
    """

    template = "connect"
    page_name, code_name, verify_name = "connect", "connect-code", "connect-verify"
    form_class = ConnectForm

    def chosen(self, data: Mapping[str, str]) -> dict[str, str]:
        """Return the chosen program, or the one that is likely."""
        key = data.get("program", "")
        is_known = key in clients.CLIENTS or key == clients.OTHER
        return {"program": key if is_known else self.guess_program()}

    def guess_program(self) -> str:
        """Return the key of the program that is likely; "" if it is unknown."""
        return clients.guess_client(self.user_agent)

    @property
    def likely(self) -> str:
        return self.chosen(self.request.POST)["program"]

    def suggest_label(self) -> str:
        """Return the name of the chosen program; of this device if it is its own."""
        program = clients.CLIENTS.get(self.likely)
        if program is None or (program.key == "iphone" and self.is_iphone_here):
            return super().suggest_label()
        return labels.make_unique(str(program.device), self._taken_labels())

    def show(self, form: CodeForm, *args: Any, **more: Any) -> HttpResponse:
        """Return the window with the programs that run here first."""
        if isinstance(form, ConnectForm):
            form.group_programs(self.user_agent)
        return super().show(form, *args, **more)

    @sensitive_variables()
    def confirm(self, form: CodeForm) -> HttpResponse:
        """Offer a link for an iPhone or iPad elsewhere; issue a password otherwise."""
        program = clients.CLIENTS.get(form.cleaned_data["program"])
        is_iphone = program is not None and program.key == "iphone"
        # Not `self.page`, which has to show the state after the act.
        has_servers = SecurityPasswordPage(self.request.user).server_pair is not None
        if is_iphone and has_servers and not self.is_iphone_here:
            return scan.offer_link(self, form)
        return super().confirm(form)
