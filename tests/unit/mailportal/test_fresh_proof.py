"""A stolen session changes nothing of what opens the account.

Every address that changes something is in one of two tables: it asks for a proof that
no session holds, or the table says why it need not. The thief has a session with both
steps done, where there are two, and knows nothing besides.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from http.cookies import SimpleCookie
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from pytest_django import Settings
from time_machine import Traveller

from accounts.events import Kind
from accounts.models import Account, NewPhone, Phone
from accounts.signin import passkeys, second_factor
from clientpasswords.models import ClientPassword
from tests.factories import PASSWORD, make_client_password
from tests.signedin import sign_in_verified, sign_in_with_password
from tests.unit.accounts.passkeysteps import make_passkey, post_json
from tests.unit.accounts.phonesteps import NEW
from tests.unit.mailportal.addresses import CHANGING, address
from tests.unit.support import HOME, at_once, last_code, other_than, totp_of

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("clock")]

OTHER = "quite another web password"
WRONG = "what a thief guesses"
# What an owner signs in with, beside the web password.
FACTORS = ("nothing", "app", "passkey")


@dataclass(frozen=True)
class World:
    """An owner, and the browser with their session that somebody has stolen."""

    owner: Account
    browser: Client
    row: ClientPassword


def make_world(alice: Account, factor: str) -> World:
    Account.objects.filter(pk=alice.pk).update(client_passwords_on=True)
    row, _secret = make_client_password(alice, suspends_at=timezone.now())
    if factor == "nothing":
        return World(alice, sign_in_with_password(alice), row)
    device: Any = None
    if factor == "passkey":
        device = make_passkey(alice)
    browser = sign_in_verified(alice, device)
    second_factor.make_recovery_codes(alice, by=HOME)
    return World(alice, browser, row)


def keys_of(world: World) -> dict[str, Any]:
    """What opens the account, and what is about to."""
    owner = Account.objects.get(pk=world.owner.pk)
    rows = owner.client_passwords.live()
    codes = second_factor.get_recovery_codes(owner)
    return {
        "web password": owner.password,
        "refused in mail programs": owner.client_passwords_on,
        "phone": str(Phone.objects.get(account=owner).number),
        "next phone": list(
            NewPhone.objects.values_list("number", "is_approved", "proposed_at")
        ),
        "app": list(TOTPDevice.objects.filter(user=owner).values_list("pk", "key")),
        "passkeys": list(second_factor.get_passkeys(owner).values_list("pk", "name")),
        "next passkey": passkeys.get_requested_name(world.browser.session),
        "recovery codes": codes.hashes if codes else [],
        "security passwords": sorted(rows.values_list("pk", "suspends_at")),
        "links": list(owner.set_up_links.all().unused().values_list("digest")),
    }


# --- what asks for a proof ------------------------------------------------------------


Send = Callable[[World, str], Any]


@dataclass(frozen=True)
class Asking:
    """How its form is sent with this proof, by owners with these second factors.

    `first` is what the owner does before.
    """

    send: Send
    factors: tuple[str, ...] = FACTORS
    first: Callable[[World], None] = lambda _world: None


def post(page: str, field: str = "password", **fields: str) -> Send:
    return lambda world, proof: world.browser.post(
        address(page), {**fields, field: proof}
    )


def scan_an_app(world: World) -> None:
    page = address("two_factor:setup")
    world.browser.get(page)
    world.browser.post(page, {"set_up_view-current_step": "welcome"})


def set_an_app_up(world: World, password: str) -> Any:
    """With a code of the app: whoever sets one up has it."""
    steps = world.browser.session["wizard_set_up_view"]
    key = bytes.fromhex(steps["extra_data"]["keys"]["generator"])
    return world.browser.post(
        address("two_factor:setup"),
        {
            "set_up_view-current_step": "generator",
            "generator-token": f"{totp(key):06}",
            "generator-password": password,
        },
    )


def remove_a_passkey(world: World, password: str) -> Any:
    passkey = second_factor.get_passkeys(world.owner).get()
    page = reverse("accounts:passkey-remove", args=[passkey.pk])
    return world.browser.post(page, {"password": password})


BY_PASSWORD = {
    "accounts:password": Asking(
        post(
            "accounts:password",
            "old_password",
            new_password1=OTHER,
            new_password2=OTHER,
        )
    ),
    "accounts:phone-number": Asking(post("accounts:phone-number", number=NEW)),
    "accounts:passkey-add": Asking(post("accounts:passkey-add", name="Thief")),
    "accounts:passkey-remove": Asking(remove_a_passkey, ("passkey",)),
    "accounts:recovery": Asking(post("accounts:recovery"), ("app", "passkey")),
    "two_factor:setup": Asking(set_an_app_up, ("nothing", "passkey"), scan_an_app),
    "two_factor:disable": Asking(
        post("two_factor:disable", understand="on"), ("app", "passkey")
    ),
}


def ask_for_code(world: World, name: str) -> str:
    assert world.browser.post(address(name, world.row.pk)).status_code == 302
    return last_code()


def send_code(name: str) -> Send:
    return lambda world, code: world.browser.post(
        address(name, world.row.pk), {"code": code, "attempt": str(uuid4())}
    )


def propose_a_number(world: World) -> None:
    BY_PASSWORD["accounts:phone-number"].send(world, PASSWORD)


# The address that sends the code, and what the owner has done before, knowing more.
BY_CODE: dict[str, tuple[str, Callable[[World], None]]] = {
    "clientpasswords:verify": ("clientpasswords:code", lambda _world: None),
    "clientpasswords:connect-verify": (
        "clientpasswords:connect-code",
        lambda _world: None,
    ),
    "clientpasswords:scan-verify": ("clientpasswords:scan-code", lambda _world: None),
    "clientpasswords:replace-verify": (
        "clientpasswords:replace-code",
        lambda _world: None,
    ),
    "clientpasswords:disable": ("clientpasswords:disable-code", lambda _world: None),
    "clientpasswords:keep-verify": ("clientpasswords:keep-code", lambda _world: None),
    "accounts:phone-code": ("accounts:phone-send", propose_a_number),
}


def cases() -> list[Any]:
    return [
        pytest.param(name, factor, id=f"{name}-{factor}")
        for name, asking in BY_PASSWORD.items()
        for factor in asking.factors
    ]


@pytest.mark.parametrize(("name", "factor"), cases())
def test_without_the_web_password_nothing_changes(
    alice: Account, name: str, factor: str
) -> None:
    world = make_world(alice, factor)
    BY_PASSWORD[name].first(world)
    before = keys_of(world)

    answer = BY_PASSWORD[name].send(world, "")

    assert answer.status_code == 422
    assert keys_of(world) == before


@pytest.mark.parametrize(("name", "factor"), cases())
def test_a_wrong_web_password_changes_nothing_is_counted_and_recorded(
    alice: Account, settings: Settings, name: str, factor: str
) -> None:
    settings.SIGN_IN_FAILURES_PER_NAME_AND_NETWORK = 1
    world = make_world(alice, factor)
    BY_PASSWORD[name].first(world)
    before = keys_of(world)

    answer = BY_PASSWORD[name].send(world, WRONG)

    assert answer.status_code == 422
    assert WRONG not in answer.content.decode()
    assert alice.security_events.filter(kind=Kind.SIGN_IN_FAILED).count() == 1
    assert BY_PASSWORD[name].send(world, PASSWORD).status_code == 429
    assert keys_of(world) == before


@pytest.mark.parametrize(("name", "factor"), cases())
def test_the_right_web_password_works(alice: Account, name: str, factor: str) -> None:
    world = make_world(alice, factor)
    BY_PASSWORD[name].first(world)
    before = keys_of(world)

    answer = BY_PASSWORD[name].send(world, PASSWORD)

    assert answer.status_code in {200, 302}
    assert keys_of(world) != before
    assert not alice.security_events.filter(kind=Kind.SIGN_IN_FAILED).exists()
    assert PASSWORD not in str(dict(world.browser.session))


# Whoever begins after another has ended replaces what that has made, and shows others.
EACH_TIME = {"accounts:recovery"}


@pytest.mark.parametrize(("name", "factor"), cases())
def test_of_eight_right_ones_at_once_one_changes_it(
    transactional_db: None, alice: Account, settings: Settings, name: str, factor: str
) -> None:
    settings.SIGN_IN_FAILURES_PER_NAME_AND_NETWORK = 100
    world = make_world(alice, factor)
    BY_PASSWORD[name].first(world)
    before = keys_of(world)
    kinds = Counter(alice.security_events.values_list("kind", flat=True))
    windows = [replace(world, browser=Client()) for _ in range(8)]
    for window in windows:
        window.browser.cookies = SimpleCookie(world.browser.cookies)

    answers = at_once(8, lambda n: BY_PASSWORD[name].send(windows[n], PASSWORD))

    assert min(answer.status_code for answer in answers) < 400
    assert keys_of(world) != before
    assert TOTPDevice.objects.filter(user=alice).count() <= 1
    made = Counter(alice.security_events.values_list("kind", flat=True)) - kinds
    assert name in EACH_TIME or set(made.values()) <= {1}, made


@pytest.mark.parametrize("name", BY_CODE)
@pytest.mark.parametrize("factor", FACTORS)
def test_a_wrong_code_changes_nothing_is_counted_and_recorded(
    alice: Account, name: str, factor: str
) -> None:
    world = make_world(alice, factor)
    sent_by, first = BY_CODE[name]
    first(world)
    before = keys_of(world)
    assert send_code(name)(world, "").status_code == 422
    assert send_code(name)(world, "000000").status_code == 409  # none was sent yet

    code = ask_for_code(world, sent_by)
    answer = send_code(name)(world, other_than(code))

    assert answer.status_code == 422
    assert keys_of(world) == before
    assert Phone.objects.get().throttling_failure_count == 1
    refused = alice.security_events.filter(kind=Kind.CODE_REFUSED)
    assert refused.filter(detail__reason="WrongCode").count() == 1
    assert send_code(name)(world, code).status_code in {200, 302}
    assert keys_of(world) != before


# --- what need not --------------------------------------------------------------------


LESS = "it takes something away, or names it"
SENDS = "it sends a code to the phone on file, and nothing else"
MAKES = "only after accounts:passkey-add, for five minutes and one passkey"
SIGN_IN = "it is the sign-in itself, which asks for all of it"
LOOK = "how pages and mails are, for their reader"
WITHOUT_PROOF = {
    "accounts:appearance": LOOK,
    "accounts:language": LOOK,
    "accounts:mails": "which mails about uses are sent; those about changes always are",
    "clientpasswords:notices": "which mails about a deleted password are sent",
    "accounts:end-sessions": LESS,
    "accounts:sign-out": LESS,
    "accounts:passkey-begin": SIGN_IN,
    "accounts:passkey-sign-in": SIGN_IN,
    "two_factor:login": SIGN_IN,
    "accounts:passkey-make-begin": MAKES,
    "accounts:passkey-make-complete": MAKES,
    "accounts:phone-send": SENDS,
    "clientpasswords:code": SENDS,
    "clientpasswords:connect-code": SENDS,
    "clientpasswords:scan-code": SENDS,
    "clientpasswords:disable-code": SENDS,
    "clientpasswords:keep-code": SENDS,
    "clientpasswords:replace-code": SENDS,
    "clientpasswords:keep-both": "it leaves two that are there, each made by a proof",
    "clientpasswords:enable": "it takes the right of the web password in mail programs",
    "clientpasswords:name": LESS,
    "clientpasswords:limit": "what a password may be used for: it is no other password",
    "clientpasswords:profile": "it takes the password itself, sealed by us",
    "clientpasswords:delete": LESS,
    "clientpasswords:delete-all": LESS,
    "clientpasswords:lost": LESS,
    "clientpasswords:withdraw": LESS,
    "links:install": "nobody has signed in; the link is the proof",
}
# What the forms of the portal ask for, but for the proofs.
EVERYTHING = {
    "name": "Thief",
    "number": NEW,
    "new_password1": OTHER,
    "new_password2": OTHER,
    "understand": "on",
    "label": "Thief",
    "access": "all",
    "language": "de",
    "scheme": "dark",
    "attempt": "00000000-0000-4000-8000-000000000000",
}


def test_every_address_that_changes_something_is_in_a_table() -> None:
    tables = [set(BY_PASSWORD), set(BY_CODE), set(WITHOUT_PROOF)]

    assert set(CHANGING) == set().union(*tables), (
        f"{set(CHANGING) ^ set().union(*tables)}: does it change what opens the "
        "account? Then it asks for a proof, by `takes_password` or by an identity "
        "window, and goes into BY_PASSWORD or BY_CODE."
    )
    assert len(CHANGING) == sum(map(len, tables))


@pytest.mark.parametrize("factor", FACTORS)
@pytest.mark.parametrize("name", WITHOUT_PROOF)
def test_what_asks_for_no_proof_leaves_the_keys_alone(
    alice: Account, name: str, factor: str
) -> None:
    world = make_world(alice, factor)
    before = keys_of(world)
    devices = {"device": [world.row.pk], "sealed": "x", "token": "x"}

    world.browser.post(address(name, world.row.pk), {**EVERYTHING, **devices})

    after = keys_of(world)
    less = before.pop("security passwords"), after.pop("security passwords")
    assert set(less[1]) <= set(less[0])
    assert after == before


def test_a_passkey_is_made_by_nobody_who_did_not_ask_for_one(alice: Account) -> None:
    world = make_world(alice, "app")

    for name in ("accounts:passkey-make-begin", "accounts:passkey-make-complete"):
        assert post_json(world.browser, address(name)).status_code == 400


# --- turning security passwords off ---------------------------------------------------


def test_a_policy_can_waive_the_code(alice: Account) -> None:
    world = make_world(alice, "app")
    page = address("clientpasswords:disable")
    assert 'name="code"' in world.browser.get(page).content.decode()
    policy = alice.domain.policy
    policy.code_to_switch_off = False
    policy.save()

    assert world.browser.post(page).status_code == 302

    assert not keys_of(world)["refused in mail programs"]


def test_a_code_of_the_app_turns_them_off_as_well(
    alice: Account, clock: Traveller
) -> None:
    world = make_world(alice, "app")
    clock.shift(24 * 60 * 60)
    browser = sign_in_verified(alice)
    app = TOTPDevice.objects.get()
    data = {"code": totp_of(app), "attempt": str(uuid4()), "method": "app"}

    page = address("clientpasswords:disable")
    assert browser.post(page, data).status_code == 302
    assert not keys_of(world)["refused in mail programs"]
