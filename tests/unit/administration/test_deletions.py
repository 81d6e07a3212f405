"""Pages that ask whether to delete a record tell the first of what hangs on it."""

import re

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Department, Domain
from administration.deletions import MOST
from tests.factories import make_account, make_policy
from tests.unit.administration.rolesteps import browser_as
from tests.unit.administration.worlds import World


@pytest.fixture
def unused(db: None) -> Domain:
    """A domain without mailboxes, of more departments than the page tells of."""
    domain = Domain.objects.create(name="unused.example", policy=make_policy())
    for number in range(MOST + 10):
        Department.objects.create(domain=domain, name=f"Team {number:02}")
    return domain


def told(browser: Client, record: Domain | Department) -> str:
    name = type(record).__name__.lower()
    page = reverse(f"admin:accounts_{name}_delete", args=[record.pk])
    return browser.get(page).content.decode()


def test_it_tells_the_first_of_what_goes_along_and_that_there_is_more(
    unused: Domain, administrator: Client
) -> None:
    html = told(administrator, unused)

    assert len(re.findall("Department: <a", html)) == MOST + 1
    assert f"Departments: {MOST}+" in html
    assert "<li>…</li>" in html


def test_it_tells_all_where_that_is_little(
    unused: Domain, administrator: Client
) -> None:
    unused.departments.filter(name__gte="Team 02").delete()

    html = told(administrator, unused)

    assert len(re.findall("Department: <a", html)) == 2
    assert "Departments: 2" in html
    assert "<li>…</li>" not in html


def test_all_of_it_is_deleted(unused: Domain, administrator: Client) -> None:
    page = reverse("admin:accounts_domain_delete", args=[unused.pk])

    assert administrator.post(page, {"post": "yes"}).status_code == 302

    assert not Domain.objects.filter(pk=unused.pk).exists()
    assert not Department.objects.filter(name__startswith="Team").exists()


def test_what_forbids_it_is_told_likewise(
    unused: Domain, administrator: Client
) -> None:
    for number in range(MOST + 10):
        make_account(f"m{number:02}@{unused.name}")
    page = reverse("admin:accounts_domain_delete", args=[unused.pk])

    answer = administrator.post(page, {"post": "yes"})

    assert len(re.findall("Mailbox: <a", answer.content.decode())) == MOST + 1
    assert "<li>…</li>" in answer.content.decode()
    assert Account.objects.filter(domain=unused).count() == MOST + 10


def test_who_may_not_delete_what_hangs_on_it_deletes_neither(own: World) -> None:
    browser = browser_as("domain", own)
    page = reverse("admin:accounts_policy_delete", args=[own.policy.pk])

    assert "doesn't have permission" in browser.get(page).content.decode()
    assert browser.post(page, {"post": "yes"}).status_code in {200, 403}

    own.policy.refresh_from_db()


def test_a_mailbox_with_security_passwords_is_not_deleted(
    own: World, administrator: Client
) -> None:
    page = reverse("admin:accounts_account_delete", args=[own.owner.pk])

    assert administrator.post(page, {"post": "yes"}).status_code == 403

    assert own.owner.client_passwords.exists()
