"""What somebody meant who typed the address of a mailbox, or the name of a domain.

Mailboxes are called by addresses in lower case, with their domain in ASCII: an
international one in A-labels (`xn--`, RFC 5890). The columns for both normalise what is
saved and looked up (`accounts/models/fields.py`); whoever compares addresses in Python
calls `normalise` first. The mail servers do it by `deploy/dovecot/typed.lua`.
"""

import re
import unicodedata

import idna
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Nothing that a logon name, a doveadm mask or an SQL map could take for its own sign:
# above all no `~`, which joins an address and a credential, and no `*` or `?`. No `+`
# either: Dovecot delivers alice+shop@example.com to alice@example.com.
LOCAL_PART = r"[a-z0-9][a-z0-9._=-]{0,63}"
DOMAIN = r"[a-z0-9-]+(\.[a-z0-9-]+)+"
# What ends a label in Chinese and Japanese (UTS 46, 2.3); NFKC makes the same of the
# narrow one.
FULL_STOP = "\u3002"
# Of no width: a zero width space, a word joiner, a byte order mark.
WITHOUT_WIDTH = "\u200b\u2060\ufeff"


def normalise(typed: str) -> str:
    """Return the address that was meant, or the text in lower case if it is none.

    Capitals, full-width letters, blanks before and behind it, a dot at the end, and an
    international domain in its own letters are accepted.
    """
    text = _in_lower_case(typed)
    name, at, domain = text.rpartition("@")
    return f"{name}{at}{_in_ascii(domain)}" if at else text


def normalise_beginning(typed: str) -> str:
    """Return the beginning of an address that was meant."""
    text = _in_lower_case(typed)
    return text if text.isascii() else normalise(text)


def normalise_domain(typed: str) -> str:
    """Return the domain that was meant, or the text in lower case if it is none."""
    return _in_ascii(_in_lower_case(typed))


def validate(address: str) -> None:
    """Require a normalised address to be one that a mailbox can have.

    Raises:
        ValidationError: which part of it is wrong.
    """
    name, at, domain = address.rpartition("@")
    if "<" in address or ">" in address:
        message = _("Enter the address alone, without a name and < >.")
    elif not at or not re.fullmatch(LOCAL_PART, name):
        message = _("Enter a full address of letters, digits and . _ = - before the @.")
    elif not re.fullmatch(DOMAIN, domain):
        message = _("Enter a domain name such as example.com after the @.")
    else:
        return
    raise ValidationError(message, code="invalid")


def _in_lower_case(typed: str) -> str:
    if typed.isascii():
        return typed.strip(" ").lower()
    blanks = {sign for sign in typed if unicodedata.category(sign).startswith("Z")}
    text = typed.strip("".join(blanks) + WITHOUT_WIDTH)
    return unicodedata.normalize("NFKC", text).replace(FULL_STOP, ".").lower()


def _in_ascii(domain: str) -> str:
    """Return a domain in its A-labels, by the rules of UTS 46."""
    domain = domain.removesuffix(".")
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode()
    except idna.IDNAError:
        return domain
