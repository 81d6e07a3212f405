"""The mail server of this host: it has to be of the version that was rendered for."""

import re
from pathlib import Path
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage

from gateways.dovecot import installed_version

# Where docs/operations.md has deploy.render write.
RENDERED = Path("/etc/mailportal/mail/dovecot/dovecot.conf")
# As the first line of each rendering says.
RENDERED_FOR = re.compile(r"# Dovecot (\d+\.\d+) behind the portal")


def rendering_fits_the_mail_server(**_kwargs: Any) -> list[CheckMessage]:
    """In production: where both are, Dovecot can read what was rendered."""
    return check_rendering(RENDERED, installed_version())


def check_rendering(rendered: Path, installed: str) -> list[CheckMessage]:
    """Return what is wrong with a rendering for the version that is installed.

    Nothing where there is no rendering, or none that says for which version it is, or
    where nothing (an empty text) is installed.
    """
    try:
        found = RENDERED_FOR.match(rendered.read_text())
    except (OSError, UnicodeError):
        return []
    if not found or not installed or found[1] == installed:
        return []
    text = (
        f"{rendered.parents[1]} was rendered for Dovecot {found[1]}, and Dovecot"
        f" {installed} is installed: mail programs cannot log on."
    )
    hint = "Run deploy.render again, which asks for the version, and restart Dovecot."
    return [checks.Warning(text, hint=hint, id="mailportal.W019")]
