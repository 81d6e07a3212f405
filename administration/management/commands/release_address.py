from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import events
from accounts.models import FormerAddress
from administration import formeraddresses
from administration.acts import Order


class Command(BaseCommand):
    help = (
        "Let a mailbox have an address that another has left. Whoever gets it reads "
        "what is in its folder on the mail server: move or remove that first."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address")
        parser.add_argument(
            "--reason", default="", help="Goes into the record of events."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        address = options["address"].lower()
        former = FormerAddress.objects.filter(address=address).first()
        order = Order(events.by_command("release_address"), options["reason"])
        if former is None or not formeraddresses.release(former, order):
            raise CommandError(
                f"{address} is no former address; list_former_addresses lists them."
            )
        to_do = formeraddresses.to_do(address, former.account, is_seen=True)
        self.stdout.write(
            f"{address} is released. What is in {to_do.home} is whoever's has it next."
        )
        if former.account is not None:
            self.stdout.write(
                f"What {former.account} had there and has not got yet, bring it by:\n"
                f"{to_do.moving}"
            )
