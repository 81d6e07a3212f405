"""Tokens in the administration: who may make and revoke them, and how that is asked."""

import pytest
from django.contrib.auth.models import Permission
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse

from accounts.models import Account, Domain, SecurityEvent
from provisioning.models import ApiToken
from tests.unit.api.conftest import client_with, make_token
from tests.unit.api.tokensteps import LIST, make, page_of

pytestmark = pytest.mark.django_db


def permissions(names: list[str]) -> QuerySet[Permission]:
    return Permission.objects.filter(codename__in=names)


def test_revoking_asks_first_and_holds_for_the_next_request(
    administrator: Client, firm: Domain
) -> None:
    program = client_with(make_token("sync"))
    page = page_of("sync", "revoke")

    assert "refused from their next request on" in administrator.get(page).text
    assert program.get("/api/v1/accounts").status_code == 200
    response = administrator.post(page, {"reason": "lost"}, follow=True)

    assert "“sync” opens nothing any more" in response.text
    assert program.get("/api/v1/accounts").status_code == 401
    event = SecurityEvent.objects.get(kind="record-deleted")
    assert (event.actor, event.reason) == ("admin@example.com", "lost")
    assert event.detail["apitoken"] == "sync"


def test_revoked_again_nothing_changes(administrator: Client, firm: Domain) -> None:
    make_token("sync")
    page = page_of("sync", "revoke")
    administrator.post(page)
    before = list(ApiToken.objects.values())

    response = administrator.post(page, follow=True)

    assert "was revoked before" in response.text
    assert "was revoked before" in administrator.get(page).text
    assert "/revoke/" not in administrator.get(page_of("sync", "change")).text
    assert list(ApiToken.objects.values()) == before
    assert SecurityEvent.objects.filter(kind="record-deleted").count() == 1


def test_no_token_but_those_there_are_can_be_revoked(administrator: Client) -> None:
    page = reverse("admin:provisioning_apitoken_revoke", args=[1])

    assert administrator.get(page).status_code == 404
    assert administrator.post(page).status_code == 404


def test_a_form_of_another_site_makes_and_revokes_nothing(
    administrator: Client, firm: Domain
) -> None:
    make_token("sync")
    administrator.handler.enforce_csrf_checks = True

    assert make(administrator, "other").status_code == 403
    assert administrator.post(page_of("sync", "revoke")).status_code == 403

    assert ApiToken.objects.live().get().name == "sync"


@pytest.mark.parametrize("is_operator", [True, False])
def test_only_site_operators_whatever_permissions_others_were_given(
    administrator: Client, firm: Domain, *, is_operator: bool
) -> None:
    make_token("sync")
    account = Account.objects.get(address="admin@example.com")
    Account.objects.update(is_superuser=False)
    names = ["add_apitoken", "view_apitoken", "revoke_apitoken"]
    names += ["view_account", "view_phone"]
    names += ["operate_site"] if is_operator else []
    account.user_permissions.set(permissions(names))
    wanted = 200 if is_operator else 403

    answers = [
        administrator.get(LIST),
        administrator.get(page_of("sync", "change")),
        administrator.get(page_of("sync", "revoke")),
        make(administrator, "other"),
    ]

    assert {each.status_code for each in answers} == {wanted}
    assert ApiToken.objects.filter(name="other").exists() is is_operator


def test_to_see_them_is_not_to_revoke_them(administrator: Client, firm: Domain) -> None:
    make_token("sync")
    account = Account.objects.get(address="admin@example.com")
    Account.objects.update(is_superuser=False)
    account.user_permissions.set(permissions(["view_apitoken", "operate_site"]))

    assert administrator.get(LIST).status_code == 200
    assert "/revoke/" not in administrator.get(page_of("sync", "change")).text
    assert administrator.post(page_of("sync", "revoke")).status_code == 403
    assert make(administrator, "other").status_code == 403
    assert ApiToken.objects.live().count() == 1
