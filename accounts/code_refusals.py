"""Texts for refused codes: the reason, what to do, and the HTTP status."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone
from django.utils.timesince import timeuntil
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import codes
from accounts.events import Actor
from accounts.models import Account


@dataclass(frozen=True)
class CodeRefusal:
    """A refused code, described in the reader's language."""

    title: str
    hint: str
    status: int
    field: bool = False  # the field of the code shows it
    final: bool = False  # neither another code nor another try helps now
    retry_after: int = 0  # seconds


def describe_refusal(refusal: codes.CodeError) -> CodeRefusal:
    """Return the text for the refusal of a code, in the active language."""
    words: CodeRefusal = _DESCRIPTIONS[type(refusal)](refusal)
    return words


def describe_delivery_failure(
    account: Account, act: codes.Purpose, *, by: Actor
) -> CodeRefusal | None:
    """The words for a code of this session that was sent and did not arrive."""
    failure = codes.get_delivery_failure(account, act, by=by)
    return describe_refusal(failure) if failure else None


def _no_phone(_refusal: Any) -> CodeRefusal:
    return CodeRefusal(
        _("No phone number is on file."),
        _("Ask your administrator to enter your phone number."),
        status=409,
        final=True,
    )


def _held(refusal: codes.Held) -> CodeRefusal:
    return CodeRefusal(
        _("Your phone number was changed recently."),
        _("The new number gets codes in %(wait)s.")
        % {"wait": format_wait(refusal.until - timezone.now())},
        status=409,
        final=True,
    )


def _locked(_refusal: Any) -> CodeRefusal:
    return CodeRefusal(
        _("Too many wrong codes were entered."),
        _("Codes are locked for your mailbox. Ask your administrator to unlock them."),
        status=403,
        final=True,
    )


def _no_app(_refusal: Any) -> CodeRefusal:
    return CodeRefusal(
        _("You cannot use an authenticator app here."),
        _("Choose the text message instead."),
        status=409,
    )


def _too_soon(refusal: codes.TooSoon) -> CodeRefusal:
    count = round_up_seconds(refusal.wait)
    text = ngettext(
        "Wait %(seconds)s second, then try again.",
        "Wait %(seconds)s seconds, then try again.",
        count,
    )
    return CodeRefusal(
        _("Please wait a moment."),
        text % {"seconds": count},
        status=429,
        retry_after=count,
    )


def _too_many(refusal: codes.TooMany) -> CodeRefusal:
    title = (
        _("Codes are sent more slowly for now.")
        if refusal.is_slowed
        else _("No more codes can be sent for now.")
        if refusal.everybody
        else _("You have asked for too many codes.")
    )
    return CodeRefusal(
        title,
        _("Try again in %(wait)s.") % {"wait": format_wait(refusal.wait)},
        status=429,
        retry_after=round_up_seconds(refusal.wait),
    )


def _not_sent(refusal: codes.NotSent) -> CodeRefusal:
    hint = (
        _(
            "Text messages cannot be sent to your number. Ask your administrator for "
            "help."
        )
        if refusal.permanent
        else _("Nothing was lost. Try again in a moment.")
    )
    return CodeRefusal(
        _("The text message could not be sent."),
        _with_former_code(hint, refusal),
        status=503,
    )


def _may_be_late(refusal: codes.MayBeLate) -> CodeRefusal:
    hint = _("If nothing arrives within a minute, ask for another code.")
    return CodeRefusal(
        _("The text message may be delayed."),
        _with_former_code(hint, refusal),
        status=503,
    )


def _with_former_code(hint: str, refusal: codes.NotSent | codes.MayBeLate) -> str:
    if not refusal.former_works:
        return hint
    return f"{hint} " + _("The code that you were sent before still works.")


def _not_delivered(refusal: codes.NotDelivered) -> CodeRefusal:
    hint = (
        _(
            "Text messages cannot be sent to your number. Ask your administrator for "
            "help."
        )
        if refusal.permanent
        else _("Is the phone on, with a signal? Then ask for another code.")
    )
    title = _("The text message could not be delivered.")
    return CodeRefusal(title, hint, status=503)


def _no_code(_refusal: Any) -> CodeRefusal:
    return CodeRefusal(
        _("No code was sent yet, or the last one was already used."),
        _("Press Get Dynamic Captcha to get a code. Each code works once."),
        status=409,
        field=True,
    )


def _expired(_refusal: Any) -> CodeRefusal:
    return CodeRefusal(
        _("The code has expired."),
        _("Press Get Dynamic Captcha to get a new one."),
        status=422,
        field=True,
    )


def _wrong_code(refusal: codes.WrongCode) -> CodeRefusal:
    if not refusal.tries_left:
        hint = _("That was your last try. Press Get Dynamic Captcha to get a new code.")
    else:
        hint = ngettext(
            "%(count)s try left.", "%(count)s tries left.", refusal.tries_left
        ) % {"count": refusal.tries_left}
    return CodeRefusal(_("Incorrect code."), hint, status=422, field=True)


def format_wait(wait: timedelta) -> str:
    """Return a wait in words, "25 minutes", rounded up: true wherever its reader is."""
    now = timezone.now()
    return timeuntil(now + wait + timedelta(seconds=59), now)


def round_up_seconds(wait: timedelta) -> int:
    """Return whole seconds, rounded up, so that waiting for them is enough."""
    return -int(-wait.total_seconds() // 1)


_DESCRIPTIONS: dict[type[codes.CodeError], Any] = {
    codes.NoPhone: _no_phone,
    codes.Held: _held,
    codes.Locked: _locked,
    codes.NoApp: _no_app,
    codes.TooSoon: _too_soon,
    codes.TooMany: _too_many,
    codes.NotSent: _not_sent,
    codes.MayBeLate: _may_be_late,
    codes.NotDelivered: _not_delivered,
    codes.NoCode: _no_code,
    codes.Expired: _expired,
    codes.WrongCode: _wrong_code,
}
