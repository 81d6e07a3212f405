"""The web password, and the portal sessions."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.forms import WebPasswordChangeForm
from accounts.http import UserRequest, actor
from accounts.signin import throttle
from accounts.views.proof import render_form, takes_password


@takes_password
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: UserRequest) -> HttpResponse:
    """Change the web password, and end all sessions but this one."""
    form = WebPasswordChangeForm(request, request.POST or None)
    try:
        if request.method == "POST" and form.is_valid():
            password = form.cleaned_data["new_password1"]
            throttle.change_password(request.user, password, by=actor(request))
            update_session_auth_hash(request, request.user)
            messages.success(request, _("The web password was changed."))
            return redirect("accounts:password")
    except throttle.ChangedMeanwhile:
        form.refuse_old_password()
    return render_form(request, "accounts/password.html", form)


@require_POST
def end_sessions(request: UserRequest) -> HttpResponse:
    """Sign the owner out of every other browser."""
    throttle.end_other_sessions(request.user, request.session)
    messages.success(
        request, _("You are signed out of the portal in all other browsers.")
    )
    return redirect("accounts:password")
