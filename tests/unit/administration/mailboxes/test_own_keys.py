"""The page of one's own mailbox changes nothing that opens it: nothing there proves it.

Web password, second factors, phone number and switch are changed in the settings.
"""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Account, Phone
from accounts.signin import second_factor
from tests.unit.accounts.passkeysteps import make_passkey
from tests.unit.administration.rolesteps import save
from tests.unit.support import HOME

pytestmark = pytest.mark.django_db
NUMBER, OTHER = "+12025550123", "+12025550166"


@pytest.fixture
def owner(admin: Account) -> Account:
    """A superuser with a phone, and security passwords turned on."""
    Phone.objects.create(account=admin, number=NUMBER)
    Account.objects.filter(pk=admin.pk).update(client_passwords_on=True)
    admin.refresh_from_db()
    return admin


def phone_fields(phone: Phone, **fields: str) -> dict[str, Any]:
    return {
        "phone-TOTAL_FORMS": "1",
        "phone-INITIAL_FORMS": "1",
        "phone-0-id": phone.pk,
        "phone-0-account": phone.account_id,
        "phone-0-number": NUMBER,
        **fields,
    }


@pytest.mark.parametrize(
    "fields", [{}, {"phone-0-number": OTHER}, {"phone-0-DELETE": "on"}]
)
def test_ones_own_page_leaves_the_number_and_the_switch_alone(
    administrator: Client, owner: Account, fields: dict[str, str]
) -> None:
    phone = Phone.objects.get(account=owner)

    answer = save(administrator, owner, name="Me", **phone_fields(phone, **fields))

    assert answer.status_code == 302
    owner.refresh_from_db()
    assert owner.name == "Me"
    assert owner.client_passwords_on
    assert Phone.objects.get(account=owner).number == NUMBER


def test_the_page_says_where_they_are_changed(
    administrator: Client, owner: Account, alice: Account
) -> None:
    page = reverse("admin:accounts_account_change", args=[owner.pk])
    others = reverse("admin:accounts_account_change", args=[alice.pk])
    said = "are changed in your settings in the portal"

    assert said in " ".join(administrator.get(page).content.decode().split())
    assert said not in " ".join(administrator.get(others).content.decode().split())


def test_ones_own_second_factors_are_neither_changed_nor_deleted_there(
    administrator: Client, owner: Account
) -> None:
    make_passkey(owner)
    second_factor.make_recovery_codes(owner, by=HOME)
    rows = [
        *TOTPDevice.objects.filter(user=owner),
        *second_factor.get_passkeys(owner),
        second_factor.get_recovery_codes(owner),
    ]

    for row in rows:
        assert row is not None
        name = f"admin:{row._meta.app_label}_{row._meta.model_name}"
        for page in ("change", "delete"):
            address = reverse(f"{name}_{page}", args=[row.pk])
            assert administrator.post(address, {"post": "yes"}).status_code == 403
        assert type(row)._default_manager.filter(pk=row.pk).exists()


def test_one_without_a_number_can_be_given_one(
    administrator: Client, admin: Account
) -> None:
    """Where one person administers a host, nobody else could."""
    fields = {
        "phone-TOTAL_FORMS": "1",
        "phone-INITIAL_FORMS": "0",
        "phone-0-account": admin.pk,
        "phone-0-number": NUMBER,
    }

    assert save(administrator, admin, **fields).status_code == 302

    assert Phone.objects.get(account=admin).number == NUMBER
