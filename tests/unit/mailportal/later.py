"""What acts for somebody later; what takes rights from them meanwhile is in `losses`.

One person is everybody at once: an administrator of their domain by a group, with an
authenticator app, and the owner of a mailbox whose mail programs need a security
password.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid4

from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.plugins.otp_totp.models import TOTPDevice

from accounts.events import Kind
from accounts.models import Account, Domain, Phone, Policy, SecurityEvent
from accounts.signin import second_factor
from administration.bulk import jobs
from administration.bulk.actions import BY_NAME
from administration.models import Job
from clientpasswords.logon import decision
from clientpasswords.models import ClientPassword
from clientpasswords.setup import links
from tests.factories import (
    PASSWORD,
    make_account,
    make_client_password,
    make_domain,
    make_policy,
)
from tests.signedin import sign_in_verified, sign_in_with_password
from tests.unit.accounts.phonesteps import NEW
from tests.unit.administration.jobsteps import WHY, ordered, work_off
from tests.unit.administration.rolesteps import save
from tests.unit.api.conftest import client_with, make_token
from tests.unit.api.mailboxsteps import ANY, send
from tests.unit.support import (
    HOME,
    code_for,
    is_signed_in,
    last_code,
    press_get_code,
    press_next,
    send_second_step,
    sign_in,
    totp_of,
)

# What was begun goes on when it is called; it returns whether it opened anything.
GoOn = Callable[[], bool]


@dataclass(frozen=True)
class People:
    """Whoever acts later, and a mailbox of their domain on which they act."""

    person: Account
    domain: Domain
    other: Account


def make_people() -> People:
    policy = make_policy("Firm", owner_sets_phone=True)
    domain = make_domain("firm.example", policy)
    Policy.objects.filter(pk=policy.pk).update(domain=domain)
    person = make_account(
        "pat@firm.example",
        is_staff=True,
        client_passwords_on=True,
        phone="+12025550123",
    )
    person.groups.set(Group.objects.filter(name="Domain administrators"))
    person.domains_administered.add(domain)
    TOTPDevice.objects.create(user=person, name="own")
    other = make_account("erin@firm.example")
    make_client_password(other)
    return People(person, domain, other)


def token_reads(people: People) -> GoOn:
    program = client_with(make_token("t", "accounts:read", owner=people.person))
    place = f"/api/v1/accounts/{people.other}"
    return lambda: program.get(place).status_code == 200


def token_writes(people: People) -> GoOn:
    program = client_with(make_token("t", "accounts:write", owner=people.person))
    place = f"/api/v1/accounts/{people.other}"
    body = {"name": "Somebody else"}
    return lambda: send(program, "PATCH", place, body, ANY).status_code == 200


def token_revokes(people: People) -> GoOn:
    program = client_with(make_token("t", "passwords:revoke", owner=people.person))
    place = f"/api/v1/accounts/{people.other}/client-passwords"
    return lambda: program.delete(place).status_code == 200


def job(people: People) -> GoOn:
    """An action that was confirmed, and that the worker has not begun."""
    waiting = ordered(people.person, "revoke_all", [people.other])
    return lambda: changed(waiting)


def rest_of_a_job(people: People) -> GoOn:
    """An action of which the worker has done the first part."""
    first = make_account("first@firm.example")
    under_way = jobs.create_job(BY_NAME["off_board"], [first.pk], people.person, None)
    under_way.parts.create(number=1, pks=[people.other.pk])
    jobs.confirm_job(under_way, {}, WHY, chosen={})
    assert jobs.work_next_part(under_way)
    return lambda: changed(under_way, at_least=2)


def changed(waiting: Job, at_least: int = 1) -> bool:
    """Whether the worker did it, all of it."""
    if not Job.objects.filter(pk=waiting.pk).exists():
        return False
    return work_off(waiting)["changed"] >= at_least


def session_of_an_administrator(people: People) -> GoOn:
    browser = sign_in_verified(people.person)
    page = reverse("admin:accounts_account_change", args=[people.other.pk])
    return lambda: browser.get(page).status_code == 200


def page_of_an_administrator(people: People) -> GoOn:
    """A form that is open, and is sent once the right is gone."""
    browser = sign_in_verified(people.person)

    def go_on() -> bool:
        save(browser, people.other, name="Somebody else")
        people.other.refresh_from_db()
        return people.other.name == "Somebody else"

    return go_on


def session(people: People) -> GoOn:
    browser = sign_in_with_password(people.person)
    return lambda: is_signed_in(browser)


def half_a_sign_in(people: People) -> GoOn:
    """The web password was right; the code of the app is still to come."""
    browser = Client()
    sign_in(browser, people.person.address, PASSWORD)
    device = TOTPDevice.objects.get(user=people.person)

    def go_on() -> bool:
        send_second_step(browser, totp_of(device))
        return is_signed_in(browser)

    return go_on


def set_up_link(people: People, other: ClientPassword | None = None) -> GoOn:
    code = code_for(people.person)
    offer = links.offer(people.person, code=code, attempt=uuid4(), by=HOME, other=other)

    def go_on() -> bool:
        answer = Client().post("/i/", {"token": offer.token})
        return answer.status_code == 200

    return go_on


def link_to_replace(people: People) -> GoOn:
    """A link for a device that has a security password, and gets a new one."""
    row, _secret = make_client_password(people.person)
    return set_up_link(people, row)


def code_that_was_sent(people: People) -> GoOn:
    browser = sign_in_with_password(people.person)
    code = press_get_code(browser)
    return lambda: press_next(browser, code).status_code == 200


def phone_change(people: People) -> GoOn:
    """The code of the number on file was right; that of the new one has come."""
    browser = sign_in_with_password(people.person)
    browser.post(
        reverse("accounts:phone-number"), {"number": NEW, "password": PASSWORD}
    )
    for _number in range(2):
        code = sent_for_the_phone(browser)
        if _number == 0:
            browser.post(reverse("accounts:phone-code"), {"code": code})

    def go_on() -> bool:
        browser.post(reverse("accounts:phone-code"), {"code": code})
        return Phone.objects.filter(account=people.person.pk, number=NEW).exists()

    return go_on


def sent_for_the_phone(browser: Client) -> str:
    browser.post(reverse("accounts:phone-send"))
    return last_code()


def code_to_keep_a_password(people: People) -> GoOn:
    """For a suspended one."""
    row, _secret = make_client_password(people.person, suspends_at=timezone.now())
    return typed_later(people, "keep", row.pk)


def code_to_switch_off(people: People) -> GoOn:
    """With it the web password opens the mailbox to mail programs."""
    return typed_later(people, "disable")


def typed_later(people: People, window: str, *args: object) -> GoOn:
    """Ask for the code of this window; it is typed in when that goes on."""
    browser = sign_in_with_password(people.person)
    browser.post(reverse(f"clientpasswords:{window}-code", args=args))
    data = {"code": last_code(), "attempt": str(uuid4())}
    verify = window if window == "disable" else f"{window}-verify"
    kinds = {"keep": Kind.REACTIVATED, "disable": Kind.SWITCHED_OFF}

    def go_on() -> bool:
        browser.post(reverse(f"clientpasswords:{verify}", args=args), data)
        events = SecurityEvent.objects.filter(address=people.person.address)
        done = events.filter(kind=kinds[window], actor=people.person.address)
        return done.exists()

    return go_on


def passkey_half_made(people: People) -> GoOn:
    """The web password was right; the device is still to make the passkey."""
    browser = sign_in_verified(people.person)
    data = {"name": "Laptop", "password": PASSWORD}
    browser.post(reverse("accounts:passkey-add"), data)
    begin = reverse("accounts:passkey-make-begin")
    return lambda: browser.post(begin).status_code == 200


def recovery_code(people: People) -> GoOn:
    """On paper; it is typed in after the web password."""
    code = second_factor.make_recovery_codes(people.person, by=HOME)[0]
    browser = Client()

    def go_on() -> bool:
        sign_in(browser, people.person.address, PASSWORD)
        send_second_step(browser, code)
        return is_signed_in(browser)

    return go_on


def security_password(people: People) -> GoOn:
    """What a mail program has, and shows at each logon."""
    _row, secret = make_client_password(people.person)
    address = people.person.address
    return lambda: decision.decide(address, "imap", secret, None).login_name is not None


LATER: dict[str, Callable[[People], GoOn]] = {
    "token reads": token_reads,
    "token writes": token_writes,
    "token revokes": token_revokes,
    "job": job,
    "rest of a job": rest_of_a_job,
    "session of an administrator": session_of_an_administrator,
    "page of an administrator": page_of_an_administrator,
    "session": session,
    "half a sign-in": half_a_sign_in,
    "set-up link": set_up_link,
    "link to replace": link_to_replace,
    "code that was sent": code_that_was_sent,
    "phone change": phone_change,
    "code to keep a password": code_to_keep_a_password,
    "code to switch off": code_to_switch_off,
    "passkey half made": passkey_half_made,
    "recovery code": recovery_code,
    "security password": security_password,
}
