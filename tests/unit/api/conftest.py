"""A program with a token for everything."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from pytest_django import Settings

from accounts.events import Actor
from accounts.models import Account, Domain
from provisioning import token_access, tokens
from provisioning.models import ApiToken
from provisioning.operations import Order
from provisioning.tokens import Terms
from tests.factories import make_account, make_domain, make_policy

OPERATOR = Order(Actor("operator@example.com"), "")


def make_token(
    name: str = "sync",
    *scopes: str,
    domains: list[Domain] | None = None,
    owner: Account | None = None,
) -> str:
    everything = set(ApiToken.Scope.values)
    if domains is not None:
        everything -= token_access.WHOLE_HOST_SCOPES
    terms = Terms(domains, owner=owner)
    return tokens.make(name, scopes or everything, terms, OPERATOR).text


def make_operator(address: str, **fields: Any) -> Account:
    """A site operator, who may do all that any token can be for."""
    account = make_account(address, is_staff=True, **fields)
    account.groups.set(Group.objects.filter(name="Site operators"))
    return account


def client_with(token: str) -> Client:
    return Client(headers={"Authorization": f"Bearer {token}"})


@pytest.fixture(autouse=True)
def _one_node(settings: Settings) -> None:
    settings.DOVEADM_URLS = ["http://mail.example:8080/doveadm/v1"]


@pytest.fixture
def firm(db: None) -> Domain:
    return make_domain("firm.example", make_policy("Standard"))


@pytest.fixture
def program(firm: Domain) -> Client:
    return client_with(make_token())


@pytest.fixture
def branch(firm: Domain) -> Client:
    """A program that sees firm.example only."""
    make_domain("other.example")
    return client_with(make_token("branch", domains=[firm]))


@pytest.fixture
def erin(firm: Domain) -> Account:
    return make_account("erin@firm.example", name="Erin", phone="+12025550123")
