"""What can be wrong with a host in production, and which check says so.

Each is the host of `make check` with a few other variables.
"""

import json
from dataclasses import dataclass
from string import ascii_letters, ascii_lowercase, digits

from tests.environment import FOLDER
from tests.unit.mailportal.environments import production


@dataclass(frozen=True)
class Row:
    """One misconfiguration.

    Args:
        number: Of the check that finds it.
        setting: Which the check names.
        changed: The variables that are others.
        also: Numbers of what is wrong besides.
    """

    number: str
    setting: str
    changed: dict[str, str]
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        first = self.changed.get(self.setting, "").removeprefix(f"{FOLDER}/")
        return f"{self.number} {self.setting}={first[:40]}"


def bad(number: str, setting: str, value: str, *also: str, **others: str) -> Row:
    return Row(number, setting, {setting: value, **others}, also)


# As if a program had made it.
RANDOM = "Zk3vT9xQb7LrN2pYc8MfH5sJd1GgA6eUuXi4oQ0wRtBnV7yKqP"
REMOTE = "smtp.check.example"
LOGON = {"EMAIL_HOST_USER": "portal", "EMAIL_HOST_PASSWORD": RANDOM}

SECRETS = [
    bad("E012", "SECRET_KEY", "change-me-to-what-the-line-above-prints-which-nobody"),
    bad("E012", "SECRET_KEY", "make-your-own-kWq3vT9xZb7LrN2pYc8MfH5sJd1GgA6eUuXi4oQ0"),
    bad("E012", "DOVEADM_API_KEY", "change-me-to-32-random-characters-or-more"),
    bad("E012", "DOVEADM_API_KEY", "make-your-own-as-for-the-secret-key"),
    bad("E012", "TWILIO_ACCOUNT_SID", "AC" + "0" * 32),
    bad("E012", "TWILIO_AUTH_TOKEN", "the-token-of-that-account"),
    bad("E012", "TWILIO_MESSAGING_SERVICE_SID", "MG" + "0" * 32),
    bad("E012", "TWILIO_ACCOUNT_SID", "change-me-to-AC-and-32-digits", "E015"),
    bad("E012", "DATABASE_URL", "postgres://mailportal:change-me@127.0.0.1/mailportal"),
    bad("E012", "EMAIL_HOST_PASSWORD", "change-me-too", EMAIL_HOST_USER="portal"),
]

GUESSED = [
    bad("E013", "SECRET_KEY", "0123456789" * 7),
    bad("E013", "SECRET_KEY", "a1b2c3" * 10 + "a1b"),
    bad("E013", "SECRET_KEY", "abcabd" + "e" * 60),
    bad(
        "E013",
        "SECRET_KEY",
        "a key for tests only, as long as real ones have to be",
    ),
    bad("E013", "SECRET_KEY", f"{ascii_letters}{digits}"),
    bad("E013", "SECRET_KEY", f"{digits}-{ascii_lowercase}-{ascii_lowercase[::-1]}"),
    bad("E013", "SECRET_KEY", f"django-insecure-{RANDOM}"),
    bad("E013", "DOVEADM_API_KEY", ascii_letters[::-1]),
    bad("E013", "DOVEADM_API_KEY", "7f3a9c51e80b2d64"),
    bad("E013", "TWILIO_AUTH_TOKEN", "f4a07c91"),
    bad("E014", "DOVEADM_API_KEY", RANDOM, SECRET_KEY=RANDOM),
    bad("E014", "TWILIO_AUTH_TOKEN", RANDOM, DOVEADM_API_KEY=RANDOM),
]

TEXT_MESSAGES = [
    bad("E001", "TWILIO_SENDER", "", TWILIO_MESSAGING_SERVICE_SID=""),
    bad("E001", "TWILIO_MESSAGING_SERVICE_SID", ""),
    bad("E001", "TWILIO_ACCOUNT_SID", ""),
    bad("E001", "TWILIO_AUTH_TOKEN", ""),
    bad("E007", "SMS_GATEWAY", "console"),
    bad("E007", "SMS_GATEWAY", "memory"),
    bad("E008", "TWILIO_API_URL", ""),
    bad("E008", "TWILIO_API_URL", "http://api.twilio.com"),
    bad("E008", "TWILIO_API_URL", "https://[api.twilio.com"),
    bad("E008", "TWILIO_API_URL", "https:///2010"),
    bad("E008", "TWILIO_API_URL", "https://api.twilio.com:https/"),
    bad("E036", "TWILIO_CALLBACK_URL", "http://portal.check.example"),
    bad("E036", "TWILIO_CALLBACK_URL", "https://portal.check.example/sms"),
    bad("E036", "TWILIO_CALLBACK_URL", "portal.check.example"),
    bad("E015", "TWILIO_ACCOUNT_SID", "MG7f3a9c51e80b2d647f3a9c51e80b2d64"),
    bad("E015", "TWILIO_ACCOUNT_SID", "AC7f3a9c51e80b2d64"),
    bad("E015", "TWILIO_MESSAGING_SERVICE_SID", "+12025550100"),
]

HOSTS = [
    bad("E023", "ALLOWED_HOSTS", "*"),
    bad("E023", "ALLOWED_HOSTS", "portal.check.example,*"),
    bad("E024", "ALLOWED_HOSTS", ""),
    bad("E024", "ALLOWED_HOSTS", " , "),
    bad("E025", "ALLOWED_HOSTS", "https://portal.check.example"),
    bad("E025", "ALLOWED_HOSTS", "portal.check.example:443"),
    bad("E025", "ALLOWED_HOSTS", "*.check.example"),
    bad("W011", "ALLOWED_HOSTS", ".check.example"),
    bad("E026", "DEBUG", "true"),
    bad("E027", "HTTPS", "false"),
    bad("W002", "TRUSTED_PROXIES", "0"),
    bad("W003", "TRUSTED_PROXIES", "3"),
    bad("W003", "TRUSTED_PROXIES", "5"),
    bad("W004", "READ_ONLY", "true"),
    bad("E034", "VAR", "/etc/passwd"),
    bad("E034", "VAR", "/nowhere/mailportal"),
    bad("E033", "DATABASE_URL", "sqlite://:memory:"),
    bad("W005", "DATABASE_URL", "sqlite:////var/lib/mailportal/db/portal.sqlite3"),
]

MAILS = [
    bad("E009", "EMAIL_GATEWAY", "filebased"),
    bad("E010", "EMAIL_FROM", ""),
    bad("E010", "EMAIL_FROM", "mailportal@localhost"),
    bad("E010", "EMAIL_FROM", "the portal"),
    bad("E010", "EMAIL_FROM", "root@localhost.localdomain"),
    bad("E010", "EMAIL_FROM", "Mail Portal <portal@mail.localhost>"),
    bad("E035", "EMAIL_HOST", "smtp://localhost", "W012"),
    bad("E035", "EMAIL_HOST", "localhost:25", "W012"),
    bad("W017", "EMAIL_PORT", "465", EMAIL_HOST=REMOTE, EMAIL_SECURITY="STARTTLS"),
    bad("W017", "EMAIL_PORT", "587", EMAIL_HOST=REMOTE, EMAIL_SECURITY="SSL/TLS"),
    bad("W017", "EMAIL_PORT", "465", EMAIL_SECURITY="none"),
    bad("E019", "EMAIL_HOST", ""),
    bad("E020", "EMAIL_SECURITY", "none", EMAIL_HOST=REMOTE, **LOGON),
    bad("E021", "EMAIL_HOST_USER", "portal"),
    bad("E021", "EMAIL_HOST_PASSWORD", RANDOM),
    bad("W012", "EMAIL_SECURITY", "none", EMAIL_HOST=REMOTE),
    bad("W012", "EMAIL_SECURITY", "none", EMAIL_HOST="2001:db8::25"),
]

MAIL_SERVER = [
    bad("E002", "DOVEADM_API_KEY", ""),
    bad("E003", "WEBMAIL_NETWORKS", "192.0.2.10/24"),
    bad("E003", "WEBMAIL_NETWORKS", "webmail.check.example,192.0.2.10"),
    bad("E016", "DOVEADM_URLS", "node1.check.example:8080"),
    bad("E016", "DOVEADM_URLS", "https://node1.check.example:8443"),
    bad("E016", "DOVEADM_URLS", "https://node1.check.example:8443/"),
    bad("E016", "DOVEADM_URLS", "https:///doveadm/v1"),
    bad("E016", "DOVEADM_URLS", "https://node1.check.example:port/doveadm/v1"),
    bad("E016", "DOVEADM_URLS", "ftp://node1.check.example/doveadm/v1"),
    bad("E016", "DOVEADM_URLS", "https://[node1/doveadm/v1"),
    bad("E017", "DOVEADM_URLS", "https://key:secret@node1.check.example/doveadm/v1"),
    bad("E032", "MAIL_HOME", "/srv/mail"),
    bad("E032", "MAIL_HOME", "/srv/mail/%n"),
    bad("E032", "MAIL_HOME", ""),
    bad("E032", "MAIL_HOME", "mail/%u"),
    bad("E032", "MAIL_HOME", "~vmail/%u"),
    bad("E032", "MAIL_HOME", "/srv/mail/%u/"),
    bad("E032", "MAIL_HOME", "/srv/mail/%1n/%u"),
    bad("E018", "DOVEADM_URLS", "http://node1.check.example:8080/doveadm/v1"),
    bad("E018", "DOVEADM_URLS", "http://192.0.2.1:8080/doveadm/v1"),
    bad("W001", "DOVEADM_URLS", ""),
    bad("E022", "WEBMAIL_NETWORKS", "0.0.0.0/0"),
    bad("E022", "WEBMAIL_NETWORKS", "::/0"),
    bad("E022", "WEBMAIL_NETWORKS", "0.0.0.0/1,128.0.0.0/1"),
    bad("E022", "WEBMAIL_NETWORKS", "8.0.0.0/7"),
    bad("E022", "WEBMAIL_NETWORKS", "2001:d00::/31"),
    bad("E022", "WEBMAIL_NETWORKS", "2000::/3"),
    bad("E022", "WEBMAIL_NETWORKS", "::ffff:0:0/96"),
    bad("W009", "WEBMAIL_NETWORKS", "10.0.0.0/8"),
    bad("W009", "WEBMAIL_NETWORKS", "192.168.0.0/16"),
    bad("W009", "WEBMAIL_NETWORKS", "2001:db8::/48"),
    bad("W010", "WEBMAIL_NETWORKS", ""),
]


def site(service: str = "", value: object = None, **changed: object) -> str:
    """MAIL_SITES of one that is complete, but for what is changed; None leaves out."""
    entry = json.loads(production()["MAIL_SITES"])[0]
    if service:
        changed[service] = entry[service] | value if isinstance(value, dict) else value
    changes = {name: each for name, each in changed.items() if each is not None}
    kept = {name: each for name, each in entry.items() if name not in changed}
    if value is None:
        kept.pop(service, None)
    return json.dumps([kept | changes])


SITES = [
    bad("E005", "MAIL_SITES", site(name=None)),
    bad("E005", "MAIL_SITES", site(name=["Germany"])),
    bad("E005", "MAIL_SITES", site(url="")),
    bad("E005", "MAIL_SITES", site(key=None), "E006"),
    bad("E006", "MAIL_SITE", "singapore"),
    bad("E006", "MAIL_SITE", ""),
    bad("E028", "MAIL_SITES", site("smtp", "smtp.check.example")),
    bad("E028", "MAIL_SITES", site("imap", {"port": "993"})),
    bad("E028", "MAIL_SITES", site("imap", {"port": 0})),
    bad("E028", "MAIL_SITES", site("imap", {"port": True})),
    bad("E028", "MAIL_SITES", site("imap", {"host": ""})),
    bad("E028", "MAIL_SITES", site("imap", {"security": "TLS"})),
    bad("E028", "MAIL_SITES", site("imap", {"security": ["TLS"]})),
    bad("E028", "MAIL_SITES", site("imap", {"user": "alice"})),
    bad("E028", "MAIL_SITES", site("imap", {"host": "https://imap.check.example"})),
    bad("E028", "MAIL_SITES", site("imap", {"host": "imap.check.example:993"})),
    bad("E028", "MAIL_SITES", site("smtp", {"host": "user@smtp.check.example"})),
    bad("W018", "MAIL_SITES", site("imap", {"security": "STARTTLS"})),
    bad("W018", "MAIL_SITES", site("pop3", {"port": 110})),
    bad("W018", "MAIL_SITES", site("smtp", {"port": 587})),
    bad("E029", "MAIL_SITES", f"{site()[:-1]}, {site()[1:]}"),
    bad("E030", "MAIL_SITES", site("smtp", {"port": 25, "security": "none"})),
    bad("E030", "MAIL_SITES", site("imap", {"port": 143, "security": "none"})),
    bad("E031", "MAIL_SITES", site(url="http://portal.check.example/")),
    bad("E031", "MAIL_SITES", site(webmail_url="http://webmail.check.example/")),
    bad("E031", "MAIL_SITES", site(url="portal.check.example")),
    bad("E031", "MAIL_SITES", site(url="https://[portal/")),
    bad("E031", "MAIL_SITES", site(url="https://portal.check.example:abc/")),
    bad("E031", "MAIL_SITES", site(webmail_url="https://web mail.check.example/")),
    bad("W006", "SUPPORT_ADDRESS", ""),
    bad("W007", "MAIL_SITES", "[]"),
    bad("W008", "MAIL_SITES", site("smtp", None)),
    bad("W008", "MAIL_SITES", site(imap=None, pop3=None)),
    bad("W016", "MAIL_SITES", site(wemail_url="https://webmail.check.example/")),
    bad("E011", "PROFILE_CERTIFICATE", "nonsense", PROFILE_KEY="nonsense"),
    bad("E011", "PROFILE_KEY", RANDOM),
]

# Files with a secret in them, for the portal alone and for everybody.
PRIVATE, PUBLIC = FOLDER / "private-secret", FOLDER / "public-secret"
for path, mode in ((PRIVATE, 0o640), (PUBLIC, 0o644)):
    path.write_text(RANDOM)
    path.chmod(mode)

VARIABLES = [
    bad("W013", "SMS_GATEWAY", "twilio", SMS_GATEWY="console"),
    bad("W013", "DOVEADM_API_KEY_FILE", "", DOVEADM_APIKEY_FILE=str(PRIVATE)),
    bad("W013", "TIME_ZONE", "UTC", TIME_ZON="Europe/Berlin"),
    bad("W013", "READ_ONLY", "false", READONLY="true"),
    bad("W013", "ALLOWED_HOSTS", "portal.check.example", ALOWED_HOSTS="a.example"),
    bad("W013", "EMAIL_HOST", "localhost", EMAIL_HOSTS="smtp.check.example"),
    bad("W013", "EMAIL_HOST", "localhost", EMIAL_HOST="smtp.check.example"),
    bad("W013", "MAIL_SITE", "germany", MAIL_SITTE="germany"),
    bad("W013", "ALLOWED_HOSTS", "portal.check.example", allowed_host="a.example"),
    bad("W014", "SECRET_KEY", RANDOM[::-1], SECRET_KEY_FILE=str(PRIVATE)),
    bad("W015", "SECRET_KEY_FILE", str(PUBLIC), SECRET_KEY=""),
    bad("W015", "TWILIO_AUTH_TOKEN_FILE", str(PUBLIC), TWILIO_AUTH_TOKEN=""),
]

ROWS = [
    *SECRETS,
    *GUESSED,
    *TEXT_MESSAGES,
    *HOSTS,
    *MAILS,
    *MAIL_SERVER,
    *SITES,
    *VARIABLES,
]


# Settings with a text that the setting may not have, beside those of a wrong kind.
UNREADABLE_VALUES = [
    ("VAR", ""),
    ("VAR", "var"),
    ("VAR", "./var"),
    ("SECRET_KEY", ""),
    ("SECRET_KEY", "x" * 49),
    ("SMS_GATEWAY", "pigeon"),
    ("EMAIL_GATEWAY", "screen"),
    ("EMAIL_SECURITY", "tls"),
    ("TIME_ZONE", ""),
    ("TIME_ZONE", "Europe/Berln"),
    ("TIME_ZONE", "../../etc/passwd"),
    ("TIME_ZONE", "Europe"),
]
