"""What administrators of every kind do on the pages of mailboxes and policies."""

from typing import Any

from django.test import Client
from django.urls import reverse

from accounts.models import Account, Policy
from tests.signedin import sign_in_verified
from tests.unit.administration.steps import POLICY_FORM, save_account
from tests.unit.administration.worlds import World, make_administrator


def browser_as(role: str, world: World) -> Client:
    return sign_in_verified(make_administrator(role, world.domain))


def save(browser: Client, account: Account, **fields: Any) -> Any:
    """Save the mailbox's page as it is but for these fields."""
    domains = account.domains_administered.values_list("pk", flat=True)
    present = {
        "name": account.name,
        "is_staff": "on" if account.is_staff else "",
        "is_superuser": "on" if account.is_superuser else "",
        "groups": list(account.groups.values_list("pk", flat=True)),
        "domains_administered": list(domains),
    }
    return save_account(browser, account, **(present | fields))


def post_policy(browser: Client, policy: Policy | None, **fields: Any) -> Any:
    """Save and confirm the page of the policy; None: of a new one."""
    page = (
        reverse("admin:accounts_policy_change", args=[policy.pk])
        if policy
        else reverse("admin:accounts_policy_add")
    )
    data = POLICY_FORM | {"name": policy.name if policy else "New", "_confirmed": "1"}
    return browser.post(page, data | fields)


def errors_of(response: Any) -> dict[str, Any]:
    """What the page says at which field."""
    assert response.status_code == 200
    return dict(response.context["adminform"].form.errors)
