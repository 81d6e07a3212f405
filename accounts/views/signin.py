"""Signing in, and the second step of it."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_variables
from two_factor.forms import AuthenticationTokenForm
from two_factor.utils import default_device
from two_factor.views import DisableView, LoginView, SetupView

from accounts import events, signin
from accounts.events import Event, Kind
from accounts.forms import SignInForm
from accounts.http import UserRequest, actor
from accounts.models import Phone


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
        owner, by = self.request.user, actor(self.request)
        signin.end_other_sessions(owner, self.request.session)
        phone = Phone.objects.filter(account=owner).first()
        number = str(phone.number) if phone else ""
        events.record_all([Event(Kind.TWO_STEP_ON, owner, by, also_to=number)])
        return response


class TurnOffView(DisableView):
    """two_factor's page that turns two-step sign-in off; the owner is told."""

    request: UserRequest

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        owner = self.request.user
        events.record(Kind.TWO_STEP_OFF, owner, by=actor(self.request))
        return response


def too_many_tries(request: HttpRequest, wait: timedelta) -> HttpResponse:
    """429 and when to come back."""
    seconds = int(wait.total_seconds()) + 1
    context = {"minutes": -(-seconds // 60)}
    response = render(request, "accounts/too_many.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response
