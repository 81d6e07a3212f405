"""The settings of Django and of the portal.

Settings that differ between hosts come from the environment. `mailportal.configuration`
lists these variables, and `.env.example` explains each. All mistakes are reported
together at the end.
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from gateways import sms
from mailportal import version
from mailportal.configuration import BASE_DIR, Environment

# Lets Django's classes take type arguments at run time: `ModelAdmin[Account]`.
django_stubs_ext.monkeypatch()

environment = Environment()
read = environment.read

# --- where it runs --------------------------------------------------------------------
DEBUG: bool = read("DEBUG")
SECRET_KEY: str = read("SECRET_KEY")
ALLOWED_HOSTS: list[str] = read("ALLOWED_HOSTS")
VAR: Path = read("VAR")
# Off only for the demonstration on loopback, without a certificate.
HTTPS: bool = read("HTTPS")
# The number of our own reverse proxies; with 0, X-Forwarded-For is ignored.
TRUSTED_PROXIES: int = read("TRUSTED_PROXIES")
# For moving the host; see `mailportal.middleware.ReadOnly`.
READ_ONLY: bool = read("READ_ONLY")
# The portal's version; administrators see it, and `manage.py version` prints it.
VERSION = version.VERSION

ROOT_URLCONF = "mailportal.urls"
WSGI_APPLICATION = "mailportal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DEFAULT_EXCEPTION_REPORTER_FILTER = "mailportal.reports.NothingPrivateFilter"

INSTALLED_APPS = [
    "mailportal.apps.MailportalConfig",
    "api.apps.ApiConfig",
    "administration.apps.AdministrationConfig",
    "administration.apps.AdminConfig",
    "provisioning.apps.ProvisioningConfig",
    "clientpasswords.apps.ClientPasswordsConfig",
    "accounts.apps.AccountsConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sites",
    "django.contrib.staticfiles",
    "django.forms",
    "csp",
    "phonenumber_field",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",  # two_factor's sign-in counts its tokens
    "django_otp_webauthn",
    "two_factor",
]
SITE_ID = 1

MIDDLEWARE = [
    # The outermost set headers of all responses, including static files and refusals.
    "csp.middleware.CSPMiddleware",
    "mailportal.middleware.response_headers",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "mailportal.middleware.answer_monitors",
    "api.middleware.programs_have_no_session",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "mailportal.middleware.ReadOnly",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "accounts.middleware.end_old_sessions",
    "accounts.middleware.use_account_language",
    "accounts.middleware.use_reader_time_zone",
    "django.contrib.messages.middleware.MessageMiddleware",
    "accounts.middleware.SignInRequired",
    "mailportal.middleware.explain_refused_methods",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": [
                "mailportal.icons",
                "mailportal.menus",
                "accounts.moments",
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context_processors.portal",
                "mailportal.context_processors.security_passwords",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

# --- data -----------------------------------------------------------------------------
DATABASES: dict[str, dict[str, Any]] = {
    "default": read("DATABASE_URL", f"sqlite:///{VAR}/db/portal.sqlite3")
}
if DATABASES["default"].get("ENGINE") == "django.db.backends.sqlite3":
    # IMMEDIATE takes the write lock when a transaction begins, instead of the row locks
    # of select_for_update(). WAL lets the mail server read during a write.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
else:
    # A server that says nothing at all is given up before nginx gives us up.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

# --- who signs in ---------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.Account"
AUTHENTICATION_BACKENDS = ["accounts.signin.backend.PortalBackend"]
PASSWORD_HASHERS = [
    "accounts.hashing.hashers.WebPasswordHasher",
    # For imported hashes, until the next sign-in.
    "accounts.hashing.hashers.BcryptHasher",
    "accounts.hashing.hashers.Sha512CryptHasher",
    "accounts.hashing.hashers.SaltedSha512Hasher",
    "accounts.hashing.hashers.SaltedSha256Hasher",
    "accounts.hashing.hashers.Pbkdf2Hasher",
]
VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": f"{VALIDATION}.CommonPasswordValidator"},
    {
        "NAME": f"{VALIDATION}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ["address", "name"]},
    },
]
LOGIN_URL = "two_factor:login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"
# The page of security passwords, and those of one: mails and refusals link to them.
OWNERS_PAGE = "clientpasswords:index"
DEVICE_PAGE = "clientpasswords:device"
DELETE_PAGE = "clientpasswords:delete"
KEEP_PAGE = "clientpasswords:keep"
OTP_TOTP_ISSUER = "mailportal"
OTP_ADMIN_HIDE_SENSITIVE_DATA = True
OTP_WEBAUTHN_HELPER_CLASS = "accounts.signin.passkeys.PortalHelper"
OTP_WEBAUTHN_EXCEPTION_LOGGER_NAME = None  # invalid input of browsers is not our error
# PortalHelper takes the relying party and the origins of passkeys from the request.
SILENCED_SYSTEM_CHECKS = ["otp_webauthn.E010", "otp_webauthn.E011", "otp_webauthn.E030"]
PHONENUMBER_DB_FORMAT = "E164"

SESSION_COOKIE_AGE = 15 * 60  # seconds without a request
SESSION_LONGEST = timedelta(hours=12)  # since the sign-in, even if active
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-session" if HTTPS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if HTTPS else "csrf"
# Who signed in here lately, readable by us alone (accounts.signin.familiar).
FAMILIAR_COOKIE_NAME = "__Host-familiar" if HTTPS else "familiar"
CSRF_FAILURE_VIEW = "mailportal.views.csrf_failure"

# --- what browsers are told -----------------------------------------------------------
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
)
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
        "require-trusted-types-for": ["'script'"],
    }
}

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "staticfiles": {"BACKEND": "mailportal.staticfiles.PreparedOnce"},
}

# --- languages and time ---------------------------------------------------------------
LANGUAGE_CODE = "en"
LANGUAGES = [
    ("en", _("English")),
    ("zh-hans", _("Simplified Chinese")),
    ("zh-hant", _("Traditional Chinese")),
    ("de", _("German")),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["mailportal.formats"]
TIME_ZONE: str = read("TIME_ZONE")
USE_TZ = True

# --- sites ----------------------------------------------------------------------------
# `accounts.sites` documents the entries.
MAIL_SITES: list[dict[str, Any]] = read("MAIL_SITES")
MAIL_SITE: str = read("MAIL_SITE")
SUPPORT_ADDRESS: str = read("SUPPORT_ADDRESS")

# The PEM certificate and key that sign configuration profiles for Apple's devices.
PROFILE_CERTIFICATE: str = read("PROFILE_CERTIFICATE")
PROFILE_KEY: str = read("PROFILE_KEY")

# --- text messages --------------------------------------------------------------------
SMS_GATEWAY: str = read("SMS_GATEWAY")
# Each gateway says its own in its module.
globals().update({each.name: read(each.name) for each in sms.GATEWAY_SETTINGS})

# --- mail to owners -------------------------------------------------------------------
EMAIL_GATEWAY: str = read("EMAIL_GATEWAY")
EMAIL_BACKEND = f"django.core.mail.backends.{EMAIL_GATEWAY}.EmailBackend"
EMAIL_FILE_PATH = VAR / "mails"
EMAIL_HOST: str = read("EMAIL_HOST")
EMAIL_PORT: int = read("EMAIL_PORT")
EMAIL_SECURITY: str = read("EMAIL_SECURITY")
EMAIL_USE_TLS = EMAIL_SECURITY == "STARTTLS"
EMAIL_USE_SSL = EMAIL_SECURITY == "SSL/TLS"
EMAIL_HOST_USER: str = read("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD: str = read("EMAIL_HOST_PASSWORD")
EMAIL_TIMEOUT: float = read("EMAIL_TIMEOUT")  # seconds for each response
DEFAULT_FROM_EMAIL: str = read("EMAIL_FROM")
MAILS_PER_KIND_HOUR: int = read("MAILS_PER_KIND_HOUR")

# --- limits ---------------------------------------------------------------------------
# Codes: number and lifetime. `accounts.budgets` has the table of limits.
CODE_LIFETIME = timedelta(minutes=5)
CODE_TRIES = 5
CODE_FAILURES_UNTIL_LOCKED = 20
CODE_COOLDOWN = timedelta(seconds=60)
# How long a phone number that its owner has changed gets no codes.
PHONE_HOLD = timedelta(hours=read("PHONE_HOLD_HOURS"))
CODES_PER_ACCOUNT_HOUR: int = read("CODES_PER_ACCOUNT_HOUR")
CODES_PER_ACCOUNT_DAY: int = read("CODES_PER_ACCOUNT_DAY")
CODES_PER_NUMBER_DAY: int = read("CODES_PER_NUMBER_DAY")
CODES_NOT_SENT_PER_5_MINUTES: int = read("CODES_NOT_SENT_PER_5_MINUTES")
CODES_PER_NETWORK_HOUR: int = read("CODES_PER_NETWORK_HOUR")
CODES_PER_COUNTRY_DAY: int = read("CODES_PER_COUNTRY_DAY")
CODES_PER_DAY: int = read("CODES_PER_DAY")

# Failed sign-ins until further tries have to wait.
SIGN_IN_FAILURES_PER_NAME_AND_NETWORK: int = read(
    "SIGN_IN_FAILURES_PER_NAME_AND_NETWORK"
)
SIGN_IN_FAILURES_PER_NAME: int = read("SIGN_IN_FAILURES_PER_NAME")
SIGN_IN_FAILURES_PER_NETWORK: int = read("SIGN_IN_FAILURES_PER_NETWORK")

# Requests by one API token, and refused requests from one network.
API_REQUESTS_PER_MINUTE: int = read("API_REQUESTS_PER_MINUTE")
API_REFUSALS_PER_NETWORK_MINUTE: int = read("API_REFUSALS_PER_NETWORK_MINUTE")

# --- the mail server ------------------------------------------------------------------
DOVEADM_URLS: list[str] = read("DOVEADM_URLS")
DOVEADM_API_KEY: str = read("DOVEADM_API_KEY")
# The pattern for the folder of a mailbox, which pages and commands show.
MAIL_HOME: str = read("MAIL_HOME")
WEBMAIL_NETWORKS: list[str] = read("WEBMAIL_NETWORKS")
CLIENT_PASSWORD_ARGON2_MEMORY: int = read("CLIENT_PASSWORD_ARGON2_MEMORY")  # KiB
# How long a deleted client password is recognised when a device still tries it.
REVOKED_KEPT_DAYS: int = read("REVOKED_KEPT_DAYS")
# How long before an end or a suspension the owner is reminded.
TOLD_BEFORE = timedelta(days=read("TOLD_DAYS_BEFORE"))

# How long, and how many mail logons are kept in the logon history.
LOGONS_KEPT_DAYS: int = read("LOGONS_KEPT_DAYS")
LOGONS_KEPT_AN_ACCOUNT: int = read("LOGONS_KEPT_AN_ACCOUNT")
# So many different wrong passwords for one account within an hour raise an alarm.
GUESSES_PER_ACCOUNT_HOUR: int = read("GUESSES_PER_ACCOUNT_HOUR")

# --- log ------------------------------------------------------------------------------
LOGGING_CONFIG = "mailportal.logs.configure"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(levelname)s %(name)s: %(message)s"}},
    "handlers": {"terminal": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["terminal"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": ["terminal"], "level": "WARNING", "propagate": False},
        **{name: {"level": "WARNING"} for name in ("twilio", "urllib3")},
    },
}

environment.seal()
