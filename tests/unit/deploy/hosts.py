"""Mail hosts to render, one of each kind."""

from dataclasses import replace
from pathlib import Path

from deploy.values import Certificate, MailHostValues, PrivateInstance

POSTGRES_URL = "postgresql://mailportal_mail@%2Frun%2Fpostgresql/mailportal"
SQLITE_URL = "sqlite:////srv/portal/portal.sqlite3"
VALUES = MailHostValues(
    folder=Path("/nowhere"),
    database_url=POSTGRES_URL,
    doveadm_api_key="a-key",
    host_name="mx.example.com",
    certificate=Certificate(Path("/etc/tls/chain.pem"), Path("/etc/tls/key.pem")),
    webmail_networks=("192.0.2.0/24", "2001:db8::/48"),
    database_group="postfix",
    doveadm_address="192.0.2.1",
)
HOSTS = {
    "PostgreSQL": VALUES,
    "SQLite": replace(VALUES, database_url=SQLITE_URL),
    "private": replace(
        VALUES,
        certificate=None,
        private=PrivateInstance("t1", Path("/srv/t1"), privileged=False),
    ),
}
