"""Fill in the configuration of Dovecot and Postfix for one mail host.

    python -m deploy.render /etc/mailportal --help

writes two folders. Every file says what it is for; nothing outside is touched.

/etc/mailportal/dovecot
    `dovecot -c /etc/mailportal/dovecot/dovecot.conf`, or make /etc/dovecot/dovecot.conf
    the one line `!include /etc/mailportal/dovecot/dovecot.conf`. Needs dovecot-imapd,
    dovecot-pop3d, dovecot-lmtpd, dovecot-auth-lua, lua-luaossl, and lua-sql-postgres or
    lua-sql-sqlite3. TLS is required; the ports are 993 and 995.
/etc/mailportal/postfix
    `postfix -c /etc/mailportal/postfix start`, or copy main.cf and master.cf (or what
    your own lack of them) to /etc/postfix. Needs postfix-pgsql or postfix-sqlite. The
    ports are 25, 587 (STARTTLS before AUTH) and 465. It asks Dovecot through
    authrelay.py, which deploy/systemd/mailportal-relay.socket starts.

The database, for which `--database-url` is:

postgresql://mailportal_mail@%2Frun%2Fpostgresql/mailportal
    PostgreSQL over its socket in /run/postgresql, in the role of
    deploy/postgres/roles.sql, which also shows how the system's users dovecot and
    postfix come into that role without a password.
sqlite:////srv/mailportal/database/portal.sqlite3
    A file in write-ahead mode: whoever reads it must be able to write beside it.
    Postfix drops all groups but its own, so the folder belongs to the portal's user and
    the group postfix, with mode 2770; the file has mode 0660; Dovecot's logon worker
    gets the group.

Files that hold a secret are readable by root and the service that needs them, no more.
"""

import argparse
import ipaddress
import os
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from deploy.databases import database_name, impatient, sqlite_file
from deploy.homes import fault_of
from deploy.values import Certificate, MailHostValues

TEMPLATES = Path(__file__).parent
# In Postfix's queue, so that an smtpd that is shut in there reaches it too. It is the
# socket of deploy/systemd/mailportal-relay.socket.
RELAY = "private/mailportal-relay"
RELAY_PROGRAM = ["authlines.py", "authrelay.py"]


@dataclass(frozen=True)
class _File:
    """A file to write: the templates it is put together from, and who may read it."""

    name: str
    templates: Sequence[str]
    mode: int = 0o644
    group: str = ""


def render(values: MailHostValues) -> None:
    """Write the configuration below `values.folder`, replacing what is there.

    Raises:
        ValueError: a value cannot be written into a configuration file.
    """
    words = _words(values)
    for file in _files(values):
        text = "".join(map(_template, file.templates))
        path = values.folder / file.name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)  # before there is a secret in it
        path.write_text(re.sub("@([A-Z_0-9]+)@", lambda word: words[word[1]], text))
        if file.group and os.geteuid() == 0:
            shutil.chown(path, group=file.group)
        path.chmod(file.mode)


def _template(name: str) -> str:
    """Return its text, without imports of ours: what they name stands before it."""
    text = (TEMPLATES / name).read_text()
    return re.sub(r"^from deploy\..*\n", "", text, flags=re.MULTILINE)


def relay_program() -> str:
    """Return the program between Postfix and Dovecot; it needs nothing but Python."""
    return "".join(map(_template, RELAY_PROGRAM))


def _words(values: MailHostValues) -> dict[str, str]:
    """What the files say, by the names that they have for it."""
    words = _of_host(values)
    if values.certificate:
        words["CERTIFICATE"] = values.certificate.chain
        words["CERTIFICATE_KEY"] = values.certificate.key
    if values.private:
        words["INSTANCE"] = values.private.name
    checked = {name: _plain(name, str(value)) for name, value in words.items()}
    networks = [ipaddress.ip_network(each) for each in values.webmail_networks]
    cidr = "\n".join(f"{network} DUNNO" for network in networks)
    # How a value names that of another setting.
    reference = "$" if values.dovecot == "2.3" else "$SET:"
    ours = {"WEBMAIL_CIDR": cidr, "VALUE_OF": reference}
    return checked | _of_database(values.database_url) | ours


def _home(values: MailHostValues) -> str:
    """The rule for homes.

    Raises:
        ValueError: there is a fault in it.
    """
    home = values.home or f"{values.mail}/%u"
    if fault := fault_of(home):
        raise ValueError(f"home={home} {fault}")
    return home


def _of_host(values: MailHostValues) -> dict[str, object]:
    loopback = ipaddress.ip_address(values.doveadm_address).is_loopback
    return {
        "FOLDER": values.folder,
        "HOST_NAME": values.host_name,
        "MAIL": values.mail,
        "HOME": _home(values),
        "MAIL_USER": values.mail_user,
        "MAIL_GROUP": values.mail_group,
        "BASE": values.private.base if values.private else "/run/dovecot",
        "RELAY": values.private.relay if values.private else RELAY,
        "WORKERS": values.workers,
        "FAILURE_DELAY": values.failure_delay,
        "TOLD_A_SECOND": values.told_a_second,
        "GUESSES_AN_ACCOUNT": values.guesses_an_account,
        "GUESSES_A_NETWORK": values.guesses_a_network,
        "DATABASE_GROUP": values.database_group,
        "WEBMAIL_NETWORKS": " ".join(values.webmail_networks),
        "DOVEADM_API_KEY": values.doveadm_api_key,
        "DOVEADM_ADDRESS": values.doveadm_address,
        "DOVEADM_SSL": "no" if loopback else "yes",
        "IMAP_PORT": values.ports.imap,
        "POP3_PORT": values.ports.pop3,
        "SUBMISSION_PORT": values.ports.submission,
        "SUBMISSIONS_PORT": values.ports.submissions,
        "DOVEADM_PORT": values.ports.doveadm,
    }


def _of_database(database_url: str) -> dict[str, str]:
    file = sqlite_file(database_url)
    url = impatient(database_url)
    words = {
        "POSTFIX_DRIVER": "sqlite" if file else "pgsql",
        "DATABASE": file or url,
        "LUA_DATABASE": quote(str(file)) if file else url,
    }
    checked = {name: _plain(name, str(value)) for name, value in words.items()}
    # Postfix leaves a "host" alone for a minute after its connection broke, and takes
    # the next. Named three times, a restarted database is asked again at once.
    name = _plain("database_name", database_name(url))
    postgres = f"hosts = {url} {url} {url}\ndbname = {name}"
    database = f"dbpath = {file}" if file else postgres
    return checked | {"POSTFIX_DATABASE": database}


def _plain(name: str, value: str) -> str:
    """Return the value if no file format in use here could read more into it."""
    blank = "" if name == "WEBMAIL_NETWORKS" else " "
    if re.search(rf"[\x00-\x1f\x7f\"\\$#{{}}{blank}]", value):
        message = f"{name.lower()} holds a character that cannot be written: {value!r}"
        raise ValueError(message)
    return value


def _files(values: MailHostValues) -> list[_File]:
    tls = "tls" if values.certificate else "plain"
    private = values.private
    source = f"dovecot-{values.dovecot}"
    files = [
        # First what this version has for itself: 2.4 wants to read its number first.
        _File("dovecot/dovecot.conf", [f"{source}/dovecot.conf", "dovecot/dovecot.conf"]),
        *_logon_files(values),
        _File("dovecot/secrets.conf", ["dovecot/secrets.conf"], 0o600),
        _File(
            "dovecot/listeners.conf",
            [f"{source}/ssl-{tls}.conf", f"dovecot/listeners-{tls}.conf"],
        ),
        _File("dovecot/sessions.conf", ["dovecot/sessions.conf"]),
        _File("dovecot/sessions-of", [f"{source}/sessions-of"], 0o755),
    ]
    if private:
        files.append(_File("dovecot/private.conf", ["dovecot/private.conf"]))
        if not private.privileged:
            name = "dovecot/unprivileged.conf"
            files.append(_File(name, [name]))
    if values.with_postfix:
        files.append(_File("dovecot/postfix.conf", ["dovecot/postfix.conf"]))
        files += _postfix_files(tls, "private" if private else "host")
    return files


def _logon_files(values: MailHostValues) -> list[_File]:
    """Return the files that ask the database who may log on."""
    private = values.private
    group = "" if private and not private.privileged else "dovecot"
    return [
        _File("dovecot/portal.lua", ["dovecot/portal.lua"], 0o640, group),
        _File("dovecot/guesses.lua", ["dovecot/guesses.lua"]),
        _File("dovecot/names.lua", [f"dovecot-{values.dovecot}/names.lua"]),
    ]


def _postfix_files(tls: str, kind: str) -> list[_File]:
    main = ["postfix/main.cf", f"postfix/main-{kind}.cf"]
    master = ["postfix/master.cf", f"postfix/master-{tls}.cf"]
    if tls == "tls":
        main.append("postfix/main-tls.cf")
    if kind == "host":
        master.append("postfix/master-host.cf")
    maps = ("domains.cf", "mailboxes.cf", "sender-login.cf", "logon-live.cf")
    return [
        _File("postfix/main.cf", main),
        _File("postfix/master.cf", master),
        _File("postfix/webmail.cidr", ["postfix/webmail.cidr"]),
        _File("postfix/authrelay.py", RELAY_PROGRAM),
        *(
            _File(f"postfix/{name}", [f"postfix/{name}"], 0o640, "postfix")
            for name in maps
        ),
    ]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m deploy.render",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("folder", type=Path, help="where to write, e.g. /etc/mailportal")
    add("--host-name", required=True, help="the mail host's full name")
    add("--database-url", required=True, help="see above")
    add("--certificate", type=Path, required=True, help="PEM file with the chain")
    add("--certificate-key", type=Path, required=True, help="PEM file with the key")
    add("--doveadm-api-key-file", type=Path, required=True, help="DOVEADM_API_KEY")
    add("--doveadm-address", default="127.0.0.1", help="default: %(default)s")
    add("--webmail-network", action="append", default=[], help="may be repeated")
    add("--told-a-second", type=float, default=0.1, help="0: never say why")
    add("--guesses-an-account", type=int, default=10, help="default: %(default)s")
    add("--guesses-a-network", type=int, default=100, help="default: %(default)s")
    add("--dovecot", choices=("2.3", "2.4"), default="2.3", help="default: %(default)s")
    add("--mail", type=Path, default=Path("/srv/mail"), help="default: %(default)s")
    add("--home", default="", help="of a mailbox, with %%u, %%n, %%d (docs/adopt.md)")
    add("--mail-user", default="vmail", help="owner of all mail; default: %(default)s")
    add("--mail-group", default="vmail", help="default: %(default)s")
    return parser


def main() -> None:
    """Render for an operator, from the command line."""
    parser = _parser()
    options = parser.parse_args()
    try:
        render(_values(options))
    except ValueError as error:
        parser.error(str(error))


def _values(options: argparse.Namespace) -> MailHostValues:
    return MailHostValues(
        folder=options.folder.resolve(),
        database_url=options.database_url,
        database_group="postfix" if sqlite_file(options.database_url) else "",
        doveadm_api_key=options.doveadm_api_key_file.read_text().strip(),
        doveadm_address=options.doveadm_address,
        told_a_second=options.told_a_second,
        guesses_an_account=options.guesses_an_account,
        guesses_a_network=options.guesses_a_network,
        host_name=options.host_name,
        certificate=Certificate(options.certificate, options.certificate_key),
        mail=options.mail,
        home=options.home,
        mail_user=options.mail_user,
        mail_group=options.mail_group,
        webmail_networks=tuple(options.webmail_network),
        dovecot=options.dovecot,
    )


if __name__ == "__main__":
    main()
