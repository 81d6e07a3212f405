"""Passkeys: sign in with one, add one, remove one.

django-otp-webauthn's views run the WebAuthn ceremonies and answer in JSON;
static/js/passkey.js calls them in the browser.
"""

from typing import Any

import django_otp
from django.contrib import auth, messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)
from django_otp_webauthn import exceptions
from django_otp_webauthn.views import (
    BaseWebAuthnView,
    BeginCredentialAuthenticationView,
    BeginCredentialRegistrationView,
    CompleteCredentialAuthenticationView,
    CompleteCredentialRegistrationView,
)

from accounts.forms import PasskeyForm, WebPasswordRequiredForm
from accounts.http import UserRequest, actor
from accounts.models import Account
from accounts.signin import familiar, passkeys, second_factor, throttle
from accounts.views.proof import render_form, takes_password
from accounts.views.signin import may_add_a_factor, record_sign_in

require_form = require_http_methods(["GET", "HEAD", "POST"])


# --- signing in -----------------------------------------------------------------------


class PasskeySignInMixin(BaseWebAuthnView):
    """A sign-in without a name: the passkey identifies and verifies the user."""

    request: HttpRequest

    def get_user(self) -> None:
        return None

    def check_can_authenticate(self) -> None:
        if self.request.user.is_authenticated:
            raise exceptions.NotAuthenticated

    def handle_exception(self, exc: Exception) -> HttpResponse:
        if isinstance(exc, throttle.TooManyTries):
            response = JsonResponse({"code": "too_many"}, status=429)
            response["Retry-After"] = str(int(exc.wait.total_seconds()) + 1)
            return response
        answer: HttpResponse = super().handle_exception(exc)
        return answer


@method_decorator(login_not_required, name="dispatch")
class BeginSignInView(PasskeySignInMixin, BeginCredentialAuthenticationView):
    """Send a challenge that any passkey of this portal can answer."""


@method_decorator(login_not_required, name="dispatch")
class SignInView(PasskeySignInMixin, CompleteCredentialAuthenticationView):
    """Check the answer, and sign the owner in with both steps done."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        with throttle.count_nameless_try(self.request):
            response: HttpResponse = super().post(*args, **kwargs)
        owner: Any = self.request.user
        familiar.remember(self.request, response, owner)
        return response

    def complete_auth(self, device: Any) -> Account:
        """Sign in with a new session, which keeps nothing of the previous one."""
        account: Account = device.user
        self.request.session.flush()
        auth.login(self.request, account)
        django_otp.login(self.request, device)
        record_sign_in(self.request, account, passkey=device.name)
        return account


# --- the owner's own ------------------------------------------------------------------


@takes_password
@require_form
def add(request: UserRequest) -> HttpResponse:
    """Ask for the name of a new passkey, and for the web password if necessary."""
    if not may_add_a_factor(request) or not passkeys.are_passkeys_possible(request):
        return redirect("two_factor:profile")
    if second_factor.get_passkeys(request.user).count() >= second_factor.MAX_PASSKEYS:
        messages.error(request, _("You have reached the limit for passkeys."))
        return redirect("two_factor:profile")
    form = PasskeyForm(request, request.POST or None, initial={"name": _("My device")})
    if request.method == "POST" and form.is_valid():
        passkeys.request_passkey(request.session, form.cleaned_data["name"])
        return redirect("accounts:passkey-make")
    return render_form(request, "accounts/passkey_add.html", form)


@never_cache
@require_safe
def make(request: UserRequest) -> HttpResponse:
    """Show the page on which the device makes the passkey."""
    name = passkeys.get_requested_name(request.session)
    if not name:
        return redirect("accounts:passkey-add")
    return render(request, "accounts/passkey_make.html", {"name": name})


class PasskeyRequestedMixin(BaseWebAuthnView):
    """Allow a registration only for a short time after the form."""

    request: UserRequest

    def check_can_register(self) -> None:
        if not passkeys.get_requested_name(self.request.session):
            raise exceptions.InvalidState


class BeginMakingView(PasskeyRequestedMixin, BeginCredentialRegistrationView):
    """Send the options with which the browser has a passkey made."""


class MakeView(PasskeyRequestedMixin, CompleteCredentialRegistrationView):
    """Save the new passkey, and return the address of the settings."""

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        super().post(*args, **kwargs)
        messages.success(self.request, _("The passkey was added."))
        return JsonResponse({"redirect_url": reverse("two_factor:profile")})


@takes_password
@require_form
def remove(request: UserRequest, pk: int) -> HttpResponse:
    """Take a passkey away from somebody who knows the web password."""
    passkey = get_object_or_404(second_factor.get_passkeys(request.user), pk=pk)
    if not request.user.is_verified():
        return redirect("two_factor:profile")
    form = WebPasswordRequiredForm(request, request.POST or None)
    if request.method == "POST" and form.is_valid():
        second_factor.remove_passkey(passkey, by=actor(request))
        messages.success(request, _("The passkey was removed."))
        return redirect("two_factor:profile")
    is_last = not second_factor.get_app(request.user) and (
        second_factor.get_passkeys(request.user).count() == 1
    )
    return render_form(
        request,
        "accounts/passkey_remove.html",
        form,
        passkey=passkey,
        is_last=is_last,
    )


begin_sign_in = require_POST(BeginSignInView.as_view())
sign_in = require_POST(SignInView.as_view())
begin_making = require_POST(BeginMakingView.as_view())
complete_making = require_POST(MakeView.as_view())
