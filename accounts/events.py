"""The record of what happened: written here, and never changed afterwards."""

from dataclasses import dataclass, field

from accounts.models import Account, SecurityEvent

Kind = SecurityEvent.Kind


@dataclass(frozen=True)
class Actor:
    """Who acts, from where (None: on the host itself), and in which web session."""

    name: str
    network_address: str | None = None
    session_key: str = field(default="", repr=False)


def record(
    kind: SecurityEvent.Kind, account: Account | None, *, by: Actor, **detail: str | int
) -> None:
    """Write one event. `detail` must hold nothing secret: it is shown and exported."""
    SecurityEvent.objects.create(
        kind=kind,
        account=account,
        address=account.address if account else "",
        actor=by.name,
        network_address=by.network_address,
        detail=detail,
    )
