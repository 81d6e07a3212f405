"""Acts that open a way in ask administrators for their web password, as `sudo` does.

A session can be stolen, or left open at a strange desk. What would outlive it (an API
token, somebody's web password, rights, a number for codes) asks for more than it, as
the settings of owners do (ASVS 5.0, 7.5.1). The sign-in or one proof is enough for ten
minutes of the same session, however much is done meanwhile (decision 0026).
"""

import time
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables

from accounts.forms import WebPasswordRequiredForm
from accounts.middleware import SIGNED_IN_AT

# In the session: when its administrator last typed their web password here.
PROVED_AT = "proved_at"
LASTS = timedelta(minutes=10)
PREFIX = "proof"
FIELD = f"{PREFIX}-password"
# What the page posts that asks for the proof and for nothing else.
ALONE = "_prove"
MISSING = _(
    "Nothing was saved yet. Type your own web password below, and send the form again."
)


class ProofForm(WebPasswordRequiredForm):
    """Asks the administrator for their own web password."""

    prefix = PREFIX

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].label = _("Your own web password")
        self.fields["password"].help_text = _(
            "This gives someone access, so show that it is you. You are not asked "
            "again for ten minutes."
        )


class Proof:
    """Whether the administrator showed lately that it is them, not just their session.

    `is_asked`: whether the page shows the field for the web password.
    """

    def __init__(self, request: Any) -> None:
        self._request = request
        self.is_asked = False
        typed = request.POST if request.POST.get(FIELD) else None
        self.form = ProofForm(request, typed)

    @property
    def is_fresh(self) -> bool:
        times = (
            self._request.session.get(name, 0) for name in (SIGNED_IN_AT, PROVED_AT)
        )
        age = time.time() - max(times)
        return bool(0 <= age < LASTS.total_seconds())

    @sensitive_variables()
    def take(self) -> None:
        """Check the web password, if one was typed, and remember that it was right.

        Call it outside of transactions: a wrong one is counted, whatever follows.

        Raises:
            throttle.TooManyTries: too many were wrong; the page answers 429.
        """
        if self.form.is_bound and self.form.is_valid():
            self._request.session[PROVED_AT] = int(time.time())

    def ask(self) -> bool:
        """Return whether the proof is fresh; if it is not, the page asks for it."""
        self.is_asked = not self.is_fresh
        if self.is_asked and self._request.method == "POST" and not self.form.is_bound:
            self.form = ProofForm(self._request, {})  # by which it says what is missing
        return self.is_fresh

    def check(self, form: forms.BaseForm) -> bool:
        """Return whether the proof is fresh; if not, refuse this validated form."""
        is_fresh = self.ask()
        if form.is_bound and not is_fresh:
            form.add_error(None, MISSING)
        return is_fresh


def take_proof(request: Any) -> None:
    """Take the proof out of what was posted; no page can repeat the web password.

    Raises:
        throttle.TooManyTries: too many were wrong; the page answers 429.
    """
    proof = read_proof(request)
    proof.take()
    if FIELD in request.POST:
        sent = request.POST.copy()
        del sent[FIELD]
        request.POST = sent
        proof.form.data = {}


def read_proof(request: Any) -> Proof:
    """Return the proof of this request, the same one each time."""
    known = vars(request)
    if PREFIX not in known:
        known[PREFIX] = Proof(request)
    found: Proof = known[PREFIX]
    return found


def ask_first(request: Any, context: dict[str, Any]) -> HttpResponse | None:
    """Return a page that asks for the proof alone, unless it is fresh.

    For forms that take a new password: beside two kinds of them, password managers fill
    in the wrong one. A form that is posted late asks by a field of its own.
    """
    proof, is_posted = read_proof(request), request.method == "POST"
    is_alone = ALONE in request.POST
    if proof.is_fresh and is_alone:
        return redirect(request.get_full_path())
    if proof.is_fresh or (is_posted and not is_alone):
        return None
    proof.ask()
    status = HTTPStatus.UNPROCESSABLE_ENTITY if is_posted else HTTPStatus.OK
    return TemplateResponse(request, "admin/prove.html", context, status=status)
