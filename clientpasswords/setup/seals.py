"""Seal a client password for the page that shows it.

The page posts it back to download a profile. In clear it would be in a form field, and
browsers write those to disk. Sealed it is of use to the portal alone, for as long as a
session lasts, and the server stores nothing.
"""

from base64 import urlsafe_b64encode

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.utils.crypto import salted_hmac
from django.views.decorators.debug import sensitive_variables


class BrokenSeal(Exception):
    """The seal is invalid, for another password, or too old."""


@sensitive_variables()
def seal(secret: str, pk: int) -> str:
    """Seal the secret of the client password `pk`."""
    return _fernet(pk).encrypt(secret.encode()).decode()


@sensitive_variables()
def open_seal(sealed: str, pk: int) -> str:
    """Return the secret in the seal of the client password `pk`.

    Raises:
        BrokenSeal: The seal is invalid, for another password, or too old.
    """
    try:
        opened = _fernet(pk).decrypt(sealed.encode(), ttl=settings.SESSION_COOKIE_AGE)
    except InvalidToken:
        raise BrokenSeal from None
    return opened.decode()


@sensitive_variables()
def _fernet(pk: int) -> Fernet:
    key = salted_hmac("clientpasswords.seals", str(pk), algorithm="sha256").digest()
    return Fernet(urlsafe_b64encode(key))
