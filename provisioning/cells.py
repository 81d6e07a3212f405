"""Parse single values of an import or a request: an address, a number, a moment.

Each function returns the parsed value or raises a ValueError. The message says what is
wrong, and never repeats the value.
"""

import re
from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from django.utils import translation
from phonenumber_field.phonenumber import PhoneNumber

from accounts import addresses, mobilenumbers

# RFC 3339, always with hour and time zone.
RFC3339_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)
BOOLEAN_WORDS = {
    **dict.fromkeys(("yes", "true", "1", "y", "on", "t"), True),
    **dict.fromkeys(("no", "false", "0", "n", "off", "f"), False),
}
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
SURROGATE = re.compile("[\ud800-\udfff]")
# Outside of these years, a time may not exist in every time zone.
CALENDAR_YEARS = range(1970, 9999)


def is_text(value: str) -> bool:
    """Whether the text is a single line that every database can store."""
    return CONTROL_CHARACTER.search(value) is None and SURROGATE.search(value) is None


def parse_bool(text: str) -> bool:
    """Return the truth value of the text.

    Raises:
        ValueError: the text means neither yes nor no.
    """
    if text.lower() not in BOOLEAN_WORDS:
        raise ValueError("neither yes nor no")
    return BOOLEAN_WORDS[text.lower()]


def parse_address(text: str) -> str:
    """Return the full address that was meant, as mailboxes are called.

    Raises:
        ValueError: no mailbox can have this address.
    """
    address = addresses.normalise(text)
    try:
        addresses.validate(address)
    except ValidationError as error:
        with translation.override("en"):
            raise ValueError(" ".join(error.messages)) from None
    return address


def parse_phone_number(text: str) -> PhoneNumber:
    """Return the phone number, one that codes can be sent to.

    Raises:
        ValueError: what is wrong with it, in English.
    """
    try:
        return mobilenumbers.parse(text)
    except ValidationError as error:
        with translation.override("en"):
            raise ValueError(" ".join(error.messages)) from None


def parse_moment(text: object) -> datetime:
    """Return the point in time (RFC 3339, with time zone or `Z`) in UTC.

    The offset is not kept: PostgreSQL knows no offset of a whole day.

    Raises:
        ValueError: a part is missing, or the time does not exist.
    """
    if not isinstance(text, str) or not RFC3339_MOMENT.fullmatch(text):
        raise ValueError(
            "no date with time and zone such as 2027-01-31T18:00:00+01:00 (or Z: UTC)"
        )
    try:
        found = datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("there is no such date or time") from None
    if found.year not in CALENDAR_YEARS:
        raise ValueError(
            f"the year is not from {CALENDAR_YEARS[0]} to {CALENDAR_YEARS[-1]}"
        )
    return found
