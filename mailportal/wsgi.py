"""The WSGI application, for gunicorn."""

import os
import sys

import django
from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application

from mailportal.configuration import WrongSettings

# By it gunicorn knows that a worker cannot start (`Arbiter.WORKER_BOOT_ERROR`), and
# ends with it as well instead of starting others for ever.
BOOT_FAILED = 3

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailportal.settings")


def refuse_published_secrets() -> None:
    """Where nobody has run a command before, no check has been asked.

    Raises:
        WrongSettings: a secret is one that everybody knows.
    """
    from mailportal.checks import secrets  # noqa: PLC0415 (needs the settings)

    published = secrets.secrets_are_not_published()
    if published:
        raise WrongSettings("\n".join(message.msg for message in published))


def start() -> WSGIHandler:
    """Return the application.

    Raises:
        SystemExit: the settings are wrong; what is wrong was said, a line for each.
    """
    try:
        django.setup(set_prefix=False)
        refuse_published_secrets()
    except WrongSettings as mistakes:
        sys.stderr.write(f"{mistakes}\n")
        raise SystemExit(BOOT_FAILED) from None
    return get_wsgi_application()


application = start()
