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

AT_ONCE = 500  # rows in one statement


@dataclass(frozen=True)
class ToDo:
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


def to_do(address: str, mailbox: Account | None, *, is_seen: bool) -> ToDo:
    """Return what somebody is told who asks about the mail of a former address.

    `mailbox` is the one that had it, None if that is deleted, and `is_seen` whether
    they may see it. Removing the mail of a mailbox that is there is told to nobody.
    """
    if mailbox is None:
        return ToDo(home_of(address), removing=removing(address))
    if not is_seen:
        return ToDo(home_of(address))
    return ToDo(
        home_of(address),
        new_home=home_of(mailbox.address),
        moving=moving(address, mailbox.address),
        together=bringing_together(address, mailbox.address),
        come=come(mailbox.address),
    )


def home_of(address: str) -> str:
    """Return the folder of this address on the mail server, by MAIL_HOME."""
    name, _at, domain = address.rpartition("@")
    home: str = settings.MAIL_HOME
    for sign, value in (("%u", address), ("%n", name), ("%d", domain)):
        home = home.replace(sign, value)
    return home


def come(new: str) -> str:
    """Return the folder to which `bringing_together` puts what came to this address."""
    return f"{home_of(new)}~come"


def moving(old: str, new: str) -> str:
    """Return the command that moves the mail of one address to another that has none.

    It does nothing if the other has mail already. Folders above it, such as that of
    another domain, are made before, with the owner and mode of the former one's.
    """
    return _chained([*_making(old, new), _move(old, new)])


def bringing_together(old: str, new: str) -> str:
    """Return the commands that do so where mail has come to the other meanwhile.

    What was there stays as it is, so that mail programs need not fetch it again; what
    has come is put to it. The first ends sessions, and fails where there are none.
    After it, the first that fails ends it all. Before anything moves they ask whether
    there is a Maildir to import from: of one that is not there, doveadm imports
    nothing, and is content. Nothing is removed: the folder that the import was from
    still has Sieve scripts, and all messages where it failed half-way.
    """
    folder = shlex.quote(come(new))
    location = shlex.quote(f"maildir:{come(new)}/Maildir")
    chained = _chained(
        [
            f"test -d {_quoted(old)}",
            f"test -d {shlex.quote(f'{home_of(new)}/Maildir')}",
            f"mv -T {_quoted(new)} {folder}",
            _move(old, new),
            f"doveadm import -s -u {shlex.quote(new)} {location} '' ALL",
        ]
    )
    return f"doveadm kick {shlex.quote(f'{new}*')}\n{chained}"


def removing(address: str) -> str:
    """Return the command that removes the mail of an address for good."""
    return f"rm -r {_quoted(address)}"


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
        for start in range(0, len(found), AT_ONCE):
            numbers = [former.pk for former in found[start : start + AT_ONCE]]
            FormerAddress.objects.filter(pk__in=numbers).delete()
        events.record_all(_released(former, order) for former in found)
    return found


def _released(former: FormerAddress, order: Order) -> Event:
    return Event(
        Kind.ADDRESS_RELEASED,
        None,
        order.by,
        detail={"left": former.left_at.date().isoformat()},
        why=order.why,
        domain=former.domain,
        address=former.address,
    )


def _quoted(address: str) -> str:
    return shlex.quote(home_of(address))


def _move(old: str, new: str) -> str:
    return f"mv -T {_quoted(old)} {_quoted(new)}"


def _making(old: str, new: str) -> list[str]:
    """The commands that make what is missing above the folder of the new address."""
    above = zip(
        PurePosixPath(home_of(old)).parents,
        PurePosixPath(home_of(new)).parents,
        strict=True,
    )
    return [
        _making_one(shlex.quote(str(there)), shlex.quote(str(here)))
        for there, here in reversed(list(above))
        if there != here
    ]


def _making_one(like: str, folder: str) -> str:
    has = " ".join(
        f'-{sign} "$(stat -c %{of} {like})"' for sign, of in ("ou", "gg", "ma")
    )
    return f"{{ test -d {folder} || install -d {has} {folder}; }}"


def _chained(commands: list[str]) -> str:
    """One command of several lines, of which the first that fails is the last."""
    return " &&\n".join(commands)
