"""Reading a code that somebody typed or pasted: the only home of that rule.

Keyboards of Chinese and Japanese write full-width digits, people put blanks or hyphens
between groups, and telephones copy the whole message. All of it is the same code.
"""

import re
import unicodedata
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.passwordformat import ALPHABET, RECOVERY_LENGTH

MAX_LENGTH = 500  # longer than any message of ours
# Blanks of all kinds, what is invisible, and what stands for a hyphen.
BETWEEN_GROUPS = re.compile(r"[\s\u200b-\u200f\u2060\ufeff\u00ad\u2010-\u2015\u2212-]+")
# Not within a word, a number or a name of a host, of whose letters all are ASCII.
RUN = re.compile(r"(?<![0-9A-Za-z.-])[0-9]+(?![0-9A-Za-z-]|\.[0-9A-Za-z])")


RECOVERY_CODE = re.compile(f"[{ALPHABET}]{{{RECOVERY_LENGTH}}}")


class SeveralCodes(Exception):
    """The text has more than one code in it."""


def read_code(text: str, lengths: tuple[int, ...] = (6,)) -> str | None:
    """Return the only code of one of these lengths in the text; None without one.

    The text is brought to the form NFKC (Unicode Standard Annex 15) first. The same
    code twice, as in our text messages, is one.

    Raises:
        SeveralCodes: there are others beside it.
    """
    plain = unicodedata.normalize("NFKC", text)
    joined = BETWEEN_GROUPS.sub("", plain)
    if re.fullmatch(r"[0-9]+", joined) and len(joined) in lengths:
        return joined
    found = {run for run in RUN.findall(plain) if len(run) in lengths}
    if len(found) > 1:
        raise SeveralCodes
    return found.pop() if found else None


def read_recovery_code(text: str) -> str | None:
    """Return the recovery code; None if the text is none.

    Capitals, blanks and hyphens do not matter, as in a security password.
    """
    plain = unicodedata.normalize("NFKC", text)
    joined = BETWEEN_GROUPS.sub("", plain).lower()
    return joined if RECOVERY_CODE.fullmatch(joined) else None


class CodeField(forms.CharField):
    """A field for a code, which browsers and telephones know how to fill in.

    What may be pasted has no pattern, so that browsers let it through.
    """

    default_error_messages = {
        "no_code": _("The code has six digits."),
        "several_codes": _("There is more than one code in this text. Enter only one."),
    }

    def __init__(self, *, lengths: tuple[int, ...] = (6,), **options: Any) -> None:
        self.lengths = lengths
        super().__init__(max_length=MAX_LENGTH, **options)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Return what browsers, telephones and password managers read."""
        return super().widget_attrs(widget) | {
            "inputmode": "numeric",
            "autocomplete": "one-time-code",
            "autocapitalize": "none",
            "spellcheck": "false",
        }

    def clean(self, value: Any) -> str:
        """Return the digits; "" if nothing was typed and nothing has to be."""
        text: str = super().clean(value)
        if not text:
            return ""
        try:
            code = read_code(text, self.lengths)
        except SeveralCodes:
            raise forms.ValidationError(
                self.error_messages["several_codes"], code="several_codes"
            ) from None
        if code is None:
            raise forms.ValidationError(self.error_messages["no_code"], code="no_code")
        return code


class SecondFactorField(CodeField):
    """A field for a code of the authenticator app that takes a recovery code as well.

    Nobody has to know which of the two fields is for which.
    """

    default_error_messages = {
        "no_code": _("A code has six digits, a recovery code ten letters and digits."),
    }

    def clean(self, value: Any) -> str:
        """Return the code; "" if nothing was typed and nothing has to be."""
        return read_recovery_code(str(value or "")) or super().clean(value)


class RecoveryCodeField(SecondFactorField):
    """The same with a keyboard of letters, into which no code is filled by itself."""

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return super().widget_attrs(widget) | {
            "inputmode": "text",
            "autocomplete": "off",
        }
