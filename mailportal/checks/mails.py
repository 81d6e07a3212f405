"""Checks of the settings for mails to owners."""

from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from mailportal.checks.hosts import is_host, is_loopback

# The ports of submission: with implicit TLS, and with STARTTLS (RFC 8314).
SUBMISSIONS, SUBMISSION = 465, 587


def mails_are_sent(**_kwargs: Any) -> list[CheckMessage]:
    """In production: a mail server sends mails, from an address that others accept."""
    found: list[CheckMessage] = []
    if settings.EMAIL_GATEWAY != "smtp":
        text = "EMAIL_GATEWAY writes mails down; nobody gets them."
        hint = "Set EMAIL_GATEWAY=smtp, and EMAIL_HOST."
        found.append(Error(text, hint=hint, id="mailportal.E009"))
    elif not settings.EMAIL_HOST:
        text = "EMAIL_HOST is empty: owners are not told what happens."
        hint = "Name the mail server that takes the portal's mails, as localhost."
        found.append(Error(text, hint=hint, id="mailportal.E019"))
    elif not is_host(settings.EMAIL_HOST):
        text = "EMAIL_HOST is no host name: owners are not told what happens."
        hint = "Give the name alone, without smtp:// or port; EMAIL_PORT has that."
        found.append(Error(text, hint=hint, id="mailportal.E035"))
    if not _is_sender(settings.DEFAULT_FROM_EMAIL):
        text = "EMAIL_FROM is no address that mail servers accept."
        hint = "Give one of your domain, where somebody reads the answers."
        found.append(Error(text, hint=hint, id="mailportal.E010"))
    return found


def mail_servers_password_is_safe(**_kwargs: Any) -> list[CheckMessage]:
    """In production: the connection to the mail server is encrypted."""
    user, password = settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD
    found: list[CheckMessage] = []
    if bool(user) != bool(password):
        text = "EMAIL_HOST_USER and EMAIL_HOST_PASSWORD: one of them is empty."
        hint = "Set both, or neither where the mail server does not ask who it is."
        found.append(Error(text, hint=hint, id="mailportal.E021"))
    host = settings.EMAIL_HOST
    if settings.EMAIL_SECURITY != "none" or not host or is_loopback(host):
        return found
    hint = "Set EMAIL_SECURITY to STARTTLS (port 587) or SSL/TLS (port 465)."
    if user or password:
        text = f"EMAIL_SECURITY is none: the password goes to {host} in clear."
        found.append(Error(text, hint=hint, id="mailportal.E020"))
    else:
        text = f"EMAIL_SECURITY is none: mails to owners go to {host} in clear."
        found.append(checks.Warning(text, hint=hint, id="mailportal.W012"))
    return found


def ports_fit_their_security(**_kwargs: Any) -> list[CheckMessage]:
    """In production: EMAIL_PORT and EMAIL_SECURITY fit together (RFC 8314)."""
    port, security = settings.EMAIL_PORT, settings.EMAIL_SECURITY
    other = {SUBMISSIONS: "SSL/TLS", SUBMISSION: "STARTTLS"}.get(port, security)
    # A server on this machine may accept mails on port 587 without encryption.
    if security == other or (security == "none" and port == SUBMISSION):
        return []
    text = f"EMAIL_PORT {port} has {other}, EMAIL_SECURITY is {security}: no mail goes."
    hint = f"Set EMAIL_SECURITY={other}, or EMAIL_PORT to where that server wants it."
    return [checks.Warning(text, hint=hint, id="mailportal.W017")]


def _is_sender(text: str) -> bool:
    address = parseaddr(text)[1]
    try:
        validate_email(address)
    except ValidationError:
        return False
    # Names that are valid only on this machine (RFC 6761).
    domain = address.rpartition("@")[2].lower()
    return domain.rpartition(".")[2] not in {"localhost", "localdomain", "invalid"}
