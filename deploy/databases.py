"""What the URL of the portal's database tells a mail server."""

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

MAIL_ROLE = "mailportal_mail"
PATIENCE = "2"  # seconds to connect
# Where Debian's PostgreSQL listens, and a URL without a host means.
SOCKETS = "/var/run/postgresql"


def as_mail_role(database_url: str) -> str:
    """Return the URL by which the mail server reaches the portal's database."""
    if not database_url.startswith(("postgres:", "postgresql:")):
        return database_url
    url = urlsplit(database_url)
    address = url.netloc.rpartition("@")[2]
    return url._replace(scheme="postgresql", netloc=f"{MAIL_ROLE}@{address}").geturl()


def sqlite_file(database_url: str) -> Path | None:
    """Return the file of a sqlite:/// URL, None for PostgreSQL.

    Raises:
        ValueError: the URL is neither.
    """
    if database_url.startswith("postgresql:"):
        return None
    path = database_url.removeprefix("sqlite:///")
    if path == database_url or not path.startswith("/"):
        message = "a database URL is postgresql://… or sqlite:////absolute/path"
        raise ValueError(message)
    return Path(unquote(path))


def impatient(database_url: str) -> str:
    """Return the URL with a connection that gives up after two seconds."""
    url = urlsplit(database_url)
    query = dict(parse_qsl(url.query)) | {"connect_timeout": PATIENCE}
    return url._replace(query=urlencode(query)).geturl()


def libpq_parameters(postgres_url: str) -> dict[str, str]:
    """Return what PostgreSQL's client library calls the parts of this URL.

    "host" is always among them.
    """
    url = urlsplit(postgres_url)
    address = url.netloc.rpartition("@")[2].removesuffix(f":{url.port}")
    parts = {
        "host": unquote(address).strip("[]"),
        "port": str(url.port or ""),
        "dbname": unquote(url.path.lstrip("/")),
        "user": unquote(url.username or ""),
        "password": unquote(url.password or ""),
    }
    named = {name: value for name, value in parts.items() if value}
    return {"host": SOCKETS} | named | dict(parse_qsl(url.query))
