"""The protocols of mail programs. All code that lists protocols uses this list.

To add one: a row in `PROTOCOLS` and a column in `ProtocolSwitches`, both here; the two
logon views in `clientpasswords/logon/`; `makemigrations`; Dovecot's templates in
`deploy/dovecot/`; and the filter and ports in `deploy/fail2ban/`. If it receives mail,
`clientpasswords/setup/qrcodes.py` has its number at Thunderbird.
`tests/unit/accounts/test_protocols.py` names what is missing.
"""

from dataclasses import dataclass

from django.db import models


@dataclass(frozen=True)
class Protocol:
    """One protocol that can be switched on and off.

    Args:
        key: Its name in columns, the logon views, the API and stored rows.
        logon_services: The services in Dovecot's authentication requests that belong
            to it. Postfix asks as "smtp".
        session_services: The services in the output of `doveadm who` that belong to
            it; the main one first.
        receives: Whether mail programs use it to fetch mail.
        sends: Whether mail programs use it to submit mail.
        tls_port: The port for implicit TLS (RFC 8314); None: there is none.
        starttls_port: The port for STARTTLS; None: there is none.
    """

    key: str
    logon_services: tuple[str, ...]
    session_services: tuple[str, ...]
    receives: bool = False
    sends: bool = False
    tls_port: int | None = None
    starttls_port: int | None = None

    @property
    def label(self) -> str:
        """The name on pages, such as "IMAP"."""
        return self.key.upper()


PROTOCOLS = (
    # ManageSieve counts as IMAP: filters belong to the mailbox.
    Protocol(
        key="imap",
        logon_services=("imap", "sieve"),
        session_services=("imap", "managesieve", "sieve"),
        receives=True,
        tls_port=993,
        starttls_port=143,
    ),
    Protocol(
        key="pop3",
        logon_services=("pop3",),
        session_services=("pop3",),
        receives=True,
        tls_port=995,
        starttls_port=110,
    ),
    Protocol(
        key="smtp",
        logon_services=("submission", "smtp"),
        session_services=("submission",),
        sends=True,
        tls_port=465,
        starttls_port=587,
    ),
)
PROTOCOLS_BY_KEY = {each.key: each for each in PROTOCOLS}
PROTOCOL_KEYS = tuple(PROTOCOLS_BY_KEY)
PROTOCOL_CHOICES = [(each.key, each.label) for each in PROTOCOLS]
PROTOCOLS_BY_SESSION_SERVICE = {
    name: each for each in PROTOCOLS for name in each.session_services
}


class ProtocolSwitches(models.Model):
    """Which protocols are allowed: one column for each protocol, named by its key."""

    imap = models.BooleanField("IMAP", default=True)
    pop3 = models.BooleanField("POP3", default=True)
    smtp = models.BooleanField("SMTP", default=True)

    class Meta:
        abstract = True

    @property
    def protocols(self) -> dict[str, bool]:
        """Return whether each protocol is on, by key, ordered as `PROTOCOL_KEYS`."""
        return {key: getattr(self, key) for key in PROTOCOL_KEYS}

    def labels_of_protocols(self, *, on: bool) -> list[str]:
        """Return the labels of the protocols that are on, or of those that are off."""
        return [each.label for each in PROTOCOLS if self.protocols[each.key] is on]
