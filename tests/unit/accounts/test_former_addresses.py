"""An address that a mailbox has left is nobody else's until it is released."""

from collections.abc import Callable
from threading import Event

import pytest
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import IntegrityError, OperationalError, connection, transaction

from accounts.models import Account, Domain, FormerAddress
from tests.factories import make_account, make_domain
from tests.patience import PATIENCE
from tests.unit.locks import wait_until_somebody_waits
from tests.unit.support import at_once

OLD, NEW = "plain@example.com", "renamed@example.com"
REFUSED = "a former one of another mailbox"


def execute(sql: str, *values: str | int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)


def rename(account: Account, to: str = NEW) -> None:
    account.address = to
    account.save()


def rename_by_query(account: Account, to: str = NEW) -> None:
    Account.objects.filter(pk=account.pk).update(address=to)


def rename_many(account: Account, to: str = NEW) -> None:
    account.address = to
    Account.objects.bulk_update([account], ["address"])


def rename_by_sql(account: Account, to: str = NEW) -> None:
    execute("UPDATE accounts_account SET address = %s WHERE id = %s", to, account.pk)


def delete(account: Account) -> None:
    account.delete()


def delete_by_query(account: Account) -> None:
    Account.objects.filter(pk=account.pk).delete()


def delete_by_sql(account: Account) -> None:
    execute("DELETE FROM accounts_account WHERE id = %s", account.pk)


RENAMING = [rename, rename_by_query, rename_many, rename_by_sql]
DELETING = [delete, delete_by_query, delete_by_sql]


def insert(address: str) -> None:
    """Make it by a copy of another mailbox's row."""
    row = make_account("model@example.com")
    fields = Account._meta.local_concrete_fields
    columns = [str(field.column) for field in fields if not field.primary_key]
    names = ", ".join(columns)
    values = ", ".join("%s" if name == "address" else name for name in columns)
    execute(
        f"INSERT INTO accounts_account ({names}) "  # noqa: S608
        f"SELECT {values} FROM accounts_account WHERE id = %s",
        address,
        row.pk,
    )


def save_new(address: str) -> None:
    Account(address=address, domain=make_domain()).save()


def create_many(address: str) -> None:
    Account.objects.bulk_create([Account(address=address, domain=make_domain())])


def create_or_update_many(address: str) -> None:
    Account.objects.bulk_create(
        [Account(address=address, domain=make_domain())],
        update_conflicts=True,
        unique_fields=["address"],
        update_fields=["name"],
    )


def load(address: str) -> None:
    """Save it as `loaddata` does: without asking any rule of ours."""
    Account(address=address, domain=make_domain()).save_base(raw=True)


MAKING = [save_new, create_many, create_or_update_many, load, insert]


@pytest.fixture
def plain(db: None) -> Account:
    return make_account(OLD)


@pytest.mark.parametrize("way", RENAMING)
def test_an_address_that_a_mailbox_leaves_is_recorded(
    plain: Account, way: Callable[..., None]
) -> None:
    way(plain)

    (former,) = FormerAddress.objects.all()
    assert (former.address, former.domain) == (OLD, "example.com")
    assert former.because == FormerAddress.Because.RENAMED
    assert former.account == plain


@pytest.mark.parametrize("way", DELETING)
def test_all_addresses_of_a_deleted_mailbox_are_nobodys(
    plain: Account, way: Callable[..., None]
) -> None:
    rename(plain)

    way(plain)

    left = FormerAddress.objects.values_list("address", "because")
    assert list(left) == [(OLD, "renamed"), (NEW, "deleted")]
    assert not FormerAddress.objects.filter(account__isnull=False).exists()


@pytest.mark.parametrize("leave", [rename, delete])
@pytest.mark.parametrize("way", MAKING)
def test_the_database_refuses_it_to_a_new_mailbox(
    plain: Account, leave: Callable[..., None], way: Callable[[str], None]
) -> None:
    leave(plain)

    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        way(OLD)

    assert not Account.objects.filter(address=OLD).exists()
    assert FormerAddress.objects.filter(address=OLD).exists()


@pytest.mark.parametrize("leave", [rename, delete])
@pytest.mark.parametrize("way", RENAMING)
def test_the_database_refuses_it_to_a_mailbox_that_is_renamed(
    plain: Account, leave: Callable[..., None], way: Callable[..., None]
) -> None:
    leave(plain)
    other = make_account("other@example.com")

    with pytest.raises(IntegrityError, match=REFUSED), transaction.atomic():
        way(other, OLD)

    assert not Account.objects.filter(address=OLD).exists()


@pytest.mark.parametrize("way", RENAMING)
def test_the_mailbox_that_left_it_takes_it_back(
    plain: Account, way: Callable[..., None]
) -> None:
    rename(plain)

    way(plain, OLD)

    assert not FormerAddress.objects.filter(address=OLD).exists()
    assert FormerAddress.objects.get().address == NEW
    assert Account.objects.get().address == OLD


def test_what_is_saved_without_another_address_leaves_none(plain: Account) -> None:
    plain.name = "Plain"
    plain.save()
    Account.objects.filter(pk=plain.pk).update(address=OLD)

    assert not FormerAddress.objects.exists()


def test_it_is_everybodys_once_it_is_released(plain: Account) -> None:
    plain.delete()
    FormerAddress.objects.all().delete()

    assert make_account(OLD).address == OLD


def test_a_deleted_domain_that_comes_back_brings_no_address_back(
    plain: Account,
) -> None:
    plain.delete()
    Domain.objects.all().delete()

    with pytest.raises(ValidationError, match="A mailbox had this address"):
        make_account(OLD)


@pytest.mark.parametrize("address", [OLD, "Plain@example.com"])
def test_whoever_makes_a_mailbox_is_told_what_to_do_first(
    plain: Account, address: str
) -> None:
    rename(plain)

    with pytest.raises(ValidationError) as refused:
        make_account(address)

    (sentence,) = refused.value.message_dict["address"]
    assert sentence.startswith("A mailbox had this address until ")
    assert f"with: deploy/manage release_address {OLD}" in sentence


def test_no_superuser_gets_it_and_no_domain_is_made_for_one(plain: Account) -> None:
    plain.delete()
    Domain.objects.all().delete()

    with pytest.raises(CommandError, match="A mailbox had this address"):
        call_command("createsuperuser", address=OLD, interactive=False, verbosity=0)

    assert not Account.objects.exists()
    assert not Domain.objects.exists()


# --- left and made anew at once -------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("leave", [rename, delete])
def test_it_is_refused_to_whoever_makes_it_while_it_is_being_left(
    leave: Callable[..., None],
) -> None:
    plain = make_account(OLD)
    domain = make_domain()

    def act(number: int) -> bool:
        """Leave it; make it, again and again, until it is no more."""
        if number == 0:
            with transaction.atomic():
                leave(plain)
            return True
        while Account.objects.filter(pk=plain.pk, address=OLD).exists():
            try:
                with transaction.atomic():
                    Account.objects.bulk_create([Account(address=OLD, domain=domain)])
            except IntegrityError:
                continue
            return False
        return True

    assert all(at_once(4, act))
    assert not Account.objects.filter(address=OLD).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
@pytest.mark.parametrize("leave", [rename, delete])
def test_whoever_waits_for_a_mailbox_that_is_leaving_is_refused_in_the_end(
    leave: Callable[..., None],
) -> None:
    """The order in which nothing is to be seen when the new one begins."""
    plain, domain = make_account(OLD), make_domain()
    is_left = Event()

    def act(number: int) -> str:
        if number == 0:
            with transaction.atomic():
                leave(plain)
                is_left.set()
                wait_until_somebody_waits()
            return "left"
        is_left.wait(PATIENCE)
        try:
            Account.objects.bulk_create([Account(address=OLD, domain=domain)])
        except IntegrityError as error:
            return str(error)
        return "made"

    left, told = at_once(2, act)

    assert left == "left"
    assert REFUSED in told


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer")
@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.parametrize("leave", [rename, delete])
def test_who_began_before_it_was_left_and_does_not_look_again_gets_no_address(
    leave: Callable[..., None], level: str
) -> None:
    """By an older view of the table there is no former address, and no mailbox."""
    plain, domain = make_account(OLD), make_domain()
    has_begun, is_left = Event(), Event()

    def act(number: int) -> str:
        if number == 0:
            has_begun.wait(PATIENCE)
            leave(plain)
            is_left.set()
            return "left"
        try:
            with transaction.atomic(), connection.cursor() as cursor:
                cursor.execute(f"SET TRANSACTION ISOLATION LEVEL {level}")
                assert not FormerAddress.objects.exists()
                has_begun.set()
                is_left.wait(PATIENCE)
                Account.objects.bulk_create([Account(address=OLD, domain=domain)])
        except OperationalError as error:
            return str(error)
        return "made"

    left, told = at_once(2, act)

    assert left == "left"
    assert "READ COMMITTED" in told
