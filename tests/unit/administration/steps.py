"""What administrators do on the pages of mailboxes and policies, and what they see."""

import csv
from io import StringIO
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account, Policy
from tests.factories import make_domain

ACCOUNTS = "/admin/accounts/account/"
# An entry of MAIL_SITES that names the mail servers.
SITE = {
    "key": "sg",
    "name": "Singapore",
    "url": "https://portal.example/",
    "imap": {"host": "imap.example", "port": 993, "security": "SSL/TLS"},
    "smtp": {"host": "smtp.example", "port": 465, "security": "SSL/TLS"},
}


POLICY_FORM = {
    "name": "Standard",
    "third_party_logon": "on",
    "imap": "on",
    "pop3": "on",
    "smtp": "on",
    "max_client_passwords": "10",
    "code_to_switch_off": "on",
}


def save_policy(browser: Client, policy: Policy, **fields: str | None) -> Any:
    """Save and confirm the policy's form; None stands for a box without its tick."""
    data = {
        name: value
        for name, value in (POLICY_FORM | {"_confirmed": "Yes"} | fields).items()
        if value is not None
    }
    address = reverse("admin:accounts_policy_change", args=[policy.pk])
    return browser.post(address, data | {"name": policy.name})


def save_account(browser: Client, account: Account, **fields: Any) -> Any:
    data = {
        "address": account.address,
        "domain": account.domain_id,
        "is_active": "on",
        "phone-TOTAL_FORMS": "0",
        "phone-INITIAL_FORMS": "0",
        **fields,
    }
    address = reverse("admin:accounts_account_change", args=[account.pk])
    return browser.post(address, data)


def add_account(browser: Client, **fields: Any) -> Any:
    """Add a mailbox in a domain that exists, with a web password of one's own."""
    make_domain()
    data = {
        "address": "new@example.com",
        "web_password": "a long web password",
        **fields,
    }
    return browser.post(reverse("admin:accounts_account_add"), data)


def rows_listed(browser: Client, page: str) -> list[str]:
    return [str(row) for row in browser.get(page).context["cl"].result_list]


def queries_of(browser: Client, page: str) -> list[str]:
    """The queries of a page; the session is written once a minute, not now."""
    browser.get("/admin/")
    with CaptureQueriesContext(connection) as asked:
        assert browser.get(page).status_code == 200, page
    return [query["sql"] for query in asked.captured_queries]


def rows_exported(response: Any) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text)))
