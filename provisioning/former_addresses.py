"""Former addresses: where their mail is, and how they are released."""

import shlex
from dataclasses import dataclass
from pathlib import PurePosixPath

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts import events
from accounts.events import Event, Kind
from accounts.models import Account, FormerAddress
from provisioning.operations import Order

BATCH_SIZE = 500  # rows in one statement


@dataclass(frozen=True)
class MailInstructions:
    """What to do with the mail of a former address, which is in `home`.

    For a deleted mailbox, `removing` is the command that deletes the mail. For a
    renamed one, `moving` moves it to `new_home`, and `together` merges it with mail
    that arrived there, which is in the folder `come` meanwhile. All are empty if the
    reader may not see the mailbox.
    """

    home: str
    removing: str = ""
    new_home: str = ""
    moving: str = ""
    together: str = ""
    come: str = ""


def instructions_for(
    address: str, mailbox: Account | None, *, is_seen: bool
) -> MailInstructions:
    """Return the instructions for the mail of a former address.

    `mailbox` had the address; None: it is deleted. `is_seen` says whether the reader
    may see it. For an existing mailbox there is never a command that removes mail.
    """
    if mailbox is None:
        return MailInstructions(mail_home(address), removing=remove_command(address))
    if not is_seen:
        return MailInstructions(mail_home(address))
    return MailInstructions(
        mail_home(address),
        new_home=mail_home(mailbox.address),
        moving=move_command(address, mailbox.address),
        together=merge_commands(address, mailbox.address),
        come=arrivals_folder(mailbox.address),
    )


def mail_home(address: str) -> str:
    """Return the folder of this address on the mail server, from MAIL_HOME."""
    name, _at, domain = address.rpartition("@")
    home: str = settings.MAIL_HOME
    for sign, value in (("%u", address), ("%n", name), ("%d", domain)):
        home = home.replace(sign, value)
    return home


def arrivals_folder(new: str) -> str:
    """Return the folder for the mail that arrived at this address meanwhile."""
    return f"{mail_home(new)}~come"


def move_command(old: str, new: str) -> str:
    """Return the command that moves the mail of one address to another that has none.

    It does nothing if the other has mail already. Missing parent folders are created
    first, with the owner and mode of those of the former address.
    """
    return _chain_commands(
        [*_parent_folder_commands(old, new), _plain_move_command(old, new)]
    )


def merge_commands(old: str, new: str) -> str:
    """Return the commands that move the mail if mail has arrived at the new address.

    The old mail stays as it is, so that mail programs need not fetch it again; the new
    mail is added. The first command ends sessions, and fails if there are none. After
    it, the first failure ends all. Before anything moves, the commands check that there
    is a Maildir to import from: doveadm succeeds without one, and imports nothing.
    Nothing is removed: the folder of the import keeps its Sieve scripts, and all
    messages if the import failed half-way.
    """
    folder = shlex.quote(arrivals_folder(new))
    location = shlex.quote(f"maildir:{arrivals_folder(new)}/Maildir")
    chained = _chain_commands(
        [
            f"test -d {_quoted_home(old)}",
            f"test -d {shlex.quote(f'{mail_home(new)}/Maildir')}",
            f"mv -T {_quoted_home(new)} {folder}",
            _plain_move_command(old, new),
            f"doveadm import -s -u {shlex.quote(new)} {location} '' ALL",
        ]
    )
    return f"doveadm kick {shlex.quote(f'{new}*')}\n{chained}"


def remove_command(address: str) -> str:
    """Return the command that deletes the mail of an address."""
    return f"rm -r {_quoted_home(address)}"


def release(former: FormerAddress, order: Order) -> bool:
    """Release the address for other mailboxes; return False if it was released before.

    The audit log records who released it, and why.
    """
    rows = FormerAddress.objects.filter(pk=former.pk, address=former.address)
    return bool(release_all(rows, order))


def release_all(rows: QuerySet[FormerAddress], order: Order) -> list[FormerAddress]:
    """Release these addresses, all or none, with an event each; return them."""
    with transaction.atomic():
        found = list(rows.select_for_update(of=("self",)))
        for start in range(0, len(found), BATCH_SIZE):
            numbers = [former.pk for former in found[start : start + BATCH_SIZE]]
            FormerAddress.objects.filter(pk__in=numbers).delete()
        events.record_all(_release_event(former, order) for former in found)
    return found


def _release_event(former: FormerAddress, order: Order) -> Event:
    return Event(
        Kind.ADDRESS_RELEASED,
        None,
        order.by,
        detail={"left": former.left_at.date().isoformat()},
        why=order.why,
        domain=former.domain,
        address=former.address,
    )


def _quoted_home(address: str) -> str:
    return shlex.quote(mail_home(address))


def _plain_move_command(old: str, new: str) -> str:
    return f"mv -T {_quoted_home(old)} {_quoted_home(new)}"


def _parent_folder_commands(old: str, new: str) -> list[str]:
    """Return the commands that create missing parents of the new folder."""
    above = zip(
        PurePosixPath(mail_home(old)).parents,
        PurePosixPath(mail_home(new)).parents,
        strict=True,
    )
    return [
        _make_folder_command(shlex.quote(str(there)), shlex.quote(str(here)))
        for there, here in reversed(list(above))
        if there != here
    ]


def _make_folder_command(like: str, folder: str) -> str:
    has = " ".join(
        f'-{sign} "$(stat -c %{of} {like})"' for sign, of in ("ou", "gg", "ma")
    )
    return f"{{ test -d {folder} || install -d {has} {folder}; }}"


def _chain_commands(commands: list[str]) -> str:
    """Join the commands; the first that fails ends all."""
    return " &&\n".join(commands)
