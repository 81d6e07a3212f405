"""Prepare the demonstration before the portal starts, in one process.

Each start of Django takes a second of the processor's time, which on a busy machine is
half a minute. Every command keeps what exists already.
"""

import os

from django.core.management import execute_from_command_line

COMMANDS = (["prepare"], ["seed_demo"], ["collectstatic", "--no-input"])


def main() -> None:
    """Run the commands as manage.py does; stop at the first that fails."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailportal.settings")
    for command in COMMANDS:
        execute_from_command_line(["manage.py", *command, "--verbosity=0"])


if __name__ == "__main__":
    main()
