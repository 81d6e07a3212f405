from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import addresses, events
from accounts.models import FormerAddress
from provisioning import former_addresses
from provisioning.operations import Order


class Command(BaseCommand):
    help = (
        "Release former addresses so that mailboxes can have them: all those named, or "
        "none. Whoever gets one can read the mail in its folder on the mail server. "
        "Move or remove that mail first."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", nargs="*")
        parser.add_argument("--domain", help="All former addresses of this domain.")
        parser.add_argument("--reason", default="", help="Recorded in the audit log.")

    def handle(self, *args: Any, **options: Any) -> None:
        named = {addresses.normalise(each) for each in options["address"]}
        domain = addresses.normalise_domain(options["domain"] or "")
        if bool(named) == bool(domain):
            raise CommandError("Name addresses or a --domain.")
        rows = FormerAddress.objects.select_related("account").order_by("address")
        rows = rows.filter(domain=domain) if domain else rows.filter(address__in=named)
        missing = named - set(rows.values_list("address", flat=True))
        if missing:
            raise CommandError(
                f"{', '.join(sorted(missing))}: no former address; nothing is "
                "released. list_former_addresses lists them."
            )
        order = Order(events.command_actor("release_address"), options["reason"])
        for former in former_addresses.release_all(rows, order):
            self._tell(former)

    def _tell(self, former: FormerAddress) -> None:
        to_do = former_addresses.instructions_for(
            former.address, former.account, is_seen=True
        )
        self.stdout.write(
            f"{former.address} is released. What is in {to_do.home} is whoever's has "
            "it next."
        )
        if former.account is not None:
            self.stdout.write(
                f"What {former.account} had there and has not got yet, bring it by:\n"
                f"{to_do.moving}"
            )
