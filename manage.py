#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

import django
from django.core.management import execute_from_command_line

from mailportal.configuration import WrongSettings
from mailportal.version import VERSION


def main() -> None:
    """Run the command; `version` says which portal and which Django this is."""
    # Django answers these before it looks for commands, with its own version alone.
    if sys.argv[1:] in (["version"], ["--version"]):
        sys.stdout.write(f"mailportal {VERSION}\nDjango {django.get_version()}\n")
        return
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailportal.settings")
    try:
        execute_from_command_line(sys.argv)
    except WrongSettings as mistakes:
        sys.exit(str(mistakes))


if __name__ == "__main__":
    main()
