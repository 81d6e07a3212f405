"""The texts for refusals: what was refused, what to do, and the HTTP status."""

from typing import Any

from django.utils.translation import gettext as _

from accounts import code_refusals, codes
from accounts.code_refusals import (
    CodeRefusal,
    describe_delivery_failure,
    round_up_seconds,
)
from clientpasswords import lifecycle

__all__ = [
    "CodeRefusal",
    "describe_delivery_failure",
    "describe_refusal",
    "round_up_seconds",
]


def describe_refusal(refusal: lifecycle.Refused | codes.CodeError) -> CodeRefusal:
    """Return the words for a refusal."""
    if isinstance(refusal, codes.CodeError):
        return code_refusals.describe_refusal(refusal)
    found: CodeRefusal = _WORDS[type(refusal)](refusal)
    return found


def _third_party_logon_off(_refusal: Any) -> CodeRefusal:
    return CodeRefusal(
        _("Third-party client logon is off for your mailbox."),
        _("You cannot create security passwords. Ask your administrator."),
        status=403,
        final=True,
    )


def _not_in_force(_refusal: Any) -> CodeRefusal:
    return CodeRefusal(
        _("Security passwords are turned off."),
        _("Turn on Third-Party Client Security Password first."),
        status=409,
        final=True,
    )


def _limit_reached(_refusal: Any) -> CodeRefusal:
    return CodeRefusal(
        _("You have reached the limit for security passwords."),
        _("Delete one that you no longer use. No text message was sent."),
        status=409,
        final=True,
    )


def _being_replaced(_refusal: Any) -> CodeRefusal:
    return CodeRefusal(
        _("A new password for this device was already created."),
        _(
            "It replaces the old one as soon as the device uses it. If it got lost, "
            "delete it; then you can create another. No text message was sent."
        ),
        status=409,
        final=True,
    )


def _required(_refusal: Any) -> CodeRefusal:
    return CodeRefusal(
        _("Your administrator requires security passwords."),
        _("You cannot turn this off."),
        status=403,
        final=True,
    )


def _no_code_needed(_refusal: Any) -> CodeRefusal:
    return CodeRefusal(
        _("No code is needed for this."),
        _("No text message was sent."),
        status=409,
        final=True,
    )


_WORDS: dict[type[lifecycle.Refused], Any] = {
    lifecycle.ThirdPartyLogonOff: _third_party_logon_off,
    lifecycle.NotInForce: _not_in_force,
    lifecycle.LimitReached: _limit_reached,
    lifecycle.BeingReplaced: _being_replaced,
    lifecycle.Required: _required,
    lifecycle.NoCodeNeeded: _no_code_needed,
}
