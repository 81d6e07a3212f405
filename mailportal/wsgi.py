"""The WSGI application, for gunicorn."""

import os

from django.core.wsgi import get_wsgi_application

from mailportal.configuration import WrongSettings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailportal.settings")

application = get_wsgi_application()


def refuse_published_secrets() -> None:
    """Where nobody has run a command before, no check has been asked.

    Raises:
        WrongSettings: a secret is one that everybody knows.
    """
    from mailportal.checks import secrets  # noqa: PLC0415 (needs the settings)

    published = secrets.secrets_are_not_published()
    if published:
        raise WrongSettings("\n".join(message.msg for message in published))


refuse_published_secrets()
