"""Text messages, sent by the gateway of the settings.

Only the provider gets the text and the number. Neither is logged, and no exception
contains the provider's message, which could repeat both.
"""

from typing import Protocol

from django.conf import settings

from gateways.sms.console import ConsoleGateway
from gateways.sms.errors import NotSent, Reason, SmsError, Unknown
from gateways.sms.memory import MemoryGateway, Message, outbox
from gateways.sms.twilio import TwilioGateway

__all__ = ["Message", "NotSent", "Reason", "SmsError", "Unknown", "outbox", "send"]


class Gateway(Protocol):
    def send(self, number: str, text: str) -> None:
        """Submit `text` for delivery to `number`, or raise NotSent or Unknown."""


_GATEWAYS: dict[str, type[Gateway]] = {
    "console": ConsoleGateway,
    "memory": MemoryGateway,
    "twilio": TwilioGateway,
}


def send(number: str, text: str) -> None:
    """Send a text message by the gateway that settings.SMS_GATEWAY names.

    Args:
        number: The recipient's phone number in E.164 format.
        text: The whole message.

    Raises:
        NotSent: The message will not arrive.
        Unknown: The message may still arrive; a code in it has to stay valid.
    """
    _GATEWAYS[settings.SMS_GATEWAY]().send(number, text)
