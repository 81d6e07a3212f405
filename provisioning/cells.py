"""Parse single values of an import or a request: an address, a number, a moment.

Each function returns the parsed value or raises a ValueError. The message says what is
wrong, and never repeats the value.
"""

import re
import unicodedata
from datetime import UTC, datetime

from django.core.exceptions import ValidationError
from phonenumber_field.phonenumber import PhoneNumber
from phonenumbers import NumberParseException

from accounts import phones
from accounts.models.account import ADDRESS

SCIENTIFIC_NOTATION = re.compile(
    r"[+-]?\d+([.,]\d*)?E[+-]?\d+", re.IGNORECASE | re.ASCII
)
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


def _is_address(text: str) -> bool:
    """Whether the text is a full address in lower case."""
    try:
        ADDRESS(text)
    except ValidationError:
        return False
    return True


def parse_address(text: str) -> str:
    """Return the full address in lower case.

    Raises:
        ValueError: no mailbox can have this address.
    """
    lowered = text.lower()
    name, at, domain = text.rpartition("@")
    if text.isascii() and _is_address(lowered):
        return lowered
    if "<" in text or ">" in text:
        raise ValueError("more than the address: leave the name and < > out")
    if at and name.isascii() and _is_address(f"{name.lower()}@domain.example"):
        raise ValueError(
            "what is after the @ is no domain of letters from a to z, digits and "
            f"hyphens, with dots between them{_domain_hint(domain)}"
        )
    raise ValueError("no full address of letters, digits and . _ + = - before the @")


def _domain_hint(domain: str) -> str:
    if not domain.isascii():
        return "; an international domain is written in its xn-- form"
    return "; it ends with a dot" if domain.endswith(".") else ""


def parse_phone_number(text: str) -> PhoneNumber:
    """Return the phone number, one that codes can be sent to.

    Blanks, hyphens, brackets and a trunk prefix are accepted.

    Raises:
        ValueError: not exactly one valid number, or not a mobile number.
    """
    if SCIENTIFIC_NOTATION.fullmatch(text):
        raise ValueError(
            "a spreadsheet has rounded the number, and digits are lost: make the "
            "column one of text, and fill it anew"
        )
    plain = unicodedata.normalize("NFKC", text)
    if "+" not in plain:
        raise ValueError(
            "no telephone number that begins with + and the country code, such as "
            "+49 1511 2345678"
        )
    try:
        found: PhoneNumber = PhoneNumber.from_string(text)
    except NumberParseException:
        raise ValueError("no telephone number such as +49 1511 2345678") from None
    if found.extension:
        raise ValueError("codes cannot be sent to an extension")
    digits = re.sub(r"\D", "", plain, flags=re.ASCII)
    code, rest = str(found.country_code), found.as_e164.removeprefix("+")
    rest = rest.removeprefix(code)
    if digits not in {f"{code}{trunk}{rest}" for trunk in ("", "0", "8")}:
        raise ValueError("more than one telephone number, or not only digits")
    if not found.is_valid():
        raise ValueError("no telephone number of its country")
    if not phones.can_get_codes(found):
        raise ValueError("no mobile number: codes to it would reach nobody")
    return found


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
