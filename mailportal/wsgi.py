"""The WSGI application, for gunicorn."""

import os
import sys

import django
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

from mailportal.configuration import WrongSettings

# With this exit code (`Arbiter.WORKER_BOOT_ERROR`), gunicorn knows that a worker cannot
# start. It exits too, instead of starting others forever.
BOOT_FAILED = 3

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailportal.settings")


def refuse_published_secrets() -> None:
    """Check for published secrets, as gunicorn runs no system checks.

    Raises:
        WrongSettings: a secret has a published value.
    """
    from mailportal.checks import secrets  # noqa: PLC0415 (needs the settings)

    published = secrets.secrets_are_not_published()
    if published:
        raise WrongSettings("\n".join(message.msg for message in published))


def start() -> WSGIHandler:
    """Return the WSGI application.

    Raises:
        SystemExit: the settings are wrong; standard error has a line for each mistake.
    """
    try:
        django.setup(set_prefix=False)
        refuse_published_secrets()
    except WrongSettings as mistakes:
        sys.stderr.write(f"{mistakes}\n")
        raise SystemExit(BOOT_FAILED) from None
    return get_wsgi_application()


application = start()
