"""What takes rights from somebody for whom something acts later."""

from collections.abc import Callable
from typing import Any

from django.db.models import F

from accounts import policies, signin
from accounts.models import Account
from administration import acts
from clientpasswords import lifecycle
from tests.factories import make_client_password
from tests.unit.api.conftest import OPERATOR
from tests.unit.mailportal.later import People
from tests.unit.support import HOME


def update(people: People, **fields: Any) -> None:
    Account.objects.filter(pk=people.person.pk).update(**fields)


def set_policy(people: People, **answers: Any) -> None:
    policy = policies.of(people.person).policy
    acts.save_policy(policy, answers, OPERATOR)


def disabled(people: People) -> None:
    update(people, is_active=False)


def no_administrator(people: People) -> None:
    update(people, is_staff=False)


def no_group(people: People) -> None:
    people.person.groups.clear()


def no_domain(people: People) -> None:
    people.person.domains_administered.clear()


def off_boarded(people: People) -> None:
    acts.off_board(people.person, OPERATOR)


def off_boarded_and_back(people: People) -> None:
    acts.off_board(people.person, OPERATOR)
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
    signin.change_password(person, "another long password", by=HOME)


def signed_out_everywhere(people: People) -> None:
    update(people, sessions_ended=F("sessions_ended") + 1)


def all_deleted(people: People) -> None:
    """By an administrator, as by their owner or a program."""
    acts.revoke_all(people.person, OPERATOR)


def phone_reset(people: People) -> None:
    acts.reset_phone(people.person, OPERATOR)


LOSSES: dict[str, Callable[[People], None]] = {
    "disabled": disabled,
    "no administrator": no_administrator,
    "no group": no_group,
    "no domain": no_domain,
    "off-boarded": off_boarded,
    "off-boarded and back": off_boarded_and_back,
    "deleted": deleted,
    "third-party logon off": logon_off,
    "no more passwords allowed": none_allowed,
    "switched off": switched_off,
    "password changed": password_changed,
    "signed out everywhere": signed_out_everywhere,
    "all security passwords deleted": all_deleted,
    "phone reset": phone_reset,
}
