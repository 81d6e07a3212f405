"""Read mailboxes and their extra fields from a passwd-file of Dovecot.

A line is `user:password:uid:gid:gecos:home:shell:extra`, of which all but the first two
may be missing. The extra fields are `name=value`, with blanks between them; one that is
there is true, whatever its value. Their names are those of Dovecot 2.3 and 2.4:
https://doc.dovecot.org/2.4.0/core/config/auth/passdb.html#extra-fields

An import must not let in whom the other server refused. So each field locks the
mailbox, or is known to be harmless and counted, or its line is refused.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO

from accounts.hashing import schemes
from provisioning.cells import is_text, parse_address
from provisioning.columns import ACTIVE, ADDRESS, PASSWORD
from provisioning.files import (
    NO_WAIVER,
    UNUSABLE_HASH,
    ParsedLine,
    Waiver,
    parse_password,
)
from provisioning.plans import WantedMailbox

FIELDS = (ADDRESS.name, PASSWORD.name, "uid", "gid", "gecos", "home", "shell")

# These fields refuse every logon, whatever the password.
LOCKING = frozenset({"nologin", "fail"})
# These fields refuse nobody: they are about storage, or about messages to clients.
HARMLESS = frozenset(
    {
        "reason",
        "nodelay",
        "k5principals",
        "userdb_uid",
        "userdb_gid",
        "userdb_home",
        "userdb_mail",
        "userdb_nice",
        "userdb_mail_path",
        "userdb_mail_driver",
        "userdb_mail_inbox_path",
        "userdb_mail_index_path",
        "userdb_mail_location",
        "userdb_uidgid_file",
        "userdb_system_groups_user",
        "userdb_noreplicate",
    }
)
HARMLESS_FAMILIES = (
    "forward_",
    "event_",
    "userdb_event_",
    "userdb_quota",
    "userdb_sieve",
)

# Why lines with the other fields of Dovecot are refused.
NETWORKS = "limits from where they may log on, as policies do here"
UNASKED = "makes another password do than this one"
ELSEWHERE = "sends them to another server"
RENAMED = "leads to the mailbox of another name"
SETS_MORE = "sets more fields, which are not looked at"
SHARING = "decides which mailboxes of others they may open"
CERTIFICATE = "asks for a certificate as well"
RESTRICTING: Mapping[str, str] = {
    **dict.fromkeys(("allow_nets", "allow_real_nets"), NETWORKS),
    **dict.fromkeys(("nopassword", "noauthenticate"), UNASKED),
    **dict.fromkeys(("password", "password_noscheme"), UNASKED),
    **dict.fromkeys(("proxy", "proxy_maybe", "proxy_always", "proxy_mech"), ELSEWHERE),
    **dict.fromkeys(("proxy_timeout", "proxy_nopipelining"), ELSEWHERE),
    **dict.fromkeys(("proxy_not_trusted", "proxy_noauth"), ELSEWHERE),
    **dict.fromkeys(("host", "hostip", "port", "source_ip", "protocol"), ELSEWHERE),
    **dict.fromkeys(("destuser", "master", "pass", "ssl", "starttls"), ELSEWHERE),
    **dict.fromkeys(("user", "username", "domain", "login_user"), RENAMED),
    "userdb_user": RENAMED,
    **dict.fromkeys(("passdb_import", "userdb_userdb_import"), SETS_MORE),
    **dict.fromkeys(("check_client_fp", "check_client_cert_fp"), CERTIFICATE),
    "check_client_pubkey_fp": CERTIFICATE,
    "delay_until": "refuses them until a certain time",
    **dict.fromkeys(("userdb_acl", "userdb_acl_groups", "userdb_acl_user"), SHARING),
    "userdb_chroot": "keeps their sessions in a folder",
    "userdb_tempfail": "refuses them for a time",
}
UNKNOWN = "not known here, so it may close what would be open"
# These fields cannot be left out by an option, as they decide about logons.
NEVER_WAIVED = LOCKING | {"password", "password_noscheme", "passdb_import"}

# The form of a field's name; other unknown text may be a secret.
FIELD_NAME = re.compile(r"[a-z][a-z0-9_]{1,39}", re.ASCII)
SECRETS = frozenset({"pass", "password", "password_noscheme"})
# The id or the name of a user or a group.
USER_OR_GROUP = re.compile(r"\d{1,10}|[A-Za-z_][\w.-]*", re.ASCII)
NO_ID = 2**32 - 1


def read_passwd(file: IO[str], waived: Waiver = NO_WAIVER) -> Iterator[ParsedLine]:
    """Read mailboxes from a passwd-file, whose lines end with a line feed.

    A mailbox that is locked by its hash or by an extra field is made inactive, and its
    hash is not taken over. No mailbox is ever activated.
    """
    for line, text in enumerate(file, 1):
        plain = text.removesuffix("\n").removesuffix("\r")
        cells = plain.split(":")
        if plain.startswith("#"):
            yield ParsedLine(line, None, left_out=("comment",))
        elif plain.strip() and len(cells) == 1:
            yield ParsedLine(
                line, None, errors={"": "no colon between name and password"}
            )
        elif plain.strip():
            yield _LineParser(waived).row(line, cells)


@dataclass
class _LineParser:
    """Parses one line."""

    waived: Waiver
    fields: dict[str, object] = field(default_factory=dict, repr=False)
    errors: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    locked_by: list[str] = field(default_factory=list)

    def row(self, line: int, cells: Sequence[str]) -> ParsedLine:
        address = self._address(cells[0])
        self._password(cells[1])
        self._places(cells[2 : len(FIELDS)])
        extra = cells[len(FIELDS) :]
        if extra and extra[0]:
            self._extra(":".join(extra))
        elif any(extra):  # the old format, which names the place of the mail
            self.left_out.append("userdb_mail")
        if self.locked_by:
            # Otherwise the password would work again once the mailbox is activated.
            if self.fields.pop(PASSWORD.field, None):
                self.left_out.append("hash behind a lock")
            self.fields[ACTIVE.field] = False
        wanted = WantedMailbox(address, self.fields) if address else None
        return ParsedLine(
            line, wanted, address, self.errors, self.left_out, self.locked_by
        )

    def _address(self, cell: str) -> str:
        """Parse the address. Dovecot compares names exactly: lower case, no blanks."""
        try:
            address = parse_address(cell)
        except ValueError as error:
            self.errors["address"] = str(error)
            return ""
        if address != cell:
            why = "in capitals, where Dovecot looks for small letters only"
            self.errors["address"] = why
        return address

    def _password(self, cell: str) -> None:
        """Parse the hash. Blanks around it are errors, as in Dovecot."""
        if schemes.is_locked(cell):
            self.locked_by.append("password" if cell else "empty password")
            return
        try:
            self.fields |= parse_password(cell, self.waived)
        except schemes.UnusableHash as error:
            self.errors["password"] = str(error)
        else:
            self.left_out += [] if self.fields else [UNUSABLE_HASH]

    def _places(self, cells: Sequence[str]) -> None:
        for name, cell in zip(FIELDS[2:], cells, strict=False):
            if name in {"uid", "gid"} and cell and not _is_mail_user_id(cell):
                self.errors[name] = "Dovecot passes over a line with it"
            elif cell:
                self.left_out.append(name)

    def _extra(self, text: str) -> None:
        before: set[str] = set()
        words = [word for word in text.split(" ") if word]
        for place, word in enumerate(words, 1):
            name, equals, _value = word.partition("=")
            if not equals and "reason" in before and _is_prose(name):
                continue  # `reason=left the company`: Dovecot tells the first word only
            self._one_of_extra(name, place, is_shown=self._is_shown(word, before))
            before.add(name)

    def _one_of_extra(self, name: str, place: int, *, is_shown: bool) -> None:
        is_family = name.startswith(HARMLESS_FAMILIES) and is_text(name)
        # A colon begins a modifier of the field, such as `:remove`.
        is_harmless = name in HARMLESS or (is_family and ":" not in name)
        if name in LOCKING:
            self.locked_by.append(name)
        elif is_harmless or name in self.waived.names:
            self.left_out.append(name)
        else:
            shown = name if is_shown else f"extra field {place}"
            why = RESTRICTING.get(name, UNKNOWN)
            way = "" if name in NEVER_WAIVED else "; --leave-out with its name"
            way += " imports the mailbox without it" if way else ""
            self.errors[shown] = f"{why}{way}"

    def _is_shown(self, word: str, before: set[str]) -> bool:
        """Whether the name can be shown: it is known, or cannot be part of a secret."""
        name, equals, _value = word.partition("=")
        if name in RESTRICTING:
            return True
        is_secret = bool(before & SECRETS) or "password" in self.errors
        return bool(equals and FIELD_NAME.fullmatch(name)) and not is_secret


def _is_mail_user_id(cell: str) -> bool:
    """Whether Dovecot accepts the id for mail; it skips lines with other ids."""
    if not USER_OR_GROUP.fullmatch(cell) or cell == "root":
        return False
    return not cell[0].isdigit() or 0 < int(cell) < NO_ID


def _is_prose(word: str) -> bool:
    """Whether it is a word of a reason, not a field without a value."""
    known = LOCKING | HARMLESS | set(RESTRICTING)
    return word not in known and "_" not in word and ":" not in word
