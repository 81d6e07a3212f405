import sys
from getpass import getpass
from ipaddress import ip_address
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.views.decorators.debug import sensitive_variables

from accounts.models.protocols import PROTOCOL_KEYS
from clientpasswords.logon import decision


class Command(BaseCommand):
    help = (
        "Check whether the mail server would let a password in, and why. Reads the "
        "password from the terminal or from standard input."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address")
        parser.add_argument("--protocol", choices=PROTOCOL_KEYS, required=True)
        parser.add_argument("--ip", help="where the mail program connects from")

    @sensitive_variables()
    def handle(self, *args: Any, **options: Any) -> None:
        if options["ip"] is not None:
            _require_address(options["ip"])
        password = (
            getpass() if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
        )
        verdict = decision.decide(
            options["address"], options["protocol"], password, options["ip"]
        )
        if verdict.login_name is None:
            raise CommandError(f"refused: {verdict.reason}")
        self.stdout.write(f"let in as {verdict.login_name} by {verdict.reason}")


def _require_address(text: str) -> None:
    try:
        ip_address(text)
    except ValueError:
        raise CommandError("--ip is not a network address", returncode=2) from None
