"""Text messages, sent by the gateway of the settings.

Only the provider gets the text and the number. Neither is logged, and no exception
contains the provider's message, which could repeat both.

A new provider is a module here with its `Gateway`, which says its settings; a row of
`GATEWAYS`; and its settings in .env.example, in tools/production.env and in the manual.
"""

from django.conf import settings

from gateways.sms.console import ConsoleGateway
from gateways.sms.errors import NotSent, Reason, SmsError, Unknown
from gateways.sms.gateway import Gateway, GatewaySetting
from gateways.sms.memory import MemoryGateway, Message, outbox
from gateways.sms.status import DELIVERED, SIGNATURE_HEADER, Forged, read_status
from gateways.sms.twilio import TwilioGateway

__all__ = [
    "DELIVERED",
    "GATEWAYS",
    "GATEWAY_SETTINGS",
    "SIGNATURE_HEADER",
    "Forged",
    "GatewaySetting",
    "Message",
    "NotSent",
    "Reason",
    "SmsError",
    "Unknown",
    "get_callback_url",
    "outbox",
    "read_status",
    "send",
]


# By their names in SMS_GATEWAY; the first is the default.
GATEWAYS: dict[str, type[Gateway]] = {
    "console": ConsoleGateway,
    "twilio": TwilioGateway,
    "memory": MemoryGateway,
}
GATEWAY_SETTINGS: list[GatewaySetting] = [
    setting for gateway in GATEWAYS.values() for setting in gateway.own_settings
]


def get_callback_url() -> str:
    """Return where the provider tells us what became of messages; "" if it does not."""
    callback = GATEWAYS[settings.SMS_GATEWAY].callback
    return str(callback.value) if callback else ""


def send(number: str, text: str, *, status_url: str = "") -> None:
    """Send a text message by the gateway that settings.SMS_GATEWAY names.

    Args:
        number: The recipient's phone number in E.164 format.
        text: The whole message.
        status_url: Where the provider tells what becomes of it; not by all gateways.

    Raises:
        NotSent: The message will not arrive.
        Unknown: The message may still arrive; a code in it has to stay valid.
    """
    more = {"status_url": status_url} if status_url else {}
    GATEWAYS[settings.SMS_GATEWAY]().send(number, text, **more)
