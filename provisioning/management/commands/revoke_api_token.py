from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import events
from provisioning import tokens
from provisioning.models import ApiToken
from provisioning.operations import Order


class Command(BaseCommand):
    help = "Revoke an API token, from the next request."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name")

    def handle(self, *args: object, **options: str) -> None:
        name = options["name"]
        order = Order(events.command_actor("revoke_api_token"), "")
        try:
            was_live = tokens.revoke(name, order)
        except ApiToken.DoesNotExist:
            raise CommandError(f"There is no token {name!r}.") from None
        self.stdout.write("revoked" if was_live else "was already revoked")
