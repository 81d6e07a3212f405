"""The phone numbers that codes can be sent to: one rule for forms, imports and the API.

The model field checks what is saved; whoever has a text calls `parse`.
"""

import re
import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumber_field.phonenumber import PhoneNumber
from phonenumbers import NumberParseException, PhoneNumberType, number_type

MOBILE = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)
# What Excel makes of a long number, in any of its languages.
SCIENTIFIC_NOTATION = re.compile(r"[+-]?\d+(?:[.,]\d*)?[eE][+-]?\d+")


def parse(typed: str) -> PhoneNumber:
    """Return the phone number that was typed, one that codes can be sent to.

    Blanks, hyphens, brackets, full-width digits and a trunk prefix are accepted.

    Raises:
        ValidationError: what is wrong. The message does not repeat what was typed.
    """
    if SCIENTIFIC_NOTATION.fullmatch(typed):
        raise ValidationError(
            _(
                "A spreadsheet has rounded this number, and digits are lost. Enter it "
                "again, as text."
            )
        )
    plain = unicodedata.normalize("NFKC", typed)
    if "+" not in plain:
        raise ValidationError(
            _("Enter a number that begins with + and the country code.")
        )
    try:
        found: PhoneNumber = PhoneNumber.from_string(typed)
    except NumberParseException:
        raise ValidationError(
            _("Enter a phone number such as +49 1511 2345678.")
        ) from None
    if not found.extension and not _is_all_of(found, plain):
        raise ValidationError(_("Enter one phone number, and only its digits."))
    validate(found)
    return found


def validate(number: PhoneNumber) -> None:
    """Require that text messages to the number can reach one person.

    Landlines do not receive them. A number with an extension belongs to a switchboard,
    and would be stored without its extension.

    Raises:
        ValidationError: what is wrong with the number.
    """
    if number.extension:
        raise ValidationError(_("Codes cannot be sent to an extension."))
    if not number.is_valid():
        raise ValidationError(_("There is no such phone number in its country."))
    if number_type(number) not in MOBILE:
        raise ValidationError(
            _("Enter the number of a mobile phone. Codes do not reach this one.")
        )


def _is_all_of(number: PhoneNumber, typed: str) -> bool:
    """Return whether the digits typed are those of the number, and no more."""
    digits = re.sub(r"\D", "", typed, flags=re.ASCII)
    code = str(number.country_code)
    rest = number.as_e164.removeprefix("+").removeprefix(code)
    return digits in {f"{code}{trunk}{rest}" for trunk in ("", "0", "8")}
