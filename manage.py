#!/usr/bin/env python
"""Django's command line for this project."""

import os
import sys

from django.core.management import execute_from_command_line

from mailportal.configuration import WrongSettings

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailportal.settings")
    try:
        execute_from_command_line(sys.argv)
    except WrongSettings as mistakes:
        sys.exit(str(mistakes))
