"""Plain Dovecot, to compare with: its own SQL passdb and one password an account."""

import hashlib
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from deploy.mailhost import MailHost
from deploy.postgres import MAIL_ROLE, PrivatePostgres

TABLE = Path(__file__).parent / "plain.sql"

PASSDB = """passdb {{
  driver = sql
  args = {}
}}
"""

LOOK_UP = """driver = pgsql
connect = host={host} port={port} dbname={database} user={role}
password_query = SELECT password, address AS "user" FROM plain WHERE address = '%u'
"""


class PlainHost(MailHost):
    """A mail host like ours in everything but who decides logons."""

    def _prepare(self, base: Path) -> None:
        super()._prepare(base)
        url = urlsplit(self.database_url)
        look_up = self.folder / "dovecot" / "plain.conf.ext"
        look_up.write_text(
            LOOK_UP.format(
                host=unquote(url.netloc.rpartition("@")[2].rpartition(":")[0]),
                port=url.port,
                database=url.path.lstrip("/"),
                role=MAIL_ROLE,
            )
        )
        ours = re.compile(r"^passdb \{.*?^\}\n", re.MULTILINE | re.DOTALL)
        text = ours.sub(PASSDB.format(look_up), self.dovecot_conf.read_text())
        self.dovecot_conf.write_text(text)


def make_table(postgres: PrivatePostgres, database: str, password: str) -> None:
    """Make what `PlainHost` reads: of what ours reads, this client password."""
    selector = hashlib.sha256(password.encode()).hexdigest()[:4]
    postgres.run_sql(TABLE.read_text(), database=database, selector=selector)
