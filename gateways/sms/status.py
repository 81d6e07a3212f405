"""What Twilio tells of a message that it took: a request to us, with its signature.

https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks
"""

import re
from typing import Any

from twilio.request_validator import RequestValidator

from gateways.sms.errors import Reason
from gateways.sms.twilio import AUTH_TOKEN, get_reason

SIGNATURE_HEADER = "X-Twilio-Signature"
DELIVERED = "delivered"
_ARRIVED = {DELIVERED, "read"}
_FAILED = {"failed", "undelivered", "canceled"}
CODE = re.compile("[0-9]{1,9}")


class Forged(Exception):
    """The request is not signed by the provider."""


def read_status(url: str, form: Any, signature: str) -> str | Reason | None:
    """Return `DELIVERED`, why it was not, or None while nobody knows.

    Args:
        url: The address that the provider was given for this message.
        form: What it posted, as Django reads forms.
        signature: The header that it sent along.

    Raises:
        Forged: the provider did not sign this.
    """
    validator = RequestValidator(AUTH_TOKEN.value)
    if not AUTH_TOKEN.value or not validator.validate(url, form, signature):
        raise Forged
    status = form.get("MessageStatus", "")
    if status in _ARRIVED:
        return DELIVERED
    if status not in _FAILED:
        return None
    code = form.get("ErrorCode", "")
    return get_reason(int(code) if CODE.fullmatch(code) else 0)
