"""The scope of a client password: what it may be used for, as a value."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from accounts import networks
from accounts.models.protocols import PROTOCOL_KEYS
from clientpasswords.models import ClientPassword


@dataclass(frozen=True)
class Scope:
    """What a client password may be used for.

    `protocols` is never empty. `networks` are in canonical form; none means any.
    `expires_at` is None if it never expires.
    """

    protocols: frozenset[str]
    networks: tuple[str, ...] = ()
    expires_at: datetime | None = None

    @classmethod
    def of_password(cls, client_password: ClientPassword) -> Self:
        """Return the scope of this password."""
        allowed = client_password.protocols.items()
        return cls(
            frozenset(name for name, yes in allowed if yes),
            tuple(networks.split_networks(client_password.networks)),
            client_password.expires_at,
        )

    def columns(self) -> dict[str, bool | str | datetime | None]:
        """Return it as the columns of a `ClientPassword`."""
        return {
            **{name: name in self.protocols for name in PROTOCOL_KEYS},
            "networks": networks.join_networks(self.networks),
            "expires_at": self.expires_at,
        }

    def event_detail(self) -> dict[str, str]:
        """Return it as details of an event in the audit log."""
        return {
            "protocols": " ".join(sorted(self.protocols)),
            "networks": " ".join(self.networks),
            "expires": self.expires_at.isoformat() if self.expires_at else "",
        }
