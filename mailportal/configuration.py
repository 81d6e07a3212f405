"""The settings from the environment: their types, defaults and valid values.

Any value can be in a file instead: SECRET_KEY_FILE=… names it. `.env.example` explains
each setting to the operator. This module refuses invalid values, in one sentence each,
before anything starts. `mailportal.checks` checks how settings fit together, and
whether they fit a host in production.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ImproperlyConfigured
from environs import EnvNotSetError, EnvValidationError, FileAwareEnv

from gateways import sms

BASE_DIR = Path(__file__).resolve().parent.parent

# The default of settings without a default.
REQUIRED = ...
# A request takes up to a second more. gunicorn ends it after 10 s, nginx after 15 s.
LONGEST_CALL = 9  # seconds


class WrongSettings(ImproperlyConfigured):
    """The environment has mistakes; the message has a line for each, without values."""


@dataclass(frozen=True)
class Setting:
    """One variable of the environment.

    Args:
        name: The name of the variable.
        kind: The method of environs that reads it.
        default: The value if it is not set; REQUIRED if it has to be set.
        may_be: The valid values, as the end of the sentence "NAME has to be …".
        accepts: Returns whether a value of the right kind is valid.
        is_secret: Whether whoever knows it could act as the portal.
        lowest: The least valid number.
        highest: The greatest valid number.
    """

    name: str
    kind: str
    default: Any
    may_be: str
    accepts: Callable[[Any], bool] = lambda _value: True
    is_secret: bool = False
    lowest: float = 0
    highest: float = 0


def _text(name: str, default: Any = "") -> Setting:
    return Setting(name, "str", default, "text in UTF-8")


def _secret(name: str) -> Setting:
    return Setting(name, "str", "", "text in UTF-8", is_secret=True)


def _switch(name: str, *, default: bool) -> Setting:
    return Setting(name, "bool", default, "true or false")


def _list(name: str, of: str) -> Setting:
    return Setting(name, "list", [], f"{of} with commas between them")


def _choice(name: str, default: str, *others: str) -> Setting:
    values = (default, *others)
    may_be = f"{', '.join(values[:-1])} or {values[-1]}"
    return Setting(name, "str", default, may_be, values.__contains__)


def _number(name: str, default: float, unit: str, least: float, most: float) -> Setting:
    kind = "int" if isinstance(default, int) else "float"
    whole = "whole " if kind == "int" else ""
    return Setting(
        name,
        kind,
        default,
        f"a {whole}number from {least} to {most} ({unit})",
        lambda value: bool(least <= value <= most),
        lowest=least,
        highest=most,
    )


def _read_as(setting: sms.GatewaySetting) -> Setting:
    """How a gateway's own setting is read."""
    if isinstance(setting.default, float):
        return _number(setting.name, setting.default, "seconds", 0.5, LONGEST_CALL)
    is_secret = setting.is_secret
    return _secret(setting.name) if is_secret else _text(setting.name, setting.default)


def _is_database(value: dict[str, Any]) -> bool:
    """Return whether this is PostgreSQL or SQLite, for which the logon views are made.

    A file of SQLite needs an absolute path. With fewer slashes in the URL, it would be
    relative to the working directory, or in memory. A database in memory is accepted
    only as sqlite://:memory:, which has no HOST.
    """
    kind = value.get("ENGINE", "").removeprefix("django.db.backends.")
    name = str(value.get("NAME", ""))
    if kind == "sqlite3":
        is_file = Path(name).is_absolute() and not value.get("HOST")
        return is_file or (name == ":memory:" and "HOST" not in value)
    return kind == "postgresql" and bool(name)


def _is_time_zone(value: str) -> bool:
    try:
        ZoneInfo(value)
    except (KeyError, OSError, ValueError):  # unknown, a folder, an invalid name
        return False
    return True


def _are_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) for each in value)


SETTINGS = {
    setting.name: setting
    for setting in (
        # --- where it runs ---
        Setting(
            "SECRET_KEY",
            "str",
            REQUIRED,
            "50 characters or more, at random",
            accepts=lambda value: len(value) >= 50,  # noqa: PLR2004 (as Django wants)
            is_secret=True,
        ),
        _list("ALLOWED_HOSTS", "host names"),
        Setting(
            "DATABASE_URL",
            "dj_db_url",
            REQUIRED,
            "postgres://USER@HOST/NAME or sqlite:////FOLDER/FILE",
            _is_database,
        ),
        Setting(
            "VAR",
            "path",
            BASE_DIR / "var",
            "the name of a folder, from / on",
            Path.is_absolute,
        ),
        _switch("HTTPS", default=True),
        _number("TRUSTED_PROXIES", 0, "proxies", 0, 10),
        _switch("READ_ONLY", default=False),
        _switch("DEBUG", default=False),
        Setting(
            "TIME_ZONE", "str", "UTC", "a time zone, like Europe/Berlin", _is_time_zone
        ),
        _text("SUPPORT_ADDRESS"),
        # --- sites ---
        Setting("MAIL_SITES", "json", [], "a JSON list of objects", _are_objects),
        _text("MAIL_SITE"),
        _text("PROFILE_CERTIFICATE"),
        _secret("PROFILE_KEY"),
        # --- the mail server ---
        _list("DOVEADM_URLS", "addresses, like https://HOST:PORT/doveadm/v1,"),
        _secret("DOVEADM_API_KEY"),
        _text("MAIL_HOME", "/srv/mail/%u"),
        _list("WEBMAIL_NETWORKS", "networks, like 192.0.2.10/32,"),
        # Dovecot's workers have memory for the highest value (`vsz_limit`).
        _number("CLIENT_PASSWORD_ARGON2_MEMORY", 256, "KiB", 8, 256 * 1024),
        _number("REVOKED_KEPT_DAYS", 90, "days", 0, 3650),
        _number("TOLD_DAYS_BEFORE", 7, "days", 1, 365),
        _number("LOGONS_KEPT_DAYS", 90, "days", 1, 3650),
        _number("LOGONS_KEPT_AN_ACCOUNT", 200, "logons", 1, 100_000),
        _number("GUESSES_PER_ACCOUNT_HOUR", 20, "guesses", 1, 100_000),
        # --- text messages ---
        _choice("SMS_GATEWAY", *sms.GATEWAYS),
        *map(_read_as, sms.GATEWAY_SETTINGS),
        # --- mail to owners ---
        _choice("EMAIL_GATEWAY", "smtp", "filebased", "console"),
        _text("EMAIL_HOST", "localhost"),
        _number("EMAIL_PORT", 25, "a port", 1, 65535),
        _choice("EMAIL_SECURITY", "none", "STARTTLS", "SSL/TLS"),
        _text("EMAIL_HOST_USER"),
        _secret("EMAIL_HOST_PASSWORD"),
        _number("EMAIL_TIMEOUT", 10.0, "seconds", 0.5, 60),
        _text("EMAIL_FROM", "mailportal@localhost"),
        _number("MAILS_PER_KIND_HOUR", 3, "mails", 1, 1000),
        # --- limits ---
        _number("PHONE_HOLD_HOURS", 24, "hours", 0, 720),
        _number("CODES_PER_ACCOUNT_HOUR", 12, "codes", 1, 1000),
        _number("CODES_PER_ACCOUNT_DAY", 30, "codes", 1, 10_000),
        _number("CODES_PER_NUMBER_DAY", 30, "codes", 1, 10_000),
        _number("CODES_NOT_SENT_PER_5_MINUTES", 10, "codes", 1, 10_000),
        _number("CODES_PER_NETWORK_HOUR", 20, "codes", 1, 100_000),
        _number("CODES_PER_COUNTRY_DAY", 200, "codes", 1, 1_000_000),
        _number("CODES_PER_DAY", 2000, "codes", 1, 1_000_000),
        _number("SIGN_IN_FAILURES_PER_NAME_AND_NETWORK", 5, "tries", 1, 1000),
        _number("SIGN_IN_FAILURES_PER_NAME", 50, "tries", 1, 10_000),
        _number("SIGN_IN_FAILURES_PER_NETWORK", 200, "tries", 1, 100_000),
        _number("API_REQUESTS_PER_MINUTE", 600, "requests", 1, 1_000_000),
        _number("API_REFUSALS_PER_NETWORK_MINUTE", 30, "requests", 1, 100_000),
    )
}

# Values for required settings that were refused, until `seal` raises.
_STAND_INS: dict[str, Any] = {"str": "\0", "dj_db_url": {}}


def get_variables() -> dict[str, str]:
    """Return all variables of the environment."""
    return dict(os.environ)


class Environment:
    """Reads settings and collects mistakes, which `seal` raises."""

    def __init__(self) -> None:
        self._env = FileAwareEnv(strip_whitespace=True)
        self._mistakes: list[str] = []

    def read(self, name: str, default: Any = None) -> Any:
        """Return the value of a setting, or its default.

        A mistake is recorded for `seal`; then the value is a default or a stand-in.
        """
        setting = SETTINGS[name]
        default = setting.default if default is None else default
        try:
            value = self._accepted(setting, default)
        except WrongSettings as mistake:
            self._mistakes.append(str(mistake))
            required = setting.default is REQUIRED
            value = _STAND_INS[setting.kind] if required else default
        return value

    def seal(self) -> None:
        """Check that no value was refused.

        Raises:
            WrongSettings: with one line for each refused value.
        """
        if self._mistakes:
            raise WrongSettings("\n".join(self._mistakes))

    def _accepted(self, setting: Setting, default: Any) -> Any:
        """Read and check one setting.

        Raises:
            WrongSettings: it is missing, unreadable or invalid.
        """
        name, has_to = setting.name, f"has to be {setting.may_be}."
        file = os.environ.get(f"{name}_FILE")
        # Messages name the variable that was read.
        wrong = f"{name}_FILE names {file}, whose text" if file else name
        try:
            value = getattr(self._env, setting.kind)(name, default)
        except EnvNotSetError:
            raise WrongSettings(f"{name} is not set. It {has_to}") from None
        except EnvValidationError:
            raise WrongSettings(f"{wrong} {has_to}") from None
        except (OSError, ValueError) as error:
            cause = error.__cause__ or error
            not_utf_8 = isinstance(cause, UnicodeDecodeError) and "it is not UTF-8"
            reason = getattr(cause, "strerror", not_utf_8)
            if not file or not reason:
                raise WrongSettings(f"{wrong} {has_to}") from None
            text = f"{name}_FILE names {file}, which cannot be read: {reason}."
            raise WrongSettings(text) from None
        if file and value in ("", []):
            raise WrongSettings(f"{name}_FILE names {file}, which is empty.")
        if isinstance(value, list) and setting.kind == "list":
            value = [each.strip() for each in value if each.strip()]
        if not setting.accepts(value):
            raise WrongSettings(f"{wrong} {has_to}")
        return value
