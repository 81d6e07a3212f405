"""Signing in, the first page, and the settings that are not about mail programs."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST, require_safe
from two_factor.forms import AuthenticationTokenForm
from two_factor.utils import default_device
from two_factor.views import LoginView, SetupView

from accounts import events, signin
from accounts.events import Kind
from accounts.forms import (
    SCHEME_COOKIE,
    LanguageForm,
    MailsForm,
    SchemeForm,
    SignInForm,
)
from accounts.http import UserRequest, actor
from accounts.models import Account


class SignInView(LoginView):
    """two_factor's sign-in with our form: its tries are counted."""

    form_list: Any = (("auth", SignInForm), ("token", AuthenticationTokenForm))
    condition_dict = {"token": LoginView.has_token_step}
    redirect_authenticated_user = True

    @sensitive_variables()
    def post(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response: HttpResponseBase = super().post(*args, **kwargs)
        except signin.TooManyTries as error:
            return too_many_tries(self.request, error.wait)
        return response

    def done(self, form_list: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = super().done(form_list, **kwargs)
        events.record(Kind.SIGNED_IN, self.get_user(), by=actor(self.request))
        return response


class SetUpView(SetupView):
    """two_factor's set-up, for those only who have not set it up yet.

    The library guards just its GET; a session with the web password alone could
    otherwise POST its way to a second factor of its own.
    """

    request: UserRequest

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if default_device(request.user):
            return redirect("two_factor:profile")
        return super().dispatch(request, *args, **kwargs)

    def done(self, form_list: Any, **kwargs: Any) -> HttpResponseBase:
        """End the sessions elsewhere: they began with the web password alone."""
        response: HttpResponseBase = super().done(form_list, **kwargs)
        signin.end_other_sessions(self.request.user, self.request.session)
        return response


def too_many_tries(request: HttpRequest, wait: timedelta) -> HttpResponse:
    """429 and when to come back."""
    seconds = int(wait.total_seconds()) + 1
    context = {"minutes": -(-seconds // 60)}
    response = render(request, "accounts/too_many.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response


@require_safe
def general(request: UserRequest) -> HttpResponse:
    """Language, appearance, and the mails that the owner wants."""
    form = MailsForm(initial={"told_of_uses": request.user.told_of_uses})
    return render(request, "accounts/general.html", {"mails_form": form})


@require_POST
@login_not_required
def set_language(request: HttpRequest) -> HttpResponse:
    """Speak this language from now on, here and in messages to the owner."""
    response = redirect(_next(request))
    form = LanguageForm(request.POST)
    if form.is_valid():
        language = form.cleaned_data["language"]
        if request.user.is_authenticated:
            Account.objects.filter(pk=request.user.pk).update(language=language)
        _remember(response, settings.LANGUAGE_COOKIE_NAME, language)
    else:
        messages.error(request, _("This language is not available."))
    return response


@require_POST
@login_not_required
def set_appearance(request: HttpRequest) -> HttpResponse:
    """Light, dark, or as the device has it."""
    response = redirect(_next(request))
    form = SchemeForm(request.POST)
    if form.is_valid():
        _remember(response, SCHEME_COOKIE, form.cleaned_data["scheme"])
    else:
        messages.error(request, _("This appearance is not available."))
    return response


@require_POST
def set_mails(request: UserRequest) -> HttpResponse:
    """Send the owner mails about uses from now on, or none."""
    form = MailsForm(request.POST)
    if form.is_valid():
        Account.objects.filter(pk=request.user.pk).update(**form.cleaned_data)
        messages.success(request, _("Your choice is saved."))
    return redirect("accounts:general")


def _next(request: HttpRequest) -> str:
    """The page the form was on; never another host."""
    page = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(page, {request.get_host()}):
        return page
    return reverse("home")


def _remember(response: HttpResponse, name: str, value: str) -> None:
    response.set_cookie(
        name,
        value,
        max_age=timedelta(days=365),
        secure=settings.HTTPS,
        httponly=True,
        samesite="Lax",
    )
