from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import addresses, events
from accounts.models import Account, Domain
from provisioning import cells, tokens
from provisioning.models import ApiToken
from provisioning.operations import Order
from provisioning.tokens import Terms


class Command(BaseCommand):
    help = (
        "Create a token for a program that uses the API, and show it once. It is "
        "neither stored nor recorded."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        scopes = ApiToken.Scope.values
        parser.add_argument("name", help="The audit log shows this name.")
        parser.add_argument("--scopes", nargs="+", choices=scopes, required=True)
        parser.add_argument(
            "--domains",
            nargs="+",
            metavar="DOMAIN",
            help="Limit the token to these domains. Without this option it sees every "
            "domain.",
        )
        parser.add_argument(
            "--expires",
            help="For example 2027-01-31T18:00+01:00, or with Z for UTC. Default: "
            "never.",
        )
        parser.add_argument(
            "--owner",
            metavar="ADDRESS",
            help="An administrator. The token can never do more than the owner may do "
            "at that time, and it cannot lock out the owner's own mail programs.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            made = tokens.make(
                options["name"],
                options["scopes"],
                Terms(
                    self._domains(options["domains"]),
                    self._time(options["expires"]),
                    self._owner(options["owner"]),
                ),
                Order(events.command_actor("make_api_token"), ""),
            )
        except tokens.TokenRefused as error:
            raise CommandError(str(error)) from None
        self.stdout.write(made.text)

    def _domains(self, names: list[str] | None) -> list[Domain] | None:
        if names is None:
            return None
        found = list(Domain.objects.filter(name__in=names))
        known = {domain.name for domain in found}
        for name in names:
            if addresses.normalise_domain(name) not in known:
                raise CommandError(f"The domain {name} is none of this host.")
        return found

    def _owner(self, address: str | None) -> Account | None:
        if address is None:
            return None
        account = Account.objects.filter(address=address).first()
        if account is None:
            raise CommandError(f"There is no mailbox {address}.")
        return account

    def _time(self, text: str | None) -> datetime | None:
        if text is None:
            return None
        try:
            return cells.parse_moment(text)
        except ValueError as error:
            raise CommandError(f"--expires: {error}.") from None
