"""A mailbox can be deleted, whatever hangs on it, or the page says what to do first."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db.models import CASCADE, SET_NULL, Model, QuerySet
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp_webauthn.models import WebAuthnUserHandle

from accounts.events import Actor, Kind
from accounts.models import (
    Account,
    FamiliarNetwork,
    FormerAddress,
    NewPhone,
    SecurityEvent,
    SentCode,
)
from administration.base.scoped import ReadOnlyAdmin
from clientpasswords.models import LogonDay, SetUpLink
from provisioning import operations
from provisioning.models import ApiToken
from provisioning.operations import Order
from tests.signedin import sign_in_verified
from tests.unit.administration.jobsteps import WHY, do
from tests.unit.administration.rolesteps import browser_as
from tests.unit.administration.worlds import World, make_administrator

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("one_node")]

ORDER = Order(Actor("admin@example.com"), "left")
# How a record points to a mailbox, by its model's label and the field.
RELATIONS = {
    f"{each.related_model._meta.label}.{each.field.name}": each
    for each in Account._meta.related_objects
    if not each.related_model._meta.auto_created
}


def fill(owner: Account) -> None:
    """Add what a mailbox can have, besides what it has in each world."""
    now = timezone.now()
    NewPhone.objects.create(
        account=owner, number="+12025550124", proposed_at=now, is_approved=False
    )
    SetUpLink.objects.create(
        account=owner, digest="d", attempt=uuid4(), expires_at=now, used_at=now
    )
    ApiToken.objects.filter(created_by=owner.address).update(owner=owner, is_owned=True)
    LogEntry.objects.create(user=owner, action_flag=1)
    SentCode.objects.create(account=owner)
    LogonDay.objects.create(account=owner, day=now, hours_let_in=1, hours_refused=0)
    FamiliarNetwork.objects.create(account=owner, network="192.0.2.0/24", last_at=now)
    StaticDevice.objects.create(user=owner, name="paper")
    WebAuthnUserHandle.objects.create(user=owner, handle_hex="00")
    # The mailbox was renamed once.
    former = FormerAddress.objects.create(
        address=f"was-{owner.address}",
        domain=owner.domain.name,
        because=FormerAddress.Because.RENAMED,
        account=owner,
    )
    assert former.account == owner


def of_owner(name: str, owner: Account) -> QuerySet[Any]:
    relation = RELATIONS[name]
    rows: QuerySet[Model] = QuerySet(relation.related_model)
    return rows.filter(**{relation.field.name: owner.pk})


def delete_page(account: Account) -> str:
    return reverse("admin:accounts_account_delete", args=[account.pk])


def delete(browser: Client, account: Account) -> int:
    return browser.post(delete_page(account), {"post": "yes"}).status_code


def is_there(account: Account) -> bool:
    return Account.objects.filter(pk=account.pk).exists()


@pytest.fixture
def offboarded(own: World) -> World:
    """A mailbox that had everything, and whose owner has left."""
    fill(own.owner)
    operations.offboard(own.owner, ORDER)
    return own


@pytest.mark.parametrize("name", RELATIONS)
def test_every_record_of_a_mailbox_goes_or_lets_it_go(
    name: str, offboarded: World, administrator: Client
) -> None:
    owner, relation = offboarded.owner, RELATIONS[name]
    before = list(of_owner(name, owner).values_list("pk", flat=True))
    assert before, f"the test knows no {name}"

    assert delete(administrator, owner) == 302

    assert not is_there(owner)
    left: QuerySet[Any] = QuerySet(relation.related_model).filter(pk__in=before)
    if relation.on_delete is CASCADE:
        assert not left.exists()
    elif relation.on_delete is SET_NULL:
        assert left.count() == len(before)


@pytest.mark.parametrize(
    "name", [name for name, each in RELATIONS.items() if each.on_delete is CASCADE]
)
def test_a_new_read_only_page_keeps_no_mailbox(
    name: str,
    offboarded: World,
    administrator: Client,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = RELATIONS[name].related_model
    page = ReadOnlyAdmin(model, admin.site)
    monkeypatch.setitem(admin.site._registry, model, page)

    assert delete(administrator, offboarded.owner) == 302


@pytest.mark.parametrize("role", ["superuser", "operator"])
def test_a_mailbox_in_use_is_offboarded_first_and_the_page_leads_there(
    role: str, own: World
) -> None:
    browser = browser_as(role, own)

    asked = browser.get(delete_page(own.owner))
    refused = browser.post(delete_page(own.owner), {"post": "yes"})

    for answer, status in ((asked, 200), (refused, 409)):
        html = answer.content.decode()
        assert answer.status_code == status
        assert "Offboard it first" in html
        assert "permission" not in html
        assert 'name="action" value="off_board"' in html
    assert is_there(own.owner)

    do(browser, "off_board", [own.owner])

    assert delete(browser, own.owner) == 302
    told = SecurityEvent.objects.filter(address=own.owner.address)
    assert told.get(kind=Kind.OFFBOARDED).reason == WHY
    assert told.filter(kind=Kind.MAILBOX_DELETED).exists()
    assert told.filter(account=None).count() == told.count()


def test_a_domain_administrator_with_the_permission_deletes_it_as_well(
    offboarded: World,
) -> None:
    administrator = make_administrator("domain", offboarded.domain)
    browser = sign_in_verified(administrator)
    assert delete(browser, offboarded.owner) == 403

    right = Permission.objects.get(codename="delete_account")
    administrator.user_permissions.add(right)

    assert delete(browser, offboarded.owner) == 302
    assert not is_there(offboarded.owner)


def test_who_may_not_offboard_is_told_whom_to_ask(own: World) -> None:
    administrator = make_administrator("help", own.domain)
    administrator.user_permissions.add(
        *Permission.objects.filter(codename="delete_account")
    )

    html = sign_in_verified(administrator).get(delete_page(own.owner)).content.decode()

    assert "Ask a site operator" in html
    assert 'value="off_board"' not in html


def test_a_strangers_guess_keeps_no_mailbox(own: World, administrator: Client) -> None:
    own.owner.client_passwords.all().delete()

    html = administrator.get(delete_page(own.owner)).content.decode()

    assert "permission" not in html
    assert delete(administrator, own.owner) == 302


def test_the_address_of_a_deleted_mailbox_stays_reserved(
    offboarded: World, administrator: Client
) -> None:
    assert delete(administrator, offboarded.owner) == 302

    assert FormerAddress.objects.filter(address=offboarded.owner.address).exists()


def test_no_bulk_action_deletes_mailboxes(own: World, administrator: Client) -> None:
    answer = administrator.post(
        reverse("admin:accounts_account_changelist"),
        {"action": "delete_selected", "_selected_action": own.owner.pk, "post": "yes"},
    )

    assert answer.status_code in {200, 302}
    assert is_there(own.owner)
