"""Every setting that the environment gives: how it is read, and what it may be.

Any value may instead be given as the name of a file that holds it: SECRET_KEY_FILE=…
`.env.example` explains each to the operator.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environs import FileAwareEnv, validate

BASE_DIR = Path(__file__).resolve().parent.parent

# The default of what has to be set.
REQUIRED = ...


@dataclass(frozen=True)
class Setting:
    """One variable of the environment.

    Args:
        name: The variable's.
        kind: The method of environs that reads it.
        default: Where it is not set; REQUIRED where it has to be.
        validate: Refuses what may not be taken.
    """

    name: str
    kind: str
    default: Any
    validate: Callable[[Any], Any] | None = None


def _choice(name: str, default: str, *others: str) -> Setting:
    return Setting(name, "str", default, validate.OneOf([default, *others]))


SETTINGS = {
    setting.name: setting
    for setting in (
        # --- where it runs ---
        Setting("SECRET_KEY", "str", REQUIRED, validate.Length(min=50)),
        Setting("ALLOWED_HOSTS", "list", []),
        Setting("DATABASE_URL", "dj_db_url", REQUIRED),
        Setting("VAR", "path", BASE_DIR / "var"),
        Setting("HTTPS", "bool", default=True),
        Setting("TRUSTED_PROXIES", "int", 0),
        Setting("READ_ONLY", "bool", default=False),
        Setting("DEBUG", "bool", default=False),
        Setting("TIME_ZONE", "str", "UTC"),
        Setting("SUPPORT_ADDRESS", "str", ""),
        # --- sites ---
        Setting("MAIL_SITES", "json", []),
        Setting("MAIL_SITE", "str", ""),
        Setting("PROFILE_CERTIFICATE", "str", ""),
        Setting("PROFILE_KEY", "str", ""),
        # --- the mail server ---
        Setting("DOVEADM_URLS", "list", []),
        Setting("DOVEADM_API_KEY", "str", ""),
        Setting("WEBMAIL_NETWORKS", "list", []),
        Setting("CLIENT_PASSWORD_ARGON2_MEMORY", "int", 256),
        Setting("REVOKED_KEPT_DAYS", "int", 90),
        Setting("TOLD_DAYS_BEFORE", "int", 7, validate.Range(min=1)),
        Setting("LOGONS_KEPT_DAYS", "int", 90),
        Setting("LOGONS_KEPT_AN_ACCOUNT", "int", 200),
        Setting("GUESSES_PER_ACCOUNT_HOUR", "int", 20),
        # --- text messages ---
        _choice("SMS_GATEWAY", "console", "twilio", "memory"),
        Setting("TWILIO_ACCOUNT_SID", "str", ""),
        Setting("TWILIO_AUTH_TOKEN", "str", ""),
        Setting("TWILIO_MESSAGING_SERVICE_SID", "str", ""),
        Setting("TWILIO_SENDER", "str", ""),
        Setting("TWILIO_API_URL", "str", "https://api.twilio.com"),
        Setting("TWILIO_TIMEOUT", "float", 5.0),
        # --- mail to owners ---
        _choice("EMAIL_GATEWAY", "smtp", "filebased"),
        Setting("EMAIL_HOST", "str", "localhost"),
        Setting("EMAIL_PORT", "int", 25),
        _choice("EMAIL_SECURITY", "none", "STARTTLS", "SSL/TLS"),
        Setting("EMAIL_HOST_USER", "str", ""),
        Setting("EMAIL_HOST_PASSWORD", "str", ""),
        Setting("EMAIL_TIMEOUT", "float", 10.0),
        Setting("EMAIL_FROM", "str", "mailportal@localhost"),
        Setting("MAILS_PER_KIND_HOUR", "int", 3),
        # --- limits ---
        Setting("PHONE_HOLD_HOURS", "int", 24),
        Setting("CODES_PER_ACCOUNT_HOUR", "int", 12),
        Setting("CODES_PER_ACCOUNT_DAY", "int", 30),
        Setting("CODES_PER_NUMBER_DAY", "int", 30),
        Setting("CODES_PER_NETWORK_HOUR", "int", 20),
        Setting("CODES_PER_COUNTRY_DAY", "int", 200),
        Setting("CODES_PER_DAY", "int", 2000),
        Setting("SIGN_IN_FAILURES_PER_NAME_AND_NETWORK", "int", 5),
        Setting("SIGN_IN_FAILURES_PER_NAME", "int", 50),
        Setting("SIGN_IN_FAILURES_PER_NETWORK", "int", 200),
        Setting("API_REQUESTS_PER_MINUTE", "int", 600),
        Setting("API_REFUSALS_PER_NETWORK_MINUTE", "int", 30),
    )
}

# What stands for a value that cannot be read, until `seal` says so.
_STAND_INS: dict[str, Any] = {"str": "\0", "dj_db_url": {}}


class Environment:
    """Reads the settings; collects mistakes until `seal`."""

    def __init__(self) -> None:
        self._env = FileAwareEnv(eager=False, strip_whitespace=True)

    def read(self, name: str, default: Any = None) -> Any:
        """The value of a setting, or its default."""
        setting = SETTINGS[name]
        default = setting.default if default is None else default
        method = getattr(self._env, setting.kind)
        if setting.kind == "dj_db_url":
            value = method(name, default)
        else:
            value = method(name, default, validate=setting.validate)
        if value is not None:
            return value
        return _STAND_INS[setting.kind] if setting.default is REQUIRED else default

    def seal(self) -> None:
        """Go on only if no value was wrong.

        Raises:
            EnvValidationError: what is wrong, of all of them.
        """
        self._env.seal()
