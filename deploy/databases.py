"""Read and adapt the URL of the portal's database for a mail server."""

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

MAIL_ROLE = "mailportal_mail"
PATIENCE = "2"  # seconds to connect


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


def limit_connect_time(database_url: str) -> str:
    """Return the URL with a time-out of two seconds for connecting."""
    url = urlsplit(database_url)
    query = dict(parse_qsl(url.query)) | {"connect_timeout": PATIENCE}
    return url._replace(query=urlencode(query)).geturl()


def database_name(postgres_url: str) -> str:
    """Return the name of the database in the URL; "" if it has none."""
    url = urlsplit(postgres_url)
    return dict(parse_qsl(url.query)).get("dbname", unquote(url.path.lstrip("/")))
