"""Mailboxes: what an address may be, and who is made by whom."""

import pytest
from django.contrib.auth.hashers import check_password, identify_hasher
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.db.models import ProtectedError
from pytest_django import Settings

from accounts.hashing.hashers import WebPasswordHasher
from accounts.models import Account, Department, MailWebLogon, Phone, Policy
from tests.factories import PASSWORD, make_account, make_domain, make_policy

PROJECTS_HASHERS = ["accounts.hashing.hashers.WebPasswordHasher"]


def test_an_address_is_stored_in_lower_case(db: None) -> None:
    account = make_account("Alice.Smith@example.com")

    assert account.address == "alice.smith@example.com"
    assert Account.objects.get_by_natural_key("ALICE.SMITH@example.com") == account


@pytest.mark.parametrize("address", ["Alice@example.com", "alice@Example.com"])
def test_the_database_refuses_capitals_in_an_address(db: None, address: str) -> None:
    make_account("alice@example.com")

    with (
        pytest.raises(IntegrityError, match="account_address_in_lower_case"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE accounts_account SET address = %s", [address])


def test_the_database_refuses_a_tilde_in_an_address(db: None) -> None:
    domain = make_domain()

    with (
        pytest.raises(IntegrityError, match="account_address_without_tilde"),
        transaction.atomic(),
    ):
        Account.objects.create(address="alice~1@example.com", domain=domain)


def test_the_database_refuses_capitals_in_the_name_of_a_domain(db: None) -> None:
    make_domain("example.com")

    with (
        pytest.raises(IntegrityError, match="domain_name_in_lower_case"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE accounts_domain SET name = %s", ["Example.com"])


def test_an_address_is_there_once(alice: Account) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        make_account("alice@example.com")


@pytest.mark.parametrize(
    "address",
    [
        "alice~1@example.com",
        "alice*@example.com",
        "alice?@example.com",
        "alice+shop@example.com",
        "al ice@example.com",
        'al"ice@example.com',
        "alice'@example.com",
        "alice@example",
        "alice@exam_ple.com",
        "alice@@example.com",
        "@example.com",
        "alice@example.com\n",
        "-alice@example.com",
        "a" * 65 + "@example.com",
        "ålice@example.com",
    ],
)
def test_an_address_with_signs_of_other_programs_is_refused(
    db: None, address: str
) -> None:
    domain = make_domain()

    with pytest.raises(ValidationError) as caught:
        Account.objects.create_user(address, PASSWORD, domain=domain)

    assert "address" in caught.value.message_dict


@pytest.mark.parametrize(
    "address", ["a@example.com", "first.last=1_2-3@mail.example.co.uk"]
)
def test_an_ordinary_address_is_allowed(db: None, address: str) -> None:
    assert make_account(address).address == address


def test_the_address_lies_in_its_domain(db: None) -> None:
    other = make_domain("example.org")

    with pytest.raises(ValidationError, match="not in the chosen domain"):
        Account.objects.create_user("eve@example.com", PASSWORD, domain=other)


def test_a_domain_that_ends_alike_is_another(db: None) -> None:
    domain = make_domain("example.com")

    with pytest.raises(ValidationError, match="not in the chosen domain"):
        Account.objects.create_user("eve@evil-example.com", PASSWORD, domain=domain)


def test_the_department_lies_in_the_domain(db: None) -> None:
    make_domain("example.com")
    foreign = Department.objects.create(domain=make_domain("example.org"), name="Sales")

    with pytest.raises(ValidationError, match="another domain"):
        Account.objects.create_user("eve@example.com", PASSWORD, department=foreign)


def test_a_department_has_its_name_once_in_a_domain(db: None) -> None:
    department = Department.objects.create(domain=make_domain(), name="Sales")

    with pytest.raises(IntegrityError), transaction.atomic():
        Department.objects.create(domain=make_domain(), name="Sales")

    assert str(department) == "Sales (example.com)"


def test_a_policy_in_use_cannot_be_deleted(alice: Account) -> None:
    with pytest.raises(ProtectedError):
        Policy.objects.all().delete()


def test_an_account_has_one_phone(alice: Account) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Phone.objects.create(account=alice, number="+12025550199")


def test_the_administrator_of_the_host_comes_with_a_domain(db: None) -> None:
    account = Account.objects.create_superuser("Root@example.net", PASSWORD)

    assert account.is_staff
    assert account.is_superuser
    assert (account.domain.name, account.domain.policy.name) == (
        "example.net",
        "Standard",
    )


def test_a_second_administrator_joins_the_domain_that_is_there(db: None) -> None:
    domain = make_domain("example.net", make_policy("Special"))

    account = Account.objects.create_superuser("root@example.net", PASSWORD)

    assert account.domain == domain
    assert Policy.objects.count() == 1


def test_an_owner_is_no_administrator(alice: Account) -> None:
    assert not alice.is_staff
    assert not alice.is_superuser
    assert str(alice) == "alice@example.com"


def test_a_web_password_is_kept_as_dovecot_can_verify_it(
    db: None, settings: Settings
) -> None:
    settings.PASSWORD_HASHERS = PROJECTS_HASHERS

    alice = make_account("alice@example.com")

    assert alice.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert isinstance(identify_hasher(alice.password), WebPasswordHasher)
    assert check_password(PASSWORD, alice.password)
    hashes = {row.hash for row in MailWebLogon.objects.all()}
    assert hashes == {alice.password.removeprefix("argon2")}
