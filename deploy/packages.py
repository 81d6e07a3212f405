"""The Debian packages that a private mail host needs."""

import os

from deploy import servers
from deploy.databases import sqlite_file
from deploy.values import DOVECOT

FILES_OF_PACKAGES = {
    DOVECOT: "dovecot-core",
    "/usr/lib/dovecot/imap": "dovecot-imapd",
    "/usr/lib/dovecot/pop3": "dovecot-pop3d",
    "/usr/lib/dovecot/lmtp": "dovecot-lmtpd",
    "/usr/lib/dovecot/modules/auth/libauthdb_lua.so": "dovecot-auth-lua",
    "/usr/share/lua/5.4/openssl/digest.lua": "lua-luaossl",
}


def missing_packages(database_url: str) -> list[str]:
    """Return the Debian packages that are needed and not installed.

    They include Postfix for root only: nobody else can run it.
    """
    sqlite = sqlite_file(database_url) is not None
    wanted = dict(FILES_OF_PACKAGES)
    if os.geteuid() == 0:
        driver = "sqlite" if sqlite else "pgsql"
        wanted["/usr/sbin/postfix"] = "postfix"
        wanted[f"/usr/lib/postfix/postfix-{driver}.so"] = f"postfix-{driver}"
    lua = "sqlite3" if sqlite else "postgres"
    wanted[f"/usr/lib/*/lua/5.4/luasql/{lua}.so"] = f"lua-sql-{lua}"
    return [name for file, name in wanted.items() if not servers.have(file)]
