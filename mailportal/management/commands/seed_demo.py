from dataclasses import dataclass, field
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction

from accounts.models import Account, Domain, FormerAddress, Phone, Policy
from mailportal import demonstration

DEMO_WEB_PASSWORD = "mailportal-demo"  # noqa: S105 (the README prints it)


@dataclass(frozen=True)
class Person:
    """One demo mailbox, with the policy of its domain."""

    address: str
    name: str
    phone: str
    policy_name: str = "Standard"
    policy: dict[str, Any] = field(default_factory=dict)


DEMO_PEOPLE = [
    Person("alice@example.com", "Alice", "+12025550123"),
    Person(
        "bob@enforced.example",
        "Bob",
        "+12025550124",
        "Security passwords required",
        {"client_passwords_required": True},
    ),
    Person(
        "carol@closed.example",
        "Carol",
        "+12025550125",
        "No mail programs",
        {"third_party_logon": False},
    ),
    Person(
        "dave@imaponly.example",
        "Dave",
        "+12025550126",
        "IMAP only",
        {"pop3": False, "smtp": False},
    ),
]
ADMINISTRATOR = "admin@example.com"


class Command(BaseCommand):
    help = (
        "Make the demonstration's mailboxes and its invented roll-out, unless they "
        "exist. Never on a real host."
    )

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        for person in DEMO_PEOPLE:
            self._keep_or_make(person)
        if not self._is_taken(ADMINISTRATOR):
            Account.objects.create_superuser(
                ADMINISTRATOR, DEMO_WEB_PASSWORD, name="Administrator"
            )
        demonstration.make_roll_out()

    def _keep_or_make(self, person: Person) -> None:
        if self._is_taken(person.address):
            return
        policy, _created = Policy.objects.get_or_create(
            name=person.policy_name, defaults=person.policy
        )
        domain = person.address.rpartition("@")[2]
        Domain.objects.get_or_create(name=domain, defaults={"policy": policy})
        account = Account.objects.create_user(
            person.address, DEMO_WEB_PASSWORD, name=person.name
        )
        Phone.objects.create(account=account, number=person.phone)

    def _is_taken(self, address: str) -> bool:
        """Return whether the address is a mailbox's, or a former one; report that."""
        former = FormerAddress.objects.filter(address=address).first()
        if former is not None:
            self.stdout.write(f"Left out: {former.refusal}")
        return former is not None or Account.objects.filter(address=address).exists()
