"""Rights that are taken from the author of a page while it is being saved."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connections, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Domain, Policy
from tests.factories import make_account, make_domain, make_policy
from tests.signedin import sign_in_verified
from tests.unit.administration.rolesteps import post_policy

pytestmark = pytest.mark.django_db(transaction=True)

# Long enough for a request to be let in before the right is gone.
LET_IN = 0.4


def change_policy(browser: Client, policy: Policy) -> Any:
    return post_policy(browser, policy, domain=policy.domain_id, imap="")


def add_policy(browser: Client, policy: Policy) -> Any:
    return post_policy(browser, None, domain=policy.domain_id)


def delete_policy(browser: Client, policy: Policy) -> Any:
    free = Policy.objects.get(name="Free")
    page = reverse("admin:accounts_policy_delete", args=[free.pk])
    return browser.post(page, {"post": "yes"})


def lose_group(author: Account) -> None:
    author.groups.clear()


def lose_domain(author: Account) -> None:
    author.domains_administered.clear()


def lose_staff(author: Account) -> None:
    Account.objects.filter(pk=author.pk).update(is_staff=False)


def lose_account(author: Account) -> None:
    Account.objects.filter(pk=author.pk).update(is_active=False)


@pytest.fixture
def domain() -> Domain:
    domain = make_domain("firm.example", make_policy("Standard"))
    for name in ("Standard", "Free"):
        policy, _made = Policy.objects.get_or_create(name=name)
        Policy.objects.filter(pk=policy.pk).update(domain=domain)
    return domain


@pytest.mark.parametrize("take", [lose_group, lose_domain, lose_staff, lose_account])
@pytest.mark.parametrize("save", [change_policy, add_policy, delete_policy])
def test_a_page_sent_before_the_right_was_taken_waits_and_is_refused(
    domain: Domain,
    save: Callable[[Client, Policy], Any],
    take: Callable[[Account], None],
) -> None:
    author = make_account("author@firm.example", is_staff=True)
    author.groups.set([Group.objects.get(name="Domain administrators")])
    author.domains_administered.add(domain)
    browser = sign_in_verified(author)
    before = list(Policy.objects.order_by("pk").values())

    def send() -> Any:
        try:
            return save(browser, Policy.objects.get(name="Standard"))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            # As the page of a mailbox does when rights are given or taken on it.
            Account.objects.lock(author.pk)
            answer = pool.submit(send)
            time.sleep(LET_IN)
            take(author)
        response = answer.result()

    assert response.status_code in {200, 302, 403}
    assert list(Policy.objects.order_by("pk").values()) == before
