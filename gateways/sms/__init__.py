"""The one way out for text messages.

A text is handed to the provider and to nobody else: neither it nor the number is ever
logged, and no error carries words of the provider, which may repeat both.
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
        """Hand `text` over for delivery to `number`, or raise NotSent or Unknown."""


_GATEWAYS: dict[str, type[Gateway]] = {
    "console": ConsoleGateway,
    "memory": MemoryGateway,
    "twilio": TwilioGateway,
}


def send(number: str, text: str) -> None:
    """Send by the gateway that settings.SMS_GATEWAY names.

    Args:
        number: The recipient's, in E.164 form.
        text: The whole message.

    Raises:
        NotSent: It will surely not arrive.
        Unknown: It may still arrive, so whatever it says must stay true.
    """
    _GATEWAYS[settings.SMS_GATEWAY]().send(number, text)
