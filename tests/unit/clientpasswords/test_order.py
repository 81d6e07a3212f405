"""In which order the devices are listed, and which of them is named as dispensable."""

import re
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from accounts.models import Account, Policy
from clientpasswords.models import Usage
from tests.factories import make_client_password

INDEX = "/settings/account-security/"
HINT = "Used least of all: delete this one?"


def used(account: Account, name: str, days_ago: int | None) -> None:
    row, _secret = make_client_password(account, name)
    if days_ago is not None:
        at = timezone.now() - timedelta(days=days_ago)
        Usage.objects.create(
            client_password=row, first_at=at, last_at=at, protocol="imap"
        )


def names_in(page: str) -> list[str]:
    return re.findall(r"<h4.*?<bdi>(.*?)</bdi>", page)


def test_last_used_comes_first_and_never_used_last(
    browser: Client, alice: Account
) -> None:
    Account.objects.update(client_passwords_on=True)
    used(alice, "Last week", 7)
    used(alice, "Today", 0)
    used(alice, "Never", None)
    used(alice, "Last month", 30)

    page = browser.get(INDEX).content.decode()

    assert names_in(page) == ["Today", "Last week", "Last month", "Never"]
    assert HINT not in page


def test_at_the_limit_the_one_used_least_lately_is_pointed_out(
    browser: Client, alice: Account
) -> None:
    Account.objects.update(client_passwords_on=True)
    Policy.objects.update(max_client_passwords=2)
    used(alice, "Last month", 30)
    used(alice, "Today", 0)

    page = browser.get(INDEX).content.decode()

    assert page.count(HINT) == 1
    assert page.index("Last month") < page.index(HINT)
