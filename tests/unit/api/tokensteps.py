"""Steps on the pages of tokens in the administration."""

from typing import Any

from django.test import Client
from django.urls import reverse

from provisioning.models import ApiToken

ADD = "/admin/provisioning/apitoken/add/"
LIST = "/admin/provisioning/apitoken/"


def page_of(name: str, act: str) -> str:
    pk = ApiToken.objects.get(name=name).pk
    return reverse(f"admin:provisioning_apitoken_{act}", args=[pk])


def make(browser: Client, name: str = "sync", **answers: Any) -> Any:
    """Fill the form in; for all domains unless some are named."""
    plain: dict[str, Any] = {"name": name, "scopes": ["accounts:read"]}
    plain["reach"] = "some" if "domains" in answers else "all"
    return browser.post(ADD, plain | answers)
