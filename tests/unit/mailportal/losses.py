"""What takes rights from somebody for whom something acts later."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import F
from django.test import Client
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.models import Account, Phone, Policy
from accounts.policy import effective
from accounts.signin import throttle
from clientpasswords import lifecycle
from provisioning import apply, operations
from provisioning.models import ApiToken
from provisioning.plans import CHANGED, Rules, WantedMailbox
from tests.factories import make_client_password
from tests.signedin import sign_in_verified
from tests.unit.administration.rolesteps import save
from tests.unit.administration.worlds import make_administrator
from tests.unit.api.conftest import OPERATOR, client_with, make_token
from tests.unit.api.mailboxsteps import ANY, send
from tests.unit.mailportal.later import People
from tests.unit.support import HOME

OTHER = "+12025550166"


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


def deleted(people: People) -> None:
    people.person.delete()


def logon_off(people: People) -> None:
    set_policy(people, third_party_logon=False)


def none_allowed(people: People) -> None:
    """The policy allows fewer security passwords than there are."""
    make_client_password(people.person, "Old one")
    set_policy(people, max_client_passwords=1)


def switched_off(people: People) -> None:
    lifecycle.switch_off(people.person, by=HOME)


def password_changed(people: People) -> None:
    person = Account.objects.get(pk=people.person.pk)
    throttle.change_password(person, "another long password", by=HOME)


def signed_out_everywhere(people: People) -> None:
    update(people, sessions_ended=F("sessions_ended") + 1)


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


LOSSES: dict[str, Callable[[People], None]] = {
    "disabled": disabled,
    "no administrator": no_administrator,
    "no group": no_group,
    "no domain": no_domain,
    "off-boarded": offboarded,
    "off-boarded and back": offboarded_and_back,
    "deleted": deleted,
    "third-party logon off": logon_off,
    "no more passwords allowed": none_allowed,
    "switched off": switched_off,
    "password changed": password_changed,
    "signed out everywhere": signed_out_everywhere,
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
}
