"""Render the configuration of Dovecot and Postfix for one mail host.

    python -m deploy.render /etc/mailportal --help

writes three folders and nothing outside them. Every file says what it is for.

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
/etc/mailportal/local
    What is yours: made once, with examples, and then left alone. Aliases, who may send
    under them (senders), and parameters and services of Postfix (main.cf, master.cf),
    which become part of the rendered ones. What you add to Dovecot stands in the file
    that includes ours.

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
import os
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy import own_parameters
from deploy.databases import sqlite_file
from deploy.template_values import make_template_values
from deploy.values import (
    VERSIONS,
    Certificate,
    DovecotVersion,
    MailHostValues,
    UnsupportedDovecotError,
    installed_dovecot,
)

TEMPLATES = Path(__file__).parent
RELAY_PROGRAM = ["authlines.py", "authrelay.py"]
OWN_MAIN = "local/main.cf"


@dataclass(frozen=True)
class _File:
    """A file to write: the templates that it consists of, and who may read it."""

    name: str
    templates: Sequence[str]
    mode: int = 0o644
    group: str = ""
    # The operator's own: written once, as an example, and then left alone.
    is_kept: bool = False
    # What becomes part of it.
    own: str = ""


def render(values: MailHostValues) -> None:
    """Write the configuration below `values.folder`, replacing what is there.

    What is in its folder `local` is the operator's, and stays.

    Raises:
        ValueError: a value cannot be written into a configuration file, or a parameter
            in local/main.cf is not the operator's to set; nothing was written.
    """
    texts = make_template_values(values)
    own_parameters.require_allowed(_own_text(values, OWN_MAIN))
    for file in _files(values):
        path = values.folder / file.name
        if file.is_kept and path.exists():
            continue
        text = "".join(map(_template, file.templates))
        text = re.sub("@([A-Z_0-9]+)@", lambda gap: texts[gap[1]], text)
        if file.own == OWN_MAIN:
            text = own_parameters.replace_parameters(text, _own_text(values, OWN_MAIN))
        elif file.own:
            text += _own_text(values, file.own)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)  # before there is a secret in it
        path.write_text(text)
        if file.group and os.geteuid() == 0:
            shutil.chown(path, group=file.group)
        path.chmod(file.mode)


def _own_text(values: MailHostValues, name: str) -> str:
    path = values.folder / name
    return path.read_text() if path.exists() else ""


def _template(name: str) -> str:
    """Return a template's text without imports from deploy, which precede it."""
    text = (TEMPLATES / name).read_text()
    return re.sub(r"^from deploy\..*\n", "", text, flags=re.MULTILINE)


def relay_program() -> str:
    """Return the program between Postfix and Dovecot; it needs only Python."""
    return "".join(map(_template, RELAY_PROGRAM))


def _files(values: MailHostValues) -> list[_File]:
    tls = "tls" if values.certificate else "plain"
    private = values.private
    source = f"dovecot-{values.dovecot}"
    files = [
        # The version's own file first: 2.4 must read its version number first.
        _File(
            "dovecot/dovecot.conf", [f"{source}/dovecot.conf", "dovecot/dovecot.conf"]
        ),
        *_logon_files(values),
        _File("dovecot/secrets.conf", ["dovecot/secrets.conf"], 0o600),
        _File(
            "dovecot/listeners.conf",
            [f"{source}/ssl-{tls}.conf", f"dovecot/listeners-{tls}.conf"],
        ),
        _File("dovecot/sessions.conf", ["dovecot/sessions.conf"]),
        _File("dovecot/sessions-of", [f"{source}/sessions-of"], 0o755),
    ]
    if values.dovecot == "2.4":
        files += [
            _File("dovecot/warm-up.conf", [f"{source}/warm-up.conf"]),
            _File("dovecot/warm-up", [f"{source}/warm-up"], 0o755),
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
        _File("dovecot/typed.lua", ["dovecot/typed.lua"]),
        _File("dovecot/names.lua", [f"dovecot-{values.dovecot}/names.lua"]),
    ]


def _postfix_files(tls: str, kind: str) -> list[_File]:
    main = ["postfix/main.cf", f"postfix/main-{kind}.cf"]
    master = ["postfix/master.cf", f"postfix/master-{tls}.cf"]
    if tls == "tls":
        main.append("postfix/main-tls.cf")
    if kind == "host":
        master.append("postfix/master-host.cf")
    maps = (
        "domains.cf",
        "mailboxes.cf",
        "sender-login.cf",
        "alias-senders.cf",
        "logon-live.cf",
    )
    kept = [f"local/{name}" for name in ("aliases", "senders", "main.cf", "master.cf")]
    return [
        *(_File(name, [f"postfix/{name}"], is_kept=True) for name in kept),
        _File("postfix/main.cf", main, own=OWN_MAIN),
        _File("postfix/master.cf", master, own="local/master.cf"),
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
    add("--dovecot", choices=VERSIONS, help="default: that of the installed one")
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
        version = options.dovecot or _version_to_render()
        notes = _make_version_notes(options.folder, version)
        render(_values(options, version))
    except (ValueError, UnsupportedDovecotError) as error:
        parser.error(str(error))
    print(*notes, sep="\n", end="\n" if notes else "", file=sys.stderr)


def _make_version_notes(folder: Path, version: DovecotVersion) -> list[str]:
    """Return sentences for the operator about versions of Dovecot that differ."""
    notes = []
    before = rendered_for(folder)
    if before not in {None, version}:
        notes.append(
            f"{folder} held the configuration for Dovecot {before}, which is replaced"
            f" by the one for {version}."
        )
    try:
        installed = installed_dovecot()
    except UnsupportedDovecotError as error:
        return [*notes, f"{error}. It cannot read what was rendered, for {version}."]
    if installed not in {None, version}:
        notes.append(
            f"Dovecot {installed} is installed here: it cannot read what was rendered,"
            f" for {version}. Without --dovecot it is asked for its version."
        )
    return notes


def rendered_for(folder: Path) -> str | None:
    """Return the version of Dovecot that the folder was rendered for; None if none."""
    try:
        text = (folder / "dovecot" / "dovecot.conf").read_text()
    except OSError:
        return None
    found = re.match(r"# Dovecot (\d+\.\d+) behind the portal", text)
    return found and found[1]


def _version_to_render() -> DovecotVersion:
    """Return the version of the installed Dovecot.

    Raises:
        ValueError: there is none.
        UnsupportedDovecotError: there is no configuration for it.
    """
    version = installed_dovecot()
    if not version:
        message = "no Dovecot is installed here: --dovecot has to say for which it is"
        raise ValueError(message)
    return version


def _values(options: argparse.Namespace, version: DovecotVersion) -> MailHostValues:
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
        dovecot=version,
    )


if __name__ == "__main__":
    main()
