"""Exceptions of text messages, without the provider's texts, which may have secrets."""

from enum import StrEnum


class Reason(StrEnum):
    """Why a message did not arrive."""

    BAD_NUMBER = "bad-number"
    OPTED_OUT = "opted-out"
    REGION = "region"
    NO_ROUTE = "no-route"
    SENDER = "sender"
    CREDENTIALS = "credentials"
    FILTERED = "filtered"
    REFUSED = "refused"
    HANDSET = "handset"
    TOO_MANY = "too-many"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    PROVIDER = "provider"

    @property
    def is_permanent(self) -> bool:
        """Whether asking again cannot help until somebody has changed something."""
        return self not in _PASSES


# What passes by itself.
_PASSES = {
    Reason.HANDSET,
    Reason.TOO_MANY,
    Reason.UNREACHABLE,
    Reason.TIMEOUT,
    Reason.PROVIDER,
}


class SmsError(Exception):
    """The provider did not confirm the message."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class NotSent(SmsError):
    """The message will not arrive."""


class Unknown(SmsError):
    """The message may still arrive."""
