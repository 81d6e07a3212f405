"""The protocols of mail programs. Whatever lists them reads this list.

To add one: a row in `PROTOCOLS` and a column in `ProtocolSwitches`, both here; the two
logon views in `clientpasswords/logon/`; `makemigrations`; and Dovecot's templates in
`deploy/dovecot/`. `tests/unit/accounts/test_protocols.py` names what is missing.
"""

from dataclasses import dataclass

from django.db import models


@dataclass(frozen=True)
class Protocol:
    """One protocol that can be switched on and off.

    Args:
        key: What columns, the logon views, the API and stored rows call it.
        logon_services: Dovecot's services that ask for a logon by it, by the names of
            an authentication request. Postfix asks as "smtp".
        session_services: Dovecot's services that `doveadm who` lists; its own first.
        receives: Whether a mail program fetches mail by it.
        sends: Whether a mail program submits mail by it.
        tls_port: The port with TLS from the first byte (RFC 8314); None: there is none.
        starttls_port: The port where TLS begins by a command.
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
        """What people know it by."""
        return self.key.upper()


PROTOCOLS = (
    # Filters (ManageSieve) belong to the mailbox.
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
    """Which protocols are allowed: a column for each, named by its key."""

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
        """Return what people call those that are on, or those that are off."""
        return [each.label for each in PROTOCOLS if self.protocols[each.key] is on]
