"""Checks of the host: names, TLS, proxies, database, modes, files."""

import os
import re
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error

# A leading dot stands for every name below.
HOST_NAME = re.compile(r"\.?[a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:.]+\]", re.IGNORECASE)
MAX_PROXIES = 2  # a load balancer and the web server


def is_host(text: str) -> bool:
    """Return whether the text is a host name or an IP address, and nothing else.

    It must have no scheme, user, port or path. Internationalised names (RFC 5890) are
    allowed.
    """
    try:
        ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return re.fullmatch(r"[^\s/@:?#\[\]]+", text) is not None
    return True


def is_https(url: Any) -> bool:
    """Return whether this is a valid https URL with a host."""
    try:
        parts = urlsplit(str(url))
        has_port = parts.port != 0  # raises ValueError if it is not a number
    except ValueError:
        return False
    return parts.scheme == "https" and has_port and is_host(parts.hostname or "")


def is_loopback(host: str) -> bool:
    """Return whether the host is this machine: loopback, or "localhost"."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def host_names_are_named(**_kwargs: Any) -> list[CheckMessage]:
    """In production: ALLOWED_HOSTS lists the portal's own names, and no others."""
    hosts, found = settings.ALLOWED_HOSTS, list[CheckMessage]()
    hint = "Give the names under which browsers reach the portal, and no others."
    if not hosts:
        text = "ALLOWED_HOSTS is empty: every page is answered 400."
        found.append(Error(text, hint=hint, id="mailportal.E024"))
    for host in hosts:
        if host == "*":
            text = "ALLOWED_HOSTS takes every name: links may lead to a stranger's."
            found.append(Error(text, hint=hint, id="mailportal.E023"))
        elif not HOST_NAME.fullmatch(host):
            text = f"ALLOWED_HOSTS: {host} is no host name; it never fits."
            mend = "Give the name alone, without https://, port or path."
            found.append(Error(text, hint=mend, id="mailportal.E025"))
        elif host.startswith("."):
            text = f"ALLOWED_HOSTS: {host} takes every name below it."
            found.append(checks.Warning(text, hint=hint, id="mailportal.W011"))
    return found


def modes_are_for_owners(**_kwargs: Any) -> list[CheckMessage]:
    """In production: DEBUG is off, HTTPS is on, and READ_ONLY is off."""
    found: list[CheckMessage] = []
    if settings.DEBUG:
        text = "DEBUG shows whoever makes an error happen the portal's insides."
        hint = "Delete the line, or set DEBUG=false."
        found.append(Error(text, hint=hint, id="mailportal.E026"))
    if not settings.HTTPS:
        text = "HTTPS is off: passwords and sessions go over the network in clear."
        hint = "Get a certificate for the web server, and set HTTPS=true."
        found.append(Error(text, hint=hint, id="mailportal.E027"))
    if settings.READ_ONLY:
        text = "READ_ONLY is on: owners and administrators can change nothing."
        hint = "Set READ_ONLY=false once the move is over."
        found.append(checks.Warning(text, hint=hint, id="mailportal.W004"))
    return found


def proxies_are_counted(**_kwargs: Any) -> list[CheckMessage]:
    """In production: TRUSTED_PROXIES is plausible; limits depend on it."""
    proxies = settings.TRUSTED_PROXIES
    if settings.HTTPS and not proxies:
        text = (
            "TRUSTED_PROXIES is 0: behind a web server every browser has the web"
            " server's address, and is redirected to HTTPS without an end."
        )
        hint = "Set TRUSTED_PROXIES=1 behind the nginx of deploy/nginx."
        return [checks.Warning(text, hint=hint, id="mailportal.W002")]
    if proxies > MAX_PROXIES:
        text = (
            f"TRUSTED_PROXIES is {proxies}: with fewer than that in front, whoever"
            " writes X-Forwarded-For chooses the address that limits count for."
        )
        hint = "Count the web server, and each load balancer before it: no more."
        return [checks.Warning(text, hint=hint, id="mailportal.W003")]
    return []


def database_is_for_many(**_kwargs: Any) -> list[CheckMessage]:
    """In production: the database is a server, or a file on a small host."""
    database = settings.DATABASES["default"]
    if database["ENGINE"] != "django.db.backends.sqlite3":
        return []
    if database["NAME"] == ":memory:":
        text = "DATABASE_URL is in memory: each process has its own, and none stays."
        hint = "Take PostgreSQL, or on a small host sqlite:////FOLDER/FILE."
        return [Error(text, hint=hint, id="mailportal.E033")]
    text = (
        "DATABASE_URL is SQLite: one write at a time, and one machine for portal"
        " and mail server."
    )
    hint = "Take PostgreSQL, unless this is a small host: then all is well."
    return [checks.Warning(text, hint=hint, id="mailportal.W005")]


def own_files_can_be_written(**_kwargs: Any) -> list[CheckMessage]:
    """In production: the user who runs the check can write to VAR.

    It should be run as the portal's user.
    """
    folder = settings.VAR
    if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK):
        return []
    what = "can be written by this user" if folder.is_dir() else "is there"
    text = f"VAR names {folder}, and no such folder {what}."
    hint = "Make the folder and give it to the portal's user, as whom this is asked."
    return [Error(text, hint=hint, id="mailportal.E034")]
