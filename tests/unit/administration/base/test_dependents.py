"""Pages that ask whether to delete a record tell the first of what hangs on it."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Account, Department, Domain, RecoveryCodes
from administration.base.dependents import MAX_SHOWN
from tests.factories import make_account, make_policy
from tests.unit.administration.rolesteps import browser_as
from tests.unit.administration.worlds import World

MAY_NOT = "You may not delete what belongs to it"

pytestmark = pytest.mark.both_databases


@pytest.fixture
def unused(db: None) -> Domain:
    """A domain without mailboxes, of more departments than the page tells of."""
    domain = Domain.objects.create(name="unused.example", policy=make_policy())
    for number in range(MAX_SHOWN + 10):
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

    assert re.findall("Department: <a[^>]*>(Team ..)", html) == [
        f"Team {number:02}" for number in range(MAX_SHOWN)
    ]
    assert f"Departments: {MAX_SHOWN}+" in html
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
    for number in range(MAX_SHOWN + 10):
        make_account(f"m{number:02}@{unused.name}")
    page = reverse("admin:accounts_domain_delete", args=[unused.pk])

    answer = administrator.post(page, {"post": "yes"})

    assert len(re.findall("Mailbox: <a", answer.content.decode())) == MAX_SHOWN
    assert "<li>…</li>" in answer.content.decode()
    assert Account.objects.filter(domain=unused).count() == MAX_SHOWN + 10


def test_who_may_not_delete_what_hangs_on_it_deletes_neither(own: World) -> None:
    browser = browser_as("domain", own)
    page = reverse("admin:accounts_policy_delete", args=[own.policy.pk])

    assert MAY_NOT in browser.get(page).content.decode()
    assert browser.post(page, {"post": "yes"}).status_code in {200, 403}

    own.policy.refresh_from_db()


def test_a_mailbox_with_security_passwords_is_not_deleted(
    own: World, administrator: Client
) -> None:
    page = reverse("admin:accounts_account_delete", args=[own.owner.pk])

    assert administrator.post(page, {"post": "yes"}).status_code == 409

    assert own.owner.client_passwords.exists()


def test_of_what_goes_with_a_mailbox_it_tells_how_much(
    own: World, administrator: Client
) -> None:
    plain = make_account(f"plain@{own.domain.name}")
    for number in range(MAX_SHOWN + 10):
        TOTPDevice.objects.create(user=plain, name=f"{number}")
    RecoveryCodes.objects.create(user=plain, name="paper")
    page = reverse("admin:accounts_account_delete", args=[plain.pk])

    html = administrator.get(page).content.decode()

    kind = capfirst(TOTPDevice._meta.verbose_name_plural)
    assert html.count(f"<li>{kind}: {MAX_SHOWN}+</li>") == 2
    kind = capfirst(RecoveryCodes._meta.verbose_name_plural)
    assert html.count(f"<li>{kind}: 1</li>") == 2


def test_what_nobody_deletes_by_hand_goes_along_and_is_counted(
    own: World, administrator: Client
) -> None:
    own.owner.client_passwords.update(revoked_at=timezone.now())
    page = reverse("admin:accounts_account_delete", args=[own.owner.pk])

    html = administrator.get(page).content.decode()

    assert "permission" not in html
    assert html.count("<li>Security passwords: 1</li>") == 2
    assert html.count("<li>Cut-offs: 1</li>") == 2
    assert html.count("<li>Mail logons: 2</li>") == 2


def test_a_mailbox_goes_with_what_its_administrator_may_delete(
    own: World, administrator: Client
) -> None:
    plain = make_account(f"plain@{own.domain.name}")
    TOTPDevice.objects.create(user=plain, name="default")
    page = reverse("admin:accounts_account_delete", args=[plain.pk])
    assert MAY_NOT not in administrator.get(page).content.decode()

    assert administrator.post(page, {"post": "yes"}).status_code == 302

    assert not Account.objects.filter(pk=plain.pk).exists()
    assert not TOTPDevice.objects.filter(user=plain.pk).exists()


def test_whoever_may_not_reset_a_second_factor_does_not_delete_its_mailbox(
    own: World,
) -> None:
    owner = make_account(f"plain@{own.domain.name}", is_staff=True)
    TOTPDevice.objects.create(user=owner, name="default")
    browser = browser_as("domain", own)
    page = reverse("admin:accounts_account_delete", args=[owner.pk])

    assert browser.post(page, {"post": "yes"}).status_code == 403

    assert TOTPDevice.objects.filter(user=owner).exists()
