"""Exceptions of text messages, without the provider's texts, which may have secrets."""

from enum import StrEnum


class Reason(StrEnum):
    BAD_NUMBER = "bad-number"
    OPTED_OUT = "opted-out"
    REGION = "region"
    CREDENTIALS = "credentials"
    TOO_MANY = "too-many"
    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    PROVIDER = "provider"


class SmsError(Exception):
    """The provider did not confirm the message."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason.value)
        self.reason = reason


class NotSent(SmsError):
    """The message will not arrive."""


class Unknown(SmsError):
    """The message may still arrive."""
