"""Measure each page of an owner with ten passwords, on SQLite, by processor time.

The time is from the request to the complete response: without gunicorn, the network,
the browser, and other programs of the machine. Run in a process of its own, with the
database in its environment. A unit test counts the queries of each page.
"""

import logging
import time
from datetime import timedelta
from statistics import median

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from bench import targets
from clientpasswords.models import LogonDay, Usage

PAGES = (
    "home",
    "accounts:general",
    "accounts:phone",
    "two_factor:profile",
    "clientpasswords:index",
    "clientpasswords:new",
    "clientpasswords:disable",
    "clientpasswords:lost",
    "clientpasswords:sign-ins",
    "clientpasswords:device",
    "clientpasswords:delete",
    "help:index",
)
OF_ONE = {"clientpasswords:device", "clientpasswords:delete"}


def main() -> None:
    """Print for each page the median, and the slowest of a hundred.

    The pages take turns, so that other load on the machine affects all alike.
    """
    logging.disable()
    owner = Account.objects.get(address=f"u0@{targets.DOMAIN}")
    use_all(owner)
    browser = Client()
    browser.force_login(owner)
    first = owner.client_passwords.values_list("pk", flat=True)[0]
    addresses = [
        reverse(name, args=[first] if name in OF_ONE else []) for name in PAGES
    ]
    rounds = [
        {address: _milliseconds(browser, address) for address in addresses}
        for _ in range(100)
    ]
    for address in addresses:
        times = [each[address] for each in rounds]
        text = f"{address}: {median(times):.1f} ms, slowest {max(times):.1f} ms"
        good = median(times) <= targets.MOST_FOR_A_PAGE
        wanted = f"{targets.MOST_FOR_A_PAGE} ms"
        print(targets.judge(text, good=good, wanted=wanted))


def use_all(owner: Account) -> None:
    """Record a use of each password, and logons in most hours of the last 30 days."""
    now = timezone.now()
    used = {"first_at": now, "last_at": now, "protocol": "imap", "node": "bench"}
    Usage.objects.bulk_create(
        Usage(client_password=each, network_address="192.0.2.1", **used)
        for each in owner.client_passwords.all()
    )
    LogonDay.objects.bulk_create(
        LogonDay(
            account=owner,
            client_password=each,
            day=now.date() - timedelta(days=ago),
            hours_let_in=0xFFFF,
            hours_refused=ago % 3 == 0,
        )
        for each in owner.client_passwords.all()
        for ago in range(30)
    )


def _milliseconds(browser: Client, address: str) -> float:
    before = time.process_time()
    response = browser.get(address)
    spent = time.process_time() - before
    if response.status_code not in (200, 409):  # a window may say why it cannot help
        message = f"{address}: {response.status_code}"
        raise RuntimeError(message)
    return spent * 1000


if __name__ == "__main__":
    main()
