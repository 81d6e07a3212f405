"""What takes rights from somebody for whom something acts later."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.hashers import make_password
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Account, Phone, Policy
from accounts.policy import effective
from accounts.signin import second_factor
from provisioning import apply, operations
from provisioning.models import ApiToken
from provisioning.plans import CHANGED, Rules, WantedMailbox
from tests import factories
from tests.factories import PASSWORD, make_client_password
from tests.signedin import sign_in_verified
from tests.unit.administration.rolesteps import save
from tests.unit.administration.worlds import make_administrator
from tests.unit.api.conftest import OPERATOR, client_with, make_token
from tests.unit.api.mailboxsteps import ANY, send
from tests.unit.mailportal.later import People
from tests.unit.support import HOME

OTHER = "+12025550166"
STRONG = "quite another web password"


def update(people: People, **fields: Any) -> None:
    Account.objects.filter(pk=people.person.pk).update(**fields)


def set_policy(people: People, **answers: Any) -> None:
    policy = effective.load_effective_policy(people.person).policy
    operations.save_policy(policy, answers, OPERATOR)


def disabled(people: People) -> None:
    update(people, is_active=False)


def no_administrator(people: People) -> None:
    update(people, is_staff=False)


def no_group(people: People) -> None:
    people.person.groups.clear()


def no_domain(people: People) -> None:
    people.person.domains_administered.clear()


def offboarded(people: People) -> None:
    operations.offboard(people.person, OPERATOR)


def offboarded_and_back(people: People) -> None:
    operations.offboard(people.person, OPERATOR)
    update(people, is_active=True)


def cut_off(people: People) -> None:
    operations.cut_off(people.person, OPERATOR)


def cut_off_and_back(people: People) -> None:
    operations.cut_off(people.person, OPERATOR)
    update(people, is_active=True)


def signed_out(people: People) -> None:
    operations.sign_out(people.person, OPERATOR)


def deleted(people: People) -> None:
    people.person.delete()


def logon_off(people: People) -> None:
    set_policy(people, third_party_logon=False)


def none_allowed(people: People) -> None:
    """The policy allows fewer security passwords than there are."""
    make_client_password(people.person, "Old one")
    set_policy(people, max_client_passwords=1)


def switched_off(people: People) -> None:
    factories.switch_off(people.person, by=HOME)


def all_deleted(people: People) -> None:
    """By an administrator, as by their owner or a program."""
    operations.revoke_client_passwords(people.person, OPERATOR)


def one_deleted(people: People) -> None:
    """By an administrator."""
    row, _secret = make_client_password(people.person, "Old one")
    operations.revoke_client_password(row, OPERATOR)


def one_deleted_by_api(people: People) -> None:
    row, _secret = make_client_password(people.person, "Old one")
    place = f"/api/v1/accounts/{people.person}/client-passwords/{row.pk}"
    with as_an_owner(people):
        assert program().delete(place).status_code == 200


def program() -> Client:
    return client_with(make_token(f"directory {ApiToken.objects.count()}"))


@contextmanager
def as_an_owner(people: People) -> Iterator[None]:
    """Programs and imports do not change the mailbox of an administrator."""
    update(people, is_staff=False)
    yield
    update(people, is_staff=True)


def sent_by_api(people: People, **body: Any) -> None:
    place = f"/api/v1/accounts/{people.person}"
    with as_an_owner(people):
        assert send(program(), "PATCH", place, body, ANY).status_code == 200


def phone_changed_by_api(people: People) -> None:
    sent_by_api(people, phone=OTHER)


def phone_removed_by_api(people: People) -> None:
    sent_by_api(people, phone=None)


def phone_changed_on_the_page(people: People) -> None:
    operator = sign_in_verified(make_administrator("operator", people.domain))
    phone = Phone.objects.get(account=people.person)
    inline = {
        "client_passwords_on": "on",
        "phone-TOTAL_FORMS": "1",
        "phone-INITIAL_FORMS": "1",
        "phone-0-id": phone.pk,
        "phone-0-account": people.person.pk,
        "phone-0-number": OTHER,
    }
    assert save(operator, people.person, **inline).status_code == 302
    phone.refresh_from_db()
    assert phone.number == OTHER


def imported(people: People, **fields: Any) -> None:
    policy = effective.load_effective_policy(people.person).policy
    wanted = [WantedMailbox(str(people.person), fields)]
    rules = Rules(policies=Policy.objects.filter(pk=policy.pk))
    with as_an_owner(people):
        (planned,) = apply.provision(wanted, rules, by=OPERATOR.by)
    assert planned.outcome == CHANGED


def phone_imported(people: People) -> None:
    imported(people, phone=OTHER)


def app_deleted(people: People) -> None:
    """On its page, by an administrator."""
    operator = sign_in_verified(make_administrator("operator", people.domain))
    device = TOTPDevice.objects.get(user=people.person)
    page = reverse("admin:otp_totp_totpdevice_delete", args=[device.pk])
    assert operator.post(page, {"post": "yes"}).status_code == 302


def disabled_and_back(people: People) -> None:
    update(people, is_active=False)
    update(people, is_active=True)


def disabled_by_api_and_back(people: People) -> None:
    sent_by_api(people, active=False)
    sent_by_api(people, active=True)


def disabled_by_import_and_back(people: People) -> None:
    imported(people, is_active=False)
    imported(people, is_active=True)


def disabled_on_the_page_and_back(people: People) -> None:
    people.person.refresh_from_db()
    operator = sign_in_verified(make_administrator("operator", people.domain))
    for value in ("", "on"):
        fields = {"is_active": value, "client_passwords_on": "on"}
        assert save(operator, people.person, **fields).status_code == 302
        people.person.refresh_from_db()
        assert people.person.is_active is bool(value)


def phone_reset(people: People) -> None:
    operations.reset_phone(people.person, OPERATOR)


def by_its_owner(name: str, **data: Any) -> Callable[[People], None]:
    """What the owner sends from another browser, in which both steps are done."""

    def send_form(people: People) -> None:
        row, _secret = make_client_password(people.person, "Old one")
        device = people.person.client_passwords.live().values_list("pk", flat=True)
        devices = {"one": [row.pk], "all": list(device)}
        chosen = data | {"device": devices.get(data.get("device", ""), [])}
        args = [row.pk] if name == "clientpasswords:delete" else []
        browser = sign_in_verified(people.person)
        answer = browser.post(reverse(name, args=args), chosen)
        assert answer.status_code == 302

    return send_form


def all_deleted_by_api(people: People) -> None:
    place = f"/api/v1/accounts/{people.person}/client-passwords"
    with as_an_owner(people):
        assert program().delete(place).status_code == 200


def password_set_by_staff(people: People) -> None:
    """On the page of the mailbox."""
    operator = sign_in_verified(make_administrator("superuser", people.domain))
    page = reverse("admin:auth_user_password_change", args=[people.person.pk])
    data = {"password1": STRONG, "password2": STRONG, "set-password": "1"}
    assert operator.post(page, data).status_code == 302


def password_imported(people: People) -> None:
    imported(people, password=make_password(STRONG))


def phone_deleted_on_the_page(people: People) -> None:
    operator = sign_in_verified(make_administrator("operator", people.domain))
    phone = Phone.objects.get(account=people.person)
    inline = {
        "client_passwords_on": "on",
        "phone-TOTAL_FORMS": "1",
        "phone-INITIAL_FORMS": "1",
        "phone-0-id": phone.pk,
        "phone-0-account": people.person.pk,
        "phone-0-number": str(phone.number),
        "phone-0-DELETE": "on",
    }
    assert save(operator, people.person, **inline).status_code == 302
    assert not Phone.objects.filter(account=people.person).exists()


def recovery_codes_deleted(people: People) -> None:
    """On their page, by an administrator."""
    codes = second_factor.get_recovery_codes(people.person)
    if codes is None:
        return
    operator = sign_in_verified(make_administrator("operator", people.domain))
    page = reverse("admin:accounts_recoverycodes_delete", args=[codes.pk])
    assert operator.post(page, {"post": "yes"}).status_code == 302


LOSSES: dict[str, Callable[[People], None]] = {
    "disabled": disabled,
    "no administrator": no_administrator,
    "no group": no_group,
    "no domain": no_domain,
    "off-boarded": offboarded,
    "off-boarded and back": offboarded_and_back,
    "cut off": cut_off,
    "cut off and back": cut_off_and_back,
    "signed out by staff": signed_out,
    "deleted": deleted,
    "third-party logon off": logon_off,
    "no more passwords allowed": none_allowed,
    "switched off": switched_off,
    "password changed": by_its_owner(
        "accounts:password",
        old_password=PASSWORD,
        new_password1=STRONG,
        new_password2=STRONG,
    ),
    "signed out everywhere": by_its_owner("accounts:end-sessions"),
    "all security passwords deleted": all_deleted,
    "phone reset": phone_reset,
    "one security password deleted": one_deleted,
    "one security password deleted by API": one_deleted_by_api,
    "phone changed by API": phone_changed_by_api,
    "phone removed by API": phone_removed_by_api,
    "phone changed on the page": phone_changed_on_the_page,
    "phone imported": phone_imported,
    "app deleted": app_deleted,
    "disabled and back": disabled_and_back,
    "disabled by API and back": disabled_by_api_and_back,
    "disabled by import and back": disabled_by_import_and_back,
    "disabled on the page and back": disabled_on_the_page_and_back,
    "one deleted by its owner": by_its_owner("clientpasswords:delete"),
    "one lost": by_its_owner("clientpasswords:lost", device="one"),
    "all deleted by their owner": by_its_owner(
        "clientpasswords:delete-all", device="all"
    ),
    "all deleted by API": all_deleted_by_api,
    "password set by staff": password_set_by_staff,
    "password imported": password_imported,
    "phone deleted on the page": phone_deleted_on_the_page,
    "two-step turned off": by_its_owner(
        "two_factor:disable", understand="on", password=PASSWORD
    ),
    "recovery codes deleted": recovery_codes_deleted,
}
