"""Addresses that mailboxes have left: where their mail is, and who releases them."""

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
    """What to do with the mail in `home`, which a mailbox leaves with its address.

    Of a mailbox that is deleted, `removing` it is said; of one that has another
    address, `moving` it to `new_home`, or bringing it `together` with what has come
    there, which is in the folder `come` then. Of one that the reader may not see, none
    of them.
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
    """Return what somebody is told who asks about the mail of a former address.

    `mailbox` is the one that had it, None if that is deleted, and `is_seen` whether
    they may see it. Removing the mail of a mailbox that is there is told to nobody.
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
    """Return the folder of this address on the mail server, by MAIL_HOME."""
    name, _at, domain = address.rpartition("@")
    home: str = settings.MAIL_HOME
    for sign, value in (("%u", address), ("%n", name), ("%d", domain)):
        home = home.replace(sign, value)
    return home


def arrivals_folder(new: str) -> str:
    """Return the folder to which `bringing_together` puts what came to this address."""
    return f"{mail_home(new)}~come"


def move_command(old: str, new: str) -> str:
    """Return the command that moves the mail of one address to another that has none.

    It does nothing if the other has mail already. Folders above it, such as that of
    another domain, are made before, with the owner and mode of the former one's.
    """
    return _chain_commands(
        [*_parent_folder_commands(old, new), _plain_move_command(old, new)]
    )


def merge_commands(old: str, new: str) -> str:
    """Return the commands that do so where mail has come to the other meanwhile.

    What was there stays as it is, so that mail programs need not fetch it again; what
    has come is put to it. The first ends sessions, and fails where there are none.
    After it, the first that fails ends it all. Before anything moves they ask whether
    there is a Maildir to import from: of one that is not there, doveadm imports
    nothing, and is content. Nothing is removed: the folder that the import was from
    still has Sieve scripts, and all messages where it failed half-way.
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
    """Return the command that removes the mail of an address for good."""
    return f"rm -r {_quoted_home(address)}"


def release(former: FormerAddress, order: Order) -> bool:
    """Let other mailboxes have the address; return False if that is so already.

    The record of events says who has released it, and why.
    """
    rows = FormerAddress.objects.filter(pk=former.pk, address=former.address)
    return bool(release_all(rows, order))


def release_all(rows: QuerySet[FormerAddress], order: Order) -> list[FormerAddress]:
    """Release these, all or none, with an event for each; return what they were."""
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
    """The commands that make what is missing above the folder of the new address."""
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
    """One command of several lines, of which the first that fails is the last."""
    return " &&\n".join(commands)
