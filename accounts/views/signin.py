"""The sign-in with its second step, and the set-up of an authenticator app."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.utils.translation import ngettext
from django.views.decorators.debug import sensitive_variables
from django_otp.models import Device
from two_factor.views import DisableView, LoginView, SetupView

from accounts import events
from accounts.events import Event, Kind
from accounts.forms import SecondFactorForm, SignInForm
from accounts.http import UserRequest, actor
from accounts.models import Phone, RecoveryCodes
from accounts.signin import passkeys, second_factor, throttle

# The key of the session hash in the wizard's storage.
BEGUN_UNDER = "begun_under"


def needs_second_step(view: Any) -> bool:
    """Return whether a second factor is needed after the right web password."""
    account = view.get_user()
    return bool(account) and second_factor.is_on(account)


class SignInView(LoginView):
    """two_factor's sign-in with our forms, throttling, and passkeys."""

    form_list: Any = (("auth", SignInForm), ("token", SecondFactorForm))
    condition_dict = {"token": needs_second_step}
    redirect_authenticated_user = True

    def get_form_list(self) -> Any:
        """Return our forms; the library would replace the second one by its own."""
        forms = super().get_form_list()
        return {step: dict(SignInView.form_list)[step] for step in forms}

    def get_device(self, step: Any = None) -> Device | None:
        """Return a second factor of the account, or None.

        The library would have it send a challenge; none of ours does.
        """
        account = self.get_user()
        return (
            second_factor.get_app(account)
            or second_factor.get_passkeys(account).first()
        )

    def process_step(self, form: Any) -> Any:
        """After the first step, store the account's session hash."""
        answer = super().process_step(form)
        account = super().get_user()
        if self.steps.current == self.AUTH_STEP and account:
            self.storage.data[BEGUN_UNDER] = account.get_session_auth_hash()
        return answer

    def get_user(self) -> Any:
        """Return the account that did the first step, or None if that has lapsed.

        It lapses when the web password is changed or all sessions are ended.
        """
        account = super().get_user()
        if not account:
            return None
        begun_under = self.storage.data.get(BEGUN_UNDER, "")
        now = account.get_session_auth_hash()
        return account if constant_time_compare(begun_under, now) else None

    def get_context_data(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(*args, **kwargs)
        context["passkeys_possible"] = passkeys.are_passkeys_possible(self.request)
        if self.steps.current == self.TOKEN_STEP:
            account = self.get_user()
            context["has_app"] = second_factor.get_app(account) is not None
            context["has_passkeys"] = second_factor.get_passkeys(account).exists()
            context["recovery_codes"] = second_factor.get_recovery_codes(account)
        return context

    @sensitive_variables()
    def post(self, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            response: HttpResponseBase = super().post(*args, **kwargs)
        except throttle.TooManyTries as error:
            return too_many_tries(self.request, error.wait)
        return response

    def done(self, form_list: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = super().done(form_list, **kwargs)
        account, by = self.get_user(), actor(self.request)
        events.record(Kind.SIGNED_IN, account, by=by)
        codes = getattr(account, "otp_device", None)
        if isinstance(codes, RecoveryCodes):
            events.record(Kind.RECOVERY_CODE_USED, account, by=by, left=codes.left)
            messages.warning(self.request, _format_codes_left(codes.left))
        return response


class SetUpView(SetupView):
    """two_factor's set-up of an app, only for accounts that have none yet.

    The library guards only its GET. Without this check on POST too, a session with the
    web password alone could add a second factor.
    """

    request: UserRequest

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        if not may_add_a_factor(request) or second_factor.get_app(request.user):
            return redirect("two_factor:profile")
        return super().dispatch(request, *args, **kwargs)

    def done(self, form_list: Any, **kwargs: Any) -> HttpResponseBase:
        """End all other sessions, which began with the web password alone.

        The owner is notified by mail and by text message.
        """
        response: HttpResponseBase = super().done(form_list, **kwargs)
        owner, by = self.request.user, actor(self.request)
        throttle.end_other_sessions(owner, self.request.session)
        phone = Phone.objects.filter(account=owner).first()
        number = str(phone.number) if phone else ""
        events.record_all([Event(Kind.TWO_STEP_ON, owner, by, also_to=number)])
        return response


def may_add_a_factor(request: UserRequest) -> bool:
    """Return whether this session may add a second factor.

    It may if it has passed every step that the account's sign-in requires.
    """
    return request.user.is_verified() or not second_factor.is_on(request.user)


def _format_codes_left(count: int) -> str:
    text = ngettext(
        "You have %(count)s recovery code left.",
        "You have %(count)s recovery codes left.",
        count,
    )
    return text % {"count": count}


class TurnOffView(DisableView):
    """two_factor's page that turns two-step sign-in off; notify the owner."""

    request: UserRequest

    def form_valid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_valid(form)
        owner = self.request.user
        events.record(Kind.TWO_STEP_OFF, owner, by=actor(self.request))
        return response


def too_many_tries(request: HttpRequest, wait: timedelta) -> HttpResponse:
    """Return a page with status 429 that says when to try again."""
    seconds = int(wait.total_seconds()) + 1
    context = {"minutes": -(-seconds // 60)}
    response = render(request, "accounts/too_many.html", context, status=429)
    response["Retry-After"] = str(seconds)
    return response
