"""Plain Dovecot for comparison: its own SQL passdb, one password for each account."""

import hashlib
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from deploy.mailhost import MailHost
from deploy.postgres import MAIL_ROLE, PrivatePostgres
from deploy.values import DovecotVersion

TABLE = Path(__file__).parent / "plain_dovecot.sql"

# In place of our passdb, and in a file of its own, by the version of Dovecot.
PASSDBS: dict[DovecotVersion, str] = {
    "2.3": """passdb {{
  driver = sql
  args = {file}
}}
""",
    "2.4": "!include {file}\n",
}
LOOK_UPS: dict[DovecotVersion, str] = {
    "2.3": """driver = pgsql
connect = host={host} port={port} dbname={database} user={role}
password_query = SELECT password, address AS "user" FROM plain WHERE address = '%u'
""",
    "2.4": """sql_driver = pgsql
pgsql {host} {{
  parameters {{
    port = {port}
    dbname = {database}
    user = {role}
  }}
}}
passdb sql {{
  query = SELECT password, address AS "user" FROM plain WHERE address = '%{{user}}'
}}
""",
}
OURS = re.compile(r"^passdb (?:lua )?\{.*?^\}\n", re.MULTILINE | re.DOTALL)


class PlainHost(MailHost):
    """A mail host like ours, except for what decides logons."""

    def _prepare(self, base: Path) -> None:
        super()._prepare(base)
        version = self._values(base).dovecot
        url = urlsplit(self.database_url)
        look_up = self.folder / "dovecot" / "plain.conf.ext"
        look_up.write_text(
            LOOK_UPS[version].format(
                host=unquote(url.netloc.rpartition("@")[2].rpartition(":")[0]),
                port=url.port,
                database=url.path.lstrip("/"),
                role=MAIL_ROLE,
            )
        )
        theirs = PASSDBS[version].format(file=look_up)
        ours = self.dovecot_conf.read_text()
        self.dovecot_conf.write_text(OURS.sub(theirs, ours))


def make_table(postgres: PrivatePostgres, database: str, password: str) -> None:
    """Create the table that `PlainHost` reads, with this client password of each."""
    selector = hashlib.sha256(password.encode()).hexdigest()[:4]
    postgres.run_sql(TABLE.read_text(), database=database, selector=selector)
