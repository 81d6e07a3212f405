"""The sign-in with its second step, and the set-up of an authenticator app."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.crypto import constant_time_compare
from django.utils.datastructures import MultiValueDict
from django.utils.decorators import method_decorator
from django.utils.translation import ngettext
from django_otp.models import Device
from two_factor.views import DisableView, LoginView, SetupCompleteView, SetupView

from accounts import events, recipients
from accounts.events import Event, Kind
from accounts.forms import AppForm, SecondFactorForm, SignInForm, TurnOffForm
from accounts.http import UserRequest, actor
from accounts.models import Account, Phone, RecoveryCodes
from accounts.signin import familiar, passkeys, second_factor, throttle
from accounts.views.proof import takes_password

# The key of the session hash in the wizard's storage.
BEGUN_UNDER = "begun_under"
# The step of the set-up that takes a code of the app, as the library calls it.
APP_STEP = "generator"


def needs_second_step(view: Any) -> bool:
    """Return whether a second factor is needed after the right web password."""
    account = view.get_user()
    return bool(account) and second_factor.is_on(account)


@method_decorator(takes_password, name="dispatch")
class SignInView(LoginView):
    """two_factor's sign-in with our forms, throttling, and passkeys."""

    form_list: Any = (("auth", SignInForm), ("token", SecondFactorForm))
    condition_dict = {"token": needs_second_step}
    redirect_authenticated_user = True

    def setup(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.has_session = not request.session.is_empty()

    def get(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Show the first step. A visit alone makes no session.

        The library would store one for each visit of everybody.
        """
        response = super().get(request, *args, **kwargs)
        if not self.has_session and isinstance(response, TemplateResponse):
            response.add_post_render_callback(lambda _page: request.session.clear())
        return response

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

    def done(self, form_list: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = super().done(form_list, **kwargs)
        account, by = self.get_user(), actor(self.request)
        record_sign_in(self.request, account)
        familiar.remember(self.request, response, account)
        codes = getattr(account, "otp_device", None)
        if isinstance(codes, RecoveryCodes):
            events.record(Kind.RECOVERY_CODE_USED, account, by=by, left=codes.left)
            messages.warning(self.request, _format_codes_left(codes.left))
        return response


def record_sign_in(request: HttpRequest, account: Account, **detail: str) -> None:
    """Record that the owner signed in, and keep the language and zone of their pages.

    What is sent to them is in that language and in the times of that zone from then on.
    `detail` goes into the audit log.
    """
    events.record(Kind.SIGNED_IN, account, by=actor(request), **detail)
    recipients.remember_reader(request, account)


@method_decorator(takes_password, name="dispatch")
class SetUpView(SetupView):
    """two_factor's set-up of an app, only for accounts that have none yet.

    The library guards only its GET. Without this check on POST too, a session with the
    web password alone could add a second factor. Its last step takes the web
    password beside the code of the app.
    """

    request: UserRequest
    finished: AppForm | None = None

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        if not _may_set_up(request):
            return redirect("two_factor:profile")
        return super().dispatch(request, *args, **kwargs)

    def get_form_list(self) -> Any:
        """Our form in the place of the library's."""
        return super().get_form_list() | {APP_STEP: AppForm}

    def get_form_step_data(self, form: Any) -> MultiValueDict[str, Any]:
        """Return what the session keeps of a step: nothing that was typed."""
        return MultiValueDict()

    def get_form(self, step: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Return the last form as it was found right: its password is not kept."""
        if step == APP_STEP and self.finished:
            return self.finished
        return super().get_form(step, *args, **kwargs)

    def render(self, form: Any = None, **kwargs: Any) -> HttpResponse:
        response: HttpResponse = super().render(form, **kwargs)
        if form is not None and form.is_bound:
            response.status_code = 422
        return response

    def render_done(self, form: Any, **kwargs: Any) -> HttpResponseBase:
        self.finished = form
        response: HttpResponseBase = super().render_done(form, **kwargs)
        return response

    @method_decorator(transaction.atomic)
    def done(self, form_list: Any, **kwargs: Any) -> HttpResponseBase:
        """End all other sessions, which began with the web password alone.

        The owner is notified by mail and by text message. Of the same form sent many
        times at once, one sets the app up: another with the same key would stay when
        that one is deleted.
        """
        owner, by = self.request.user, actor(self.request)
        second_factor.lock_owner(owner)
        if not _may_set_up(self.request):
            self.request.session.pop(self.session_key_name, None)
            return redirect("two_factor:profile")
        response: HttpResponseBase = super().done(form_list, **kwargs)
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


def _may_set_up(request: UserRequest) -> bool:
    """Return whether this session may set an app up: there is none yet."""
    return may_add_a_factor(request) and second_factor.get_app(request.user) is None


def _format_codes_left(count: int) -> str:
    text = ngettext(
        "You have %(count)s recovery code left.",
        "You have %(count)s recovery codes left.",
        count,
    )
    return text % {"count": count}


class SetUpDoneView(SetupCompleteView):
    """two_factor's last page of the set-up, only after a second step.

    The library leads others to the sign-in, which leads back whoever is signed in.
    """

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        if not request.user.is_verified():
            return redirect("two_factor:profile")
        return super().dispatch(request, *args, **kwargs)


@method_decorator(takes_password, name="dispatch")
class TurnOffView(DisableView):
    """two_factor's page that turns two-step sign-in off; notify the owner."""

    request: UserRequest
    form_class: Any = TurnOffForm

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"request": self.request}

    def form_invalid(self, form: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=422)

    def form_valid(self, form: Any) -> HttpResponse:
        """Turn it off by our rule, in place of the library's."""
        second_factor.turn_off(self.request.user, by=actor(self.request))
        return redirect(self.success_url)
