"""The identity authentication window, which asks for a code before an act."""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import (
    sensitive_post_parameters,
    sensitive_variables,
)
from django.views.decorators.http import require_POST, require_safe

from accounts import codes, http
from accounts.codes import Purpose
from accounts.http import UserRequest, actor
from clientpasswords import lifecycle, words
from clientpasswords.forms import CodeForm, attempt_in
from clientpasswords.models import ClientPassword
from clientpasswords.page import SecurityPasswordPage
from clientpasswords.views import pages

METHOD_COOKIE = "method"  # the method that was used last
METHODS = ("app", "phone")


class IdentityWindow(View):
    """A window that asks for a code, and acts if the code is right.

    Each of its three addresses does one step: `open`, `send_code` or `verify`.
    Subclasses set the template, the names of the addresses, and the act that codes are
    for; their `confirm` does the act.
    """

    step = "open"
    template: ClassVar[str]
    page_name: ClassVar[str]
    code_name: ClassVar[str]
    verify_name: ClassVar[str]
    act = Purpose.ISSUE
    form_class: type[CodeForm] = CodeForm
    request: UserRequest

    def dispatch(self, request: HttpRequest, *_args: Any, **_keys: Any) -> HttpResponse:
        """Do the step of this address."""
        step: Callable[[HttpRequest], HttpResponse] = getattr(self, self.step)
        return step(request)

    @method_decorator([never_cache, require_safe])
    def open(self, request: UserRequest) -> HttpResponse:
        """Show the window, or redirect to the list if there is nothing to confirm."""
        return (
            self.show(self.blank_form())
            if self.is_needed()
            else pages.redirect_to_list()
        )

    @method_decorator(require_POST)
    def send_code(self, request: UserRequest) -> HttpResponse:
        """Send a code to the phone on file."""
        kept = {"attempt": attempt_in(request.POST), "method": "phone"}
        form = self.form_class(initial=kept | self.chosen(request.POST))
        try:
            lifecycle.send_code(
                request.user,
                self.act,
                by=actor(request),
                is_needed=self.is_needed(),
                other=self.other,
            )
        except (lifecycle.Refused, codes.CodeError) as refusal:
            self.page.read_phone_again()
            return self.show(form, words.describe_refusal(refusal))
        chosen = urlencode(self.chosen(request.POST))
        return redirect(
            f"{self.page_address}?{chosen}" if chosen else self.page_address
        )

    @method_decorator([never_cache, sensitive_post_parameters("code")])
    @sensitive_variables()
    @method_decorator(require_POST)
    def verify(self, request: UserRequest) -> HttpResponse:
        """Check the form, and return the response of `confirm`."""
        form = self.form_class(request.POST)
        if not form.is_valid():
            return self.show(form)
        try:
            return self.confirm(form)
        except codes.TooSoon as refusal:  # it was not tried: nobody types it twice
            why = words.describe_refusal(refusal)
            return self.show(form, why, wait=why.retry_after)
        except (lifecycle.Refused, codes.CodeError) as refusal:
            return self.show(form, words.describe_refusal(refusal))

    def is_needed(self) -> bool:
        """Whether there is something to confirm."""
        return True

    def confirm(self, form: CodeForm) -> HttpResponse:
        """Spend the code of a valid form, do the act, and return the response.

        Raises:
            Refused, CodeError: Nothing was done; the window shows why.
        """
        raise NotImplementedError

    def chosen(self, data: Mapping[str, str]) -> dict[str, str]:
        """Return what was chosen beside the code, which stays while one is sent."""
        return {}

    def extra_context(self) -> dict[str, Any]:
        """Return more context for its template."""
        return {}

    @property
    def other(self) -> ClientPassword | None:
        """The password for whose device one is issued, if there is one."""
        return None

    @cached_property
    def page(self) -> SecurityPasswordPage:
        """The state at first use: after the act, if there is one."""
        return SecurityPasswordPage(self.request.user)

    @property
    def page_address(self) -> str:
        return self._address(self.page_name)

    @property
    def code_address(self) -> str:
        return self._address(self.code_name)

    @property
    def verify_address(self) -> str:
        return self._address(self.verify_name)

    def show(
        self, form: CodeForm, error: words.CodeRefusal | None = None, *, wait: int = 0
    ) -> HttpResponse:
        """Return the window with the error, if any, and the present state.

        After a try that came too soon, what was typed stays, and *Next* can be pressed
        in `wait` seconds.
        """
        error = error or self._standing_refusal()
        self._prepare_form(form, error, keep_code=bool(wait))
        more = {"form": form, "window": self, "wait": wait, **self.extra_context()}
        more |= self._code_state()
        if error is None:
            status = 422 if form.is_bound else 200
            return pages.render_page(
                self.request, self.template, self.page, status=status, **more
            )
        return pages.render_refusal(
            self.request, self.template, self.page, error, **more
        )

    def blank_form(self) -> CodeForm:
        """Return an empty form with the method of a code that was sent, or the last."""
        method = self.request.COOKIES.get(METHOD_COOKIE)
        if self.code_sent:
            method = "phone"
        initial = {"method": method} if method in METHODS else {}
        return self.form_class(initial=initial | self.chosen(self.request.GET))

    def remember_method(self, response: HttpResponse, form: CodeForm) -> HttpResponse:
        """Remember the method in a cookie, if there was a choice."""
        method = form.cleaned_data["method"]
        if self.page.can_use_app or METHOD_COOKIE in self.request.COOKIES:
            http.set_choice_cookie(response, METHOD_COOKIE, method)
        return response

    def _address(self, name: str) -> str:
        return reverse(f"clientpasswords:{name}", kwargs=self.kwargs)

    def _standing_refusal(self) -> words.CodeRefusal | None:
        """Return why the act would be refused now, if it would be."""
        refusal = self.find_refusal()
        return None if refusal is None else words.describe_refusal(refusal)

    def find_refusal(self) -> lifecycle.Refused | codes.CodeError | None:
        """Return why nothing can be confirmed now; None if it can."""
        issues = self.act is Purpose.ISSUE
        return self.page.refusal if issues else self.page.code_refusal

    def _prepare_form(
        self, form: CodeForm, error: words.CodeRefusal | None, *, keep_code: bool
    ) -> None:
        """Set the error and the methods of the form, and remove the code."""
        if error is not None and error.field:
            form.add_error("code", f"{error.title} {error.hint}")
        if not keep_code:
            form.forget_code()
        if self.code_sent:
            help_text = _("6 digits, from the text message.")
            # The page hides it while the owner chooses the app.
            hidden = format_html('<span class="by-phone">{}</span>', help_text)
            form.fields["code"].help_text = hidden
        form.offer(phone=self.page.phone_refusal is None, app=self.page.can_use_app)

    @property
    def code_sent(self) -> bool:
        """Whether this session has a code that it can type in."""
        phone = self.page.phone_record
        return phone is not None and codes.has_outstanding_code(
            phone, self.act, by=actor(self.request)
        )

    def _code_state(self) -> dict[str, Any]:
        phone = self.page.phone_record
        return {
            "can_use_phone": self.page.phone_refusal is None,
            "code_sent": self.code_sent,
            "code_failure": words.describe_delivery_failure(
                self.request.user, self.act, by=actor(self.request)
            ),
            "cooldown": words.round_up_seconds(phone.get_send_wait()) if phone else 0,
            "valid_minutes": settings.CODE_LIFETIME.seconds // 60,
        }
