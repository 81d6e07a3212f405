"""A check that the installed Dovecot fits the rendered configuration."""

import re
from pathlib import Path
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage

from gateways.dovecot import installed_version

# The path to which deploy.render writes, as docs/operations.md says.
RENDERED = Path("/etc/mailportal/mail/dovecot/dovecot.conf")
# The first line of each rendering.
RENDERED_FOR = re.compile(r"# Dovecot (\d+\.\d+) behind the portal")


def rendering_fits_the_mail_server(**_kwargs: Any) -> list[CheckMessage]:
    """In production: the rendered configuration is for the installed Dovecot."""
    return check_rendering(RENDERED, installed_version())


def check_rendering(rendered: Path, installed: str) -> list[CheckMessage]:
    """Return a warning if the rendering is for another version than `installed`.

    There is none if the file is missing or names no version, or if `installed` is "".
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
