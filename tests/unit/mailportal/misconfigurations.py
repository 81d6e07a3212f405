"""What can be wrong with a host in production, and which check says so.

Each is the host of `make check` with a few other variables.
"""

from dataclasses import dataclass


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
        first = self.changed.get(self.setting, "")
        return f"{self.number} {self.setting}={first[:40]}"


def bad(number: str, setting: str, value: str, *also: str, **others: str) -> Row:
    return Row(number, setting, {setting: value, **others}, also)


SECRETS = [
    bad("E012", "SECRET_KEY", "change-me-to-what-the-line-above-prints-which-nobody"),
    bad("E012", "SECRET_KEY", "make-your-own-kWq3vT9xZb7LrN2pYc8MfH5sJd1GgA6eUuXi4oQ0"),
    bad("E012", "DOVEADM_API_KEY", "change-me-to-32-random-characters-or-more"),
    bad("E012", "DOVEADM_API_KEY", "make-your-own-as-for-the-secret-key"),
    bad("E012", "TWILIO_ACCOUNT_SID", "AC" + "0" * 32),
    bad("E012", "TWILIO_AUTH_TOKEN", "the-token-of-that-account"),
    bad("E012", "TWILIO_MESSAGING_SERVICE_SID", "MG" + "0" * 32),
    bad("E012", "DATABASE_URL", "postgres://mailportal:change-me@127.0.0.1/mailportal"),
    bad("E012", "EMAIL_HOST_PASSWORD", "change-me-too", EMAIL_HOST_USER="portal"),
]

ROWS = [*SECRETS]
