"""Nobody gets rights that they were not given, nor acts upon those above them."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Account, Phone, SecurityEvent
from administration.mailboxes.permissions import RightsAdmin
from tests.factories import PASSWORD, make_account
from tests.signedin import sign_in_verified
from tests.unit.administration.jobsteps import counts, ordered, work_off
from tests.unit.administration.rolesteps import browser_as, errors_of, save
from tests.unit.administration.steps import save_account
from tests.unit.administration.worlds import World, make_administrator
from tests.unit.support import at_once

RIGHTS = {
    "is_staff": "on",
    "is_superuser": "on",
    "groups": [1],
    "user_permissions": [1],
    "domains_administered": [1],
}


# --- rights ---------------------------------------------------------------------------


def test_a_domain_administrator_changes_a_mailbox_and_gives_no_rights(
    own: World, foreign: World
) -> None:
    browser = browser_as("domain", own)

    response = save(browser, own.owner, name="New name", **RIGHTS)

    assert response.status_code == 302, errors_of(response)
    own.owner.refresh_from_db()
    assert own.owner.name == "New name"
    assert not own.owner.is_staff
    assert not own.owner.is_superuser
    assert not own.owner.groups.exists()
    assert not own.owner.user_permissions.exists()
    assert not own.owner.domains_administered.exists()


def test_an_operator_makes_an_administrator_and_it_is_recorded(own: World) -> None:
    browser = browser_as("operator", own)
    group = Group.objects.get(name="Domain administrators")

    # The page offers groups and domains to administrators only.
    rights = {"groups": [group.pk], "domains_administered": [own.domain.pk]}
    for fields in ({}, rights):
        response = save(browser, own.owner, is_staff="on", **fields)
        assert response.status_code == 302, errors_of(response)

    event = SecurityEvent.objects.filter(kind="rights-changed").latest("pk")
    assert event.address == own.owner.address
    assert event.detail["changed"]["domains_administered"] == ["", "ours.example"]


def test_only_superusers_make_superusers(own: World) -> None:
    operator, superuser = browser_as("operator", own), browser_as("superuser", own)

    save(operator, own.owner, is_superuser="on")
    own.owner.refresh_from_db()
    assert not own.owner.is_superuser

    save(superuser, own.owner, is_superuser="on", is_staff="on")
    own.owner.refresh_from_db()
    assert own.owner.is_superuser


@pytest.mark.parametrize("role", ["superuser", "operator"])
@pytest.mark.parametrize(
    ("fields", "at"),
    [
        ({"is_staff": ""}, "is_staff"),
        ({"groups": []}, "groups"),
        ({"domains_administered": [1]}, "domains_administered"),
        ({"is_active": ""}, "is_active"),
    ],
)
def test_nobody_changes_their_own_rights_or_shuts_themselves_out(
    own: World, role: str, fields: dict[str, Any], at: str
) -> None:
    account = make_administrator(role, own.domain)
    account.groups.add(Group.objects.get(name="Help desk"))
    if at == "domains_administered":
        fields = {at: [own.domain.pk]}

    response = save(sign_in_verified(account), account, **fields)

    assert at in errors_of(response)
    account.refresh_from_db()
    assert account.is_staff
    assert account.is_active
    assert account.groups.exists()


def test_an_operators_own_name_is_theirs_to_change(own: World) -> None:
    account = make_administrator("operator", own.domain)

    assert save(sign_in_verified(account), account, name="Me").status_code == 302


@pytest.mark.parametrize("role", ["superuser", "operator", "domain"])
def test_nobody_deletes_themselves(own: World, role: str) -> None:
    account = make_administrator(role, own.domain)
    browser = sign_in_verified(account)

    page = reverse("admin:accounts_account_delete", args=[account.pk])
    asked = browser.get(page)
    answer = browser.post(page, {"post": "yes"})
    browser.post(
        "/admin/accounts/account/",
        {"action": "delete_selected", "_selected_action": [account.pk], "post": "yes"},
    )

    assert asked.status_code == answer.status_code == 403
    assert Account.objects.filter(pk=account.pk).exists()


def test_ones_own_password_is_changed_where_the_old_one_is_asked(own: World) -> None:
    account = make_administrator("superuser", own.domain)
    browser = sign_in_verified(account)

    for number in (str(account.pk), f"0{account.pk}"):
        page = reverse("admin:auth_user_password_change", args=[number])
        answer = browser.post(page, {"usable_password": "false", "unset-password": "1"})
        assert answer["Location"] == reverse("admin:password_change")

    account.refresh_from_db()
    assert account.check_password(PASSWORD)


def test_a_right_that_is_taken_this_moment_gives_no_rights(
    own: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = make_administrator("superuser", own.domain)
    browser = sign_in_verified(account)
    is_locked = RightsAdmin.get_object

    def taken(page: RightsAdmin, request: HttpRequest, *args: Any) -> Any:
        """Somebody else was first to get the lock."""
        Account.objects.filter(pk=account.pk).update(is_superuser=False)
        return is_locked(page, request, *args)

    monkeypatch.setattr(RightsAdmin, "get_object", taken)
    response = save(browser, own.owner, is_staff="on")

    assert response.status_code == 403
    own.owner.refresh_from_db()
    assert not own.owner.is_staff


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_each_others_rights_one_keeps_theirs(own: World) -> None:
    two = [make_account(f"op{n}@ours.example", is_staff=True) for n in range(2)]
    Account.objects.filter(pk__in=[each.pk for each in two]).update(is_superuser=True)
    browsers = [sign_in_verified(each) for each in two]

    at_once(
        2,
        lambda n: (
            save_account(
                browsers[n], two[1 - n], is_staff="", is_superuser=""
            ).status_code
        ),
    )

    assert Account.objects.filter(is_superuser=True).count() >= 1


# --- rank -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "target", "allowed"),
    [
        ("domain", "help", False),
        ("domain", "domain without one", False),
        ("help everywhere", "help", False),
        ("operator", "domain", True),
        ("operator", "superuser", False),
        ("superuser", "operator", True),
    ],
)
def test_an_administrators_mailbox_is_for_those_above(
    own: World, role: str, target: str, *, allowed: bool
) -> None:
    other = make_administrator(target, own.domain)
    Phone.objects.create(account=other, number="+12025550177")
    device = TOTPDevice.objects.create(user=other, name="second factor")
    browser = browser_as(role, own)

    changed = save(browser, other, name="Changed")
    password = browser.post(
        reverse("admin:auth_user_password_change", args=[other.pk]),
        {"password1": "taken over 12", "password2": "taken over 12"},
    )
    phone = browser.post(
        reverse("admin:accounts_account_change", args=[other.pk]),
        {"phone-TOTAL_FORMS": "1", "phone-INITIAL_FORMS": "0"},
    )
    browser.post(
        reverse("admin:otp_totp_totpdevice_delete", args=[device.pk]), {"post": "yes"}
    )

    other.refresh_from_db()
    assert (changed.status_code == 302) is allowed
    assert (password.status_code == 302) is allowed
    assert other.check_password("taken over 12") is allowed
    assert phone.status_code == (200 if allowed else 403)
    assert TOTPDevice.objects.filter(pk=device.pk).exists() is not allowed


def test_the_page_says_why_it_is_to_look_at_only(own: World) -> None:
    other = make_administrator("help", own.domain)

    page = browser_as("domain", own).get(
        reverse("admin:accounts_account_change", args=[other.pk])
    )

    assert "Only site operators can change" in page.content.decode()
    assert "Reset password" not in page.content.decode()


@pytest.mark.parametrize("action", ["off_board", "reset_phone", "set_policy"])
def test_actions_obey_the_rank(own: World, action: str) -> None:
    domain_admin = make_administrator("domain", own.domain)
    helper = make_administrator("help", own.domain)
    operator = make_administrator("operator", own.domain)
    for each in (helper, operator, domain_admin):
        Phone.objects.create(account=each, number="+12025550177")
    asked = {"policy": str(own.policy.pk)} if action == "set_policy" else {}
    three = [helper, operator, domain_admin]

    found = work_off(ordered(domain_admin, action, three, **asked))
    assert found == counts(failed=3)

    found = work_off(ordered(operator, action, three, **asked))
    assert found == counts(changed=2, failed=1)


def test_nobody_enters_a_second_factor_for_anybody(administrator: Client) -> None:
    owner = Account.objects.get()
    page = reverse("admin:otp_totp_totpdevice_add")
    data = {
        "user": owner.pk,
        "name": "known to me",
        "key": "00" * 20,
        "confirmed": "on",
    }

    assert administrator.get(page).status_code == 403
    assert administrator.post(page, data).status_code == 403
    assert not TOTPDevice.objects.filter(name="known to me").exists()


def test_a_second_factor_does_not_become_another_persons(own: World) -> None:
    device = own.rows["otp_totp_totpdevice"]
    key = device.key
    page = reverse("admin:otp_totp_totpdevice_change", args=[device.pk])
    browser = browser_as("operator", own)
    other = make_administrator("help", own.domain)
    data = {
        "name": "App",
        "step": 30,
        "t0": 0,
        "digits": 6,
        "tolerance": 1,
        "drift": 0,
        "throttling_failure_count": 0,
        "confirmed": "on",
    }

    answer = browser.post(page, data | {"user": other.pk, "key": "00" * 20})

    device.refresh_from_db()
    assert answer.status_code == 302
    assert (device.name, device.user, device.key) == ("App", own.owner, key)


def test_a_second_factor_is_reset_and_its_owner_told(own: World) -> None:
    browser = browser_as("domain", own)
    device = own.rows["otp_totp_totpdevice"]

    page = reverse("admin:otp_totp_totpdevice_delete", args=[device.pk])
    assert browser.post(page, {"post": "yes"}).status_code == 302

    event = SecurityEvent.objects.get(kind="two-step-off")
    assert event.account == own.owner
    assert event.notifications.exists()
