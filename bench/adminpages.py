"""Request every list, search, filter and object page, and print how long each takes.

Run in a process of its own, with a filled database in its environment. The time is that
of the portal from request to answer, without the network. The processor time is that of
this process and of the database's: unlike the other, it does not grow with what else
the machine does.
"""

import os
import sys
import time
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from statistics import median
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.test import Client, override_settings
from django.test.utils import setup_test_environment, teardown_test_environment
from django.urls import reverse
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Account, Policy
from administration.bulk import actions, jobs
from bench import adminrows, targets

STATIC = "django.contrib.staticfiles.storage.StaticFilesStorage"
PLAIN_FILES = {"staticfiles": {"BACKEND": STATIC}}
# A unit test asks for an entry for each list with a search, and each typed filter.
SEARCHES = {
    "account": ["user12345@", "user9", "Name 77"],
    "apitoken": ["Sync"],
    "clientpassword": ["user12345@"],
    "cutoff": ["user12345"],
    "domain": ["d12"],
    "department": ["Sal", "d12"],
    "formeraddress": ["user12345@"],
    "group": ["Help"],
    "logon": ["user12345@"],
    "policy": ["Sta"],
    "recoverycodes": ["operator@"],
    "securityevent": ["user12345@"],
    "totpdevice": ["operator@"],
    "webauthncredential": ["operator@"],
}
TYPED = {"in": "d12.example", "by": "user77", "network": "192.0.2.7"}
# Pages that are not measured, and why. A unit test finds each other page measured.
NOT_MEASURED = {
    "accounts_formeraddress_release": "there is no former address",
    "accounts_securityevent_export": "without a filter it leads to the list",
    "app_list": "leads to the first page",
    "figures": "counts everything, and is for POST",
    "first_steps": "is for POST",
    "jsi18n": "asks nothing of the database",
    "login": "leads to the portal's page",
    "logout": "is for POST",
    "password_change": "leads to the portal's page",
    "password_change_done": "leads to the portal's page",
    "provisioning_apitoken_revoke": "there is no token",
}
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
    print(f"{'page':60}{'queries':>8}{'median':>10}{'slowest':>10}{'processor':>11}")
    missed = [page for page in found if not measure_page(browser, page, rounds)]
    wanted = f"{targets.MOST_QUERIES} queries and {targets.MOST_MILLISECONDS} ms"
    print(f"{len(missed)} of {len(found)} pages need more than {wanted}")
    busy = f"{os.getloadavg()[1]:.1f} processes on {os.cpu_count()} processors"
    print(f"The machine ran {busy} in the last five minutes.", flush=True)


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
    times = [wall * 1000 for wall, _processor in spent]
    processor = median(processor for _wall, processor in spent) * 1000
    middle = median(times)
    good = middle <= targets.MOST_MILLISECONDS and count.asked <= targets.MOST_QUERIES
    figures = f"{count.asked:>8}{middle:>7.0f} ms{max(times):>7.0f} ms"
    verdict = "" if good else "  MISSED"
    print(f"{page[:59]:60}{figures}{processor:>8.0f} ms{verdict}", flush=True)
    return good


class Count:
    """Counts the queries to the database."""

    asked = 0

    def __call__(self, execute: Any, *args: Any) -> Any:
        """Count one query, and run it."""
        self.asked += 1
        return execute(*args)


def measure_seconds(browser: Client, page: str) -> tuple[float, float]:
    """Return the time from request to answer, and the processor time."""
    start, worked = time.perf_counter(), read_processor_time()
    browser.get(page)
    return time.perf_counter() - start, read_processor_time() - worked


def read_processor_time() -> float:
    """Return the seconds that this process and its database's have run so far."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    nanoseconds, *_ = Path(f"/proc/{backend}/schedstat").read_text().split()
    return time.process_time() + int(nanoseconds) / 1e9


def pages(browser: Client) -> Iterator[str]:
    """Yield the address of every page that lists, searches, or shows one record."""
    yield reverse("admin:index")
    yield f"{reverse('admin:index')}?domain=d12.example"
    for model in apps.get_models():
        if admin.site.is_registered(model):
            yield from pages_of(browser, model)
    account = Account.objects.get(address="user7@d8.example")
    yield reverse("admin:accounts_account_try")
    yield reverse("admin:auth_user_password_change", args=[account.pk])
    for name in ("why", "welcome"):
        yield reverse(f"admin:accounts_account_{name}", args=[account.pk])
    for policy in Policy.objects.all():
        yield reverse("admin:accounts_policy_report", args=[policy.pk])
    yield from confirmations()
    yield from (f"{reverse('admin:autocomplete')}?{each}" for each in SUGGESTIONS)


def pages_of(browser: Client, model: type[Model]) -> Iterator[str]:
    """Yield the lists of a model, and the pages of its newest record."""
    page = admin.site.get_model_admin(model)
    name = f"admin:{page.opts.app_label}_{page.opts.model_name}"
    list_ = reverse(f"{name}_changelist")
    response = browser.get(list_)
    request: HttpRequest = response.wsgi_request
    yield list_
    yield from (f"{list_}?q={q}" for q in SEARCHES.get(str(page.opts.model_name), []))
    yield from (f"{list_}?{query}" for query in filters(response.context["cl"]))
    if page.has_add_permission(request):
        yield reverse(f"{name}_add")
    newest: QuerySet[Any] = QuerySet(model).order_by("-pk")
    if row := newest.first():
        yield reverse(f"{name}_change", args=[row.pk])
        yield reverse(f"{name}_history", args=[row.pk])
        if page.has_delete_permission(request, row):
            yield reverse(f"{name}_delete", args=[row.pk])
    else:
        print(f"{list_}: no record, so its pages are not measured", flush=True)


def confirmations() -> Iterator[str]:
    """Yield the pages that ask before each bulk action on all records, or groups.

    Where it is chosen first what the action does, also those that say what changes.
    """
    author = Account.objects.filter(is_superuser=True).earliest("pk")
    closed = Policy.objects.get(name="Closed").pk
    of_policy = f"?preview=1&policy={closed}"
    chosen = {
        "set_policy": [of_policy, "?preview=1"],
        "set_protocols": ["?preview=1&imap=off"],
        "set_domain_policy": [of_policy],
        "set_department_policy": [of_policy, "?preview=1"],
    }
    for action in actions.BULK_ACTIONS:
        records: QuerySet[Any] = QuerySet(action.model).order_by("pk")
        every = records.values_list("pk", flat=True)
        job = jobs.create_job(action, every, author, None)
        page = reverse("admin:administration_job_change", args=[job.pk])
        yield page
        yield from (page + each for each in chosen.get(action.name, []))


def filters(changelist: Any) -> Iterator[str]:
    """Yield each choice of each filter of a list."""
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
