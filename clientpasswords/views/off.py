"""Turn security passwords off, with a code if the policy asks for one."""

from django.contrib import messages
from django.http import HttpResponse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods

from accounts import codes
from accounts.codes import Purpose
from accounts.http import UserRequest, actor
from accounts.policy import effective
from clientpasswords import lifecycle, words
from clientpasswords.forms import CodeForm
from clientpasswords.views import pages
from clientpasswords.views.window import IdentityWindow


class SwitchOff(IdentityWindow):
    """The window that turns them off, with a code if the policy asks for one."""

    template = "disable_code"
    page_name, code_name, verify_name = "disable", "disable-code", "disable"
    act = Purpose.SWITCH_OFF

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    def disable(self, request: UserRequest) -> HttpResponse:
        """Open the window, or process its form: both have the same address."""
        if request.method != "POST":
            return self.open(request)
        # Read apart from `self.page`, which has to show the state after the act.
        policy = effective.load_effective_policy(request.user).policy
        if policy.code_to_switch_off and not policy.requires_client_passwords:
            return self.verify(request)
        try:
            return self.confirm(None)
        except codes.CodeError as refusal:  # the policy was changed meanwhile
            return self.show(self.blank_form(), words.describe_refusal(refusal))

    def open(self, request: UserRequest) -> HttpResponse:
        """Show the window with or without a code, or redirect to the list."""
        if self.is_needed() and not self.page.code_to_switch_off:
            return pages.render_page(request, "disable", self.page)
        return super().open(request)

    def is_needed(self) -> bool:
        return self.page.is_switched_on and not self.page.is_required

    @sensitive_variables()
    def confirm(self, form: CodeForm | None) -> HttpResponse:
        """Turn security passwords off, with the code if there is a form."""
        request, code = self.request, form.proof if form else None
        try:
            lifecycle.switch_off(request.user, by=actor(request), code=code)
        except lifecycle.Required as refusal:
            return pages.render_refusal(
                request, "index", self.page, words.describe_refusal(refusal)
            )
        messages.success(request, _("Security passwords are turned off."))
        return (
            self.remember_method(pages.redirect_to_list(), form)
            if form
            else pages.redirect_to_list()
        )
