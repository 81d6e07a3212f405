"""A passwd-file lets nobody in here whom the Dovecot that it comes from refuses."""

import imaplib
import itertools
import poplib
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from accounts.models import Account
from deploy.mailhost import MailHost
from provisioning import passwd_files
from tests import factories
from tests.environment import FOLDER
from tests.mailserver.clients import imap_session, pop3_session
from tests.mailserver.existing import ExistingHost
from tests.takenover import HASHES, PASSWORD

pytestmark = [pytest.mark.mailserver, pytest.mark.django_db(transaction=True)]

HASH = HASHES["SSHA512"]
# The owner's network, and another.
NETWORKS = {"home": "127.1", "away": "127.3"}
MAIL = str(FOLDER / "mail-of-closed")
# What a field has to say for the old server to work; `y` for all others.
VALUES = {
    "allow_nets": "127.1.0.0/16",
    "allow_real_nets": "127.1.0.0/16",
    "delay_until": "4102444800",
    "host": "127.0.0.9",
    "password": HASHES["SSHA256"],
    "password_noscheme": PASSWORD,
    "passdb_import": "nologin=y",
    "user": "plain@x.example",
    "userdb_gid": "mail",
    "userdb_home": str(FOLDER),
    "userdb_mail": f"maildir:{MAIL}",
    "userdb_mail_driver": "maildir",
    "userdb_nice": "1",
    "userdb_quota_rule": "*:storage=1G",
    "userdb_uid": "mail",
    "userdb_uidgid_file": MAIL,
    "username": "plain",
}
# One of each family.
FAMILIES = {
    "event_": "event_x",
    "forward_": "forward_x",
    "userdb_event_": "userdb_event_x",
    "userdb_quota": "userdb_quota_rule",
    "userdb_sieve": "userdb_sieve_dir",
}
PLACES = f"mail:mail::{MAIL}:"


@dataclass(frozen=True)
class Kind:
    """A kind of line, with `{address}` where its own stands."""

    name: str
    text: str


EXTRAS = (
    "nologin reason=left the company",
    "reason=left nologin",
    "nologin=no",
    "nologin nologin:remove=y",
    "nodelay  nologin",
    "nodelay\tnologin",
    "proxy nologin",
    "x:y nologin",
    "userdb_x=a:b allow_nets=127.1.0.0/16",
)
PASSWORDS = (
    "",
    "!",
    "*",
    "x",
    "{CRYPT}!",
    "{CRYPT}",
    f"!{HASH}",
    f"*{HASH}",
    f"{HASH} ",
    f" {HASH}",
    f"{HASH}[13]",
    f"{{PLAIN}}{PASSWORD}",
    PASSWORD,
    "{PLAIN}",
    HASH.replace("SSHA512", "ssha512"),
)


def with_extra(extra: str, password: str = HASH) -> str:
    return f"{{address}}:{password}:{PLACES}:{extra}"


def kinds() -> Iterator[Kind]:
    """Yield every kind of line that the reader tells apart, and some more."""
    for scheme, hash_ in HASHES.items():
        yield Kind(scheme, f"{{address}}:{hash_}:{PLACES}")
    fields = [*passwd_files.LOCKING, *passwd_files.HARMLESS, *passwd_files.RESTRICTING]
    families = [FAMILIES[family] for family in passwd_files.HARMLESS_FAMILIES]
    for name in [*fields, *families, "colour", "NoLogin"]:
        yield Kind(name, with_extra(f"{name}={VALUES.get(name, 'y')}"))
    bare = passwd_files.LOCKING | {"nodelay", "nopassword", "noauthenticate", "proxy"}
    for name in bare:
        yield Kind(f"bare {name}", with_extra(name))
    for extra in EXTRAS:
        yield Kind(extra, with_extra(extra))
    for password in PASSWORDS:
        yield Kind(f"password {password}", with_extra("", password))
        yield Kind(f"nopassword {password}", with_extra("nopassword", password))
    for owner in ("0", "root", "00", "4294967295", "99999999999", "-1"):
        yield Kind(f"uid {owner}", f"{{address}}:{HASH}:{owner}:mail::{MAIL}::")
        yield Kind(f"gid {owner}", f"{{address}}:{HASH}:mail:{owner}::{MAIL}::")
    yield from (
        Kind("old format", f"{{address}}:{HASH}:{PLACES}::maildir:{MAIL}"),
        Kind("blank before", f" {{address}}:{HASH}:{PLACES}"),
        Kind("blank after", f"{{address}} :{HASH}:{PLACES}"),
        Kind("capitals", f"K{{address}}:{HASH}:{PLACES}"),
        Kind("comment", f"#{{address}}:{HASH}:{PLACES}"),
        Kind("return", f"{{address}}:{HASH}:{PLACES}\r"),
        Kind("twice", f"{{address}}:{HASH}:{PLACES}\n{with_extra('nologin')}"),
        Kind("twice", f"{with_extra('nologin')}\n{{address}}:{HASH}:{PLACES}"),
    )


def lines() -> Iterator[tuple[str, str, str]]:
    """Yield the name of each kind, its address and what stands in the file."""
    for number, kind in enumerate(kinds()):
        address = f"u{number}@x.example"
        logs_on_as = f"k{address}" if kind.name == "capitals" else address
        yield kind.name, logs_on_as, kind.text.replace("{address}", address)


class OldHost(ExistingHost):
    """Debian's Dovecot with the lines as its table of users."""

    def _prepare(self, base: Path) -> None:
        super()._prepare(base)
        users = self.folder / "dovecot" / "users"
        text = "".join(f"{text}\n" for _kind, _address, text in lines())
        Path(MAIL).mkdir(exist_ok=True)
        shutil.chown(MAIL, "mail", "mail")
        users.write_bytes(text.encode())


@pytest.fixture(scope="module")
def old_host(database_url: str) -> Iterator[OldHost]:
    host = OldHost(FOLDER / "closed-elsewhere", database_url=database_url)
    host.has_postfix = False
    with host:
        yield host


SESSIONS = {"imap": imap_session, "pop3": pop3_session}
_numbers = itertools.count(1)


def is_let_in(host: MailHost, protocol: str, network: str, address: str) -> bool:
    """Log on as a mail program at an address that nobody has called from yet."""
    number = next(_numbers)
    source = f"{NETWORKS[network]}.{128 + (number >> 8)}.{number & 255}"
    try:
        with SESSIONS[protocol](host, address, PASSWORD, source):
            return True
    except (imaplib.IMAP4.error, poplib.error_proto, OSError, EOFError):
        return False


def ask_who_is_let_in(
    host: MailHost, addresses: list[str]
) -> set[tuple[str, str, str]]:
    """Return protocol, network and address of each logon that was let in."""
    cases = list(itertools.product(SESSIONS, NETWORKS, addresses))
    with ThreadPoolExecutor(8) as calls:
        answers = list(calls.map(lambda case: is_let_in(host, *case), cases))
    return set(itertools.compress(cases, answers))


def import_lines(file: Path) -> str:
    """Import the table of the old host; what is refused stays out."""
    file.write_bytes("".join(f"{text}\n" for *_, text in lines()).encode())
    factories.make_domain("x.example")
    out = StringIO()
    options = {"format": "passwd", "skip_refused": True}
    call_command("import_accounts", file, stdout=out, **options)
    return out.getvalue()


def test_nobody_is_let_in_whom_the_old_server_refuses(
    host: MailHost, old_host: OldHost, tmp_path: Path
) -> None:
    names = {address: kind for kind, address, _text in lines()}
    said = import_lines(tmp_path / "users")

    ours = ask_who_is_let_in(host, list(names))
    let_in = sorted({address for *_, address in ours})
    theirs = ask_who_is_let_in(old_host, let_in)

    opened = {(names[address], *rest, address) for *rest, address in ours - theirs}
    assert opened == set()
    # All that is open here was asked for right, so that nothing else has shut it.
    is_open = [a.address for a in Account.objects.all() if a.is_active]
    assert let_in == sorted(is_open)
    assert len(ours) == len(is_open) * len(SESSIONS) * len(NETWORKS)
    assert {names[address] for address in is_open} >= {*HASHES, "nodelay", "old format"}
    assert PASSWORD not in said


def test_the_old_server_tells_the_kinds_apart(old_host: OldHost) -> None:
    names = {kind: address for kind, address, _text in lines()}

    found = ask_who_is_let_in(
        old_host, [names[each] for each in ("SSHA512", "nologin")]
    )
    limited = ask_who_is_let_in(old_host, [names["allow_nets"]])

    assert found == {
        (protocol, network, names["SSHA512"])
        for protocol in SESSIONS
        for network in NETWORKS
    }
    assert {network for _protocol, network, _address in limited} == {"home"}
