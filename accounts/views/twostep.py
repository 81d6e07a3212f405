"""The settings of two-step sign-in, and the recovery codes."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_http_methods, require_safe

from accounts.forms import WebPasswordRequiredForm
from accounts.http import UserRequest, actor
from accounts.signin import passkeys, second_factor
from accounts.views.proof import render_form, takes_password


@require_safe
def show(request: UserRequest) -> HttpResponse:
    """Show the second factors of the account."""
    app = second_factor.get_app(request.user)
    own = list(second_factor.get_passkeys(request.user))
    context = {
        "app": app,
        "passkeys": own,
        "passkeys_possible": passkeys.are_passkeys_possible(request),
        "is_on": bool(app or own),
        "recovery_codes": second_factor.get_recovery_codes(request.user),
    }
    return render(request, "two_factor/profile/profile.html", context)


@takes_password
@require_http_methods(["GET", "HEAD", "POST"])
def recovery(request: UserRequest) -> HttpResponse:
    """Make new recovery codes. The response to the POST shows them once."""
    if not request.user.is_verified() or not second_factor.is_on(request.user):
        return redirect("two_factor:profile")
    present = second_factor.get_recovery_codes(request.user)
    form = WebPasswordRequiredForm(request, request.POST or None)
    if request.method != "POST" or not form.is_valid():
        template = "accounts/recovery_make.html"
        return render_form(request, template, form, recovery_codes=present)
    try:
        codes = second_factor.make_recovery_codes(
            request.user, by=actor(request), replaces=present
        )
    except second_factor.ReplacedMeanwhile:
        return _lead_to_new_codes(request)
    return _show_codes(request, codes)


@sensitive_variables()
def _show_codes(request: UserRequest, codes: list[str]) -> HttpResponse:
    shown = [second_factor.group_recovery_code(code) for code in codes]
    messages.success(
        request,
        _("These codes are valid from now on. All earlier codes have stopped working."),
    )
    return render(
        request,
        "accounts/recovery_shown.html",
        {"codes": shown, "made_at": timezone.now()},
    )


def _lead_to_new_codes(request: UserRequest) -> HttpResponse:
    """Say that the same form has made codes, which another answer has shown."""
    messages.info(
        request,
        _(
            "New codes were made a moment ago, by the same form. If you have not seen "
            "them, create others."
        ),
    )
    return redirect("accounts:recovery")
