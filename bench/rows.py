"""Fill a new database with accounts, each with ten client passwords.

All accounts share the ten secrets: the cost of a logon does not depend on the password,
and hashing a million passwords would take minutes.

Run in a process of its own, with the database in its environment.
"""

import json
import sys

import argon2
from django.contrib.auth.hashers import make_password
from django.core.management import call_command
from django.db import connection

from accounts.models import Account, Domain, Policy
from bench import targets
from clientpasswords import passwords
from clientpasswords.models import ClientPassword


def fill(accounts: int, secrets: list[str]) -> None:
    """Create the tables and the rows."""
    call_command("migrate", verbosity=0)
    costly = argon2.PasswordHasher(
        time_cost=targets.COSTLY_TIME, memory_cost=targets.COSTLY_MEMORY, parallelism=1
    )
    cheap_hashes = [passwords.hash_for_mail_server(secret) for secret in secrets]
    costly_hashes = [costly.hash(secret) for secret in secrets]
    add(targets.DOMAIN, accounts, secrets, cheap_hashes)
    add(targets.COSTLY_DOMAIN, targets.COSTLY_ACCOUNTS, secrets, costly_hashes)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def add(name: str, accounts: int, secrets: list[str], hashes: list[str]) -> None:
    """Create a domain, its accounts u0@… and their passwords."""
    policy, _ = Policy.objects.get_or_create(name="Bench")
    domain = Domain.objects.create(name=name, policy=policy)
    rows = (
        Account(
            address=f"u{number}@{name}",
            domain=domain,
            password=make_password(None),
            client_passwords_on=True,
        )
        for number in range(accounts)
    )
    Account.objects.bulk_create(rows, batch_size=5000)
    first = Account.objects.get(address=f"u0@{name}")
    for slot, (secret, hash_) in enumerate(zip(secrets, hashes, strict=True), start=1):
        ClientPassword.objects.create(
            account=first,
            slot=slot,
            label=f"Device {slot}",
            selector=passwords.selector(secret),
            hash=hash_,
        )
    copy_passwords(first)


def copy_passwords(first: Account) -> None:
    """Copy the passwords of the first account to all others of the domain."""
    columns = [name for name in first.client_passwords.values()[0] if name != "id"]
    own = {"account_id": "account.id"}
    values = [own.get(name, f"client.{name}") for name in columns]
    statement = (
        "INSERT INTO clientpasswords_clientpassword (",
        ", ".join(columns),
        ")",
        "SELECT",
        ", ".join(values),
        "FROM clientpasswords_clientpassword AS client",
        "CROSS JOIN accounts_account AS account WHERE client.account_id = %s",
        "AND account.domain_id = %s AND account.id <> client.account_id",
    )
    with connection.cursor() as cursor:
        cursor.execute(" ".join(statement), [first.pk, first.domain_id])


if __name__ == "__main__":
    fill(int(sys.argv[1]), json.loads(sys.argv[2]))
