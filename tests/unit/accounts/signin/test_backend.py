"""What somebody may do: looked up in one query, and no more than they were given."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.utils.functional import SimpleLazyObject
from pytest_django import DjangoAssertNumQueries

from accounts.models import Account
from accounts.signin import backend
from accounts.signin.backend import PortalBackend
from tests.factories import make_account

pytestmark = pytest.mark.both_databases

GIVEN = {"accounts.view_account", "accounts.view_policy"}


@pytest.fixture
def account(db: None) -> Account:
    """One permission is theirs, one their group's; another group has one more."""
    account = make_account(is_staff=True)
    own, of_group, of_others = (
        Permission.objects.get(codename=name)
        for name in ("view_account", "view_policy", "view_domain")
    )
    account.user_permissions.add(own)
    ours, others = (Group.objects.create(name=name) for name in ("Ours", "Others"))
    ours.permissions.add(of_group, own)
    others.permissions.add(of_others)
    account.groups.add(ours)
    return Account.objects.get(pk=account.pk)


def test_ones_own_and_ones_groups_permissions_are_found_in_one_query(
    account: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        assert account.has_perm("accounts.view_account")
        assert account.has_perm("accounts.view_policy")
        assert not account.has_perm("accounts.view_domain")
        assert account.has_module_perms("accounts")
        assert not account.has_module_perms("clientpasswords")
        assert account.get_all_permissions() == GIVEN


def test_permissions_that_are_forgotten_are_looked_up_anew(account: Account) -> None:
    """As a request has its user: looked up once it is asked for."""
    user: Any = SimpleLazyObject(lambda: account)
    assert user.has_perm("accounts.view_account")
    account.user_permissions.clear()
    account.groups.clear()

    backend.forget_permissions(user)

    assert not user.has_perm("accounts.view_account")


def test_whoever_is_disabled_has_none_and_a_superuser_all(account: Account) -> None:
    Account.objects.update(is_active=False)
    assert Account.objects.get().get_all_permissions() == set()

    Account.objects.update(is_active=True, is_superuser=True)
    everything = Permission.objects.count()
    assert len(Account.objects.get().get_all_permissions()) == everything


def test_an_administrators_permissions_come_with_the_account_of_the_session(
    account: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        found = PortalBackend().get_user(account.pk)
        assert found is not None
        assert found.get_all_permissions() == GIVEN


def test_an_owners_permissions_are_looked_up_if_somebody_asks(
    account: Account, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    Account.objects.update(is_staff=False)
    found = PortalBackend().get_user(account.pk)
    assert found is not None

    with django_assert_num_queries(1):
        assert found.get_all_permissions() == GIVEN


def test_an_administrator_without_permissions_has_none(account: Account) -> None:
    account.user_permissions.clear()
    account.groups.clear()

    found = PortalBackend().get_user(account.pk)

    assert found is not None
    assert found.get_all_permissions() == set()


def test_a_session_of_nobody_or_of_a_disabled_account_has_no_account(
    account: Account,
) -> None:
    assert PortalBackend().get_user(account.pk + 1) is None

    Account.objects.update(is_active=False)

    assert PortalBackend().get_user(account.pk) is None
