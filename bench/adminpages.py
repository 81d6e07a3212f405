"""Request every list, search, filter and object page, and print how long each takes.

Run in a process of its own, with a filled database in its environment. The time is that
of the portal from request to answer, without the network.
"""

import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from statistics import median
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.db.models import QuerySet
from django.test import Client, override_settings
from django.test.utils import setup_test_environment, teardown_test_environment
from django.urls import reverse
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Account, Policy
from bench import adminrows, targets

STATIC = "django.contrib.staticfiles.storage.StaticFilesStorage"
PLAIN_FILES = {"staticfiles": {"BACKEND": STATIC}}
SEARCHES = {
    "account": ["user12345@", "user9", "Name 77"],
    "clientpassword": ["user12345@"],
    "domain": ["d12"],
    "department": ["Sal", "d12"],
    "logon": ["user12345@"],
    "securityevent": ["user12345@"],
}
TYPED = {"in": "d12.example", "by": "user77", "network": "192.0.2.7"}
SUGGESTIONS = [
    "app_label=accounts&model_name=account&field_name=policy&term=Sta",
    "app_label=accounts&model_name=account&field_name=domain&term=d12",
    "app_label=accounts&model_name=account&field_name=department&term=d12",
]


def main(rounds: int) -> None:
    """Measure each page, and print a line about it."""
    browser = sign_in_verified(adminrows.ADMINISTRATOR)
    setup_test_environment()  # so that a response has the context of its list
    found = list(dict.fromkeys(pages(browser)))
    teardown_test_environment()
    print(f"{'page':60}{'queries':>8}{'median':>10}{'slowest':>10}", flush=True)
    missed = [page for page in found if not measure_page(browser, page, rounds)]
    wanted = f"{targets.MOST_QUERIES} queries and {targets.MOST_MILLISECONDS} ms"
    print(f"{len(missed)} of {len(found)} pages need more than {wanted}", flush=True)


def measure_page(browser: Client, page: str, rounds: int) -> bool:
    """Measure one page, print a line about it, and return whether it met its target.

    Raises:
        RuntimeError: there is no such page.
    """
    count = Count()
    with connection.execute_wrapper(count):
        response = browser.get(page)
    if response.status_code != HTTPStatus.OK:
        message = f"{page}: {response.status_code}"
        raise RuntimeError(message)
    spent = [measure_seconds(browser, page) for _ in range(rounds)]
    middle = median(spent) * 1000
    good = middle <= targets.MOST_MILLISECONDS and count.asked <= targets.MOST_QUERIES
    figures = f"{count.asked:>8}{middle:>7.0f} ms{max(spent) * 1000:>7.0f} ms"
    print(f"{page[:59]:60}{figures}{'' if good else '  MISSED'}", flush=True)
    return good


class Count:
    """Counts the queries to the database."""

    asked = 0

    def __call__(self, execute: Any, *args: Any) -> Any:
        """Count one query, and run it."""
        self.asked += 1
        return execute(*args)


def measure_seconds(browser: Client, page: str) -> float:
    start = time.perf_counter()
    browser.get(page)
    return time.perf_counter() - start


def pages(browser: Client) -> Iterator[str]:
    """Yield the address of every page that lists, searches, or shows one record."""
    yield reverse("admin:index")
    for model in apps.get_models():
        if not admin.site.is_registered(model):
            continue
        opts = admin.site.get_model_admin(model).opts
        name = f"admin:{opts.app_label}_{opts.model_name}"
        list_ = reverse(f"{name}_changelist")
        yield list_
        yield from (f"{list_}?q={q}" for q in SEARCHES.get(str(opts.model_name), []))
        yield from (f"{list_}?{query}" for query in filters(browser, list_))
        newest: QuerySet[Any] = QuerySet(model).order_by("-pk")
        if row := newest.first():
            yield reverse(f"{name}_change", args=[row.pk])
    account = Account.objects.get(address="user7@d8.example")
    yield reverse("admin:accounts_account_why", args=[account.pk])
    for policy in Policy.objects.all():
        yield reverse("admin:accounts_policy_report", args=[policy.pk])
    yield from (f"{reverse('admin:autocomplete')}?{each}" for each in SUGGESTIONS)


def filters(browser: Client, page: str) -> Iterator[str]:
    """Yield each choice of each filter of a list."""
    changelist = browser.get(page).context["cl"]
    for spec in changelist.filter_specs:
        for choice in spec.choices(changelist):
            query = choice.get("query_string", "?").removeprefix("?")
            if query:
                yield query
        if typed := TYPED.get(getattr(spec, "parameter_name", "")):
            yield f"{spec.parameter_name}={typed}"


def sign_in_verified(address: str) -> Client:
    """Return a test client that has signed in with both factors."""
    account = Account.objects.get(address=address)
    browser = Client()
    browser.force_login(account)
    session = browser.session
    session[DEVICE_ID_SESSION_KEY] = TOTPDevice.objects.get(user=account).persistent_id
    session.save()
    return browser


if __name__ == "__main__":
    with override_settings(STORAGES=PLAIN_FILES, ALLOWED_HOSTS=["testserver"]):
        main(int(sys.argv[1]))
