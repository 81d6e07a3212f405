import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.serializers.json import DjangoJSONEncoder

from accounts import addresses, events
from accounts.events import Event, Kind
from accounts.models import Account
from provisioning.owner_data import collect_owner_data


class Encoder(DjangoJSONEncoder):
    """Writes what has no form in JSON, such as a phone number, as its text."""

    def default(self, o: object) -> object:
        try:
            return super().default(o)
        except TypeError:
            return str(o)


class Command(BaseCommand):
    help = (
        "Write as JSON all that the portal holds about the owner of a mailbox, without "
        "secrets: for somebody who asks what is known of them. It is recorded. Of a "
        "deleted mailbox, its events are left."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address")
        parser.add_argument("--reason", default="", help="Recorded in the audit log.")

    def handle(self, *args: Any, **options: Any) -> None:
        address = addresses.normalise(options["address"])
        found = collect_owner_data(address)
        if not found:
            raise CommandError(f"{address}: nothing is known of it.")
        account = Account.objects.filter(address=address).first()
        by = events.command_actor("export_owner")
        why = options["reason"]
        events.record_all([Event(Kind.EXPORTED, account, by, why=why, address=address)])
        text = json.dumps(found, cls=Encoder, ensure_ascii=False, indent=2)
        self.stdout.write(text)
