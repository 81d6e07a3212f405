"""Recovery codes: each signs in once; what else checks codes does so one at a time."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import identify_hasher
from django.contrib.sessions.models import Session
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice
from time_machine import Traveller

from accounts.events import Kind
from accounts.models import Account, RecoveryCodes, SecurityEvent
from accounts.passwordformat import ALPHABET
from accounts.signin import second_factor
from tests.factories import PASSWORD
from tests.signedin import sign_in_verified
from tests.unit.accounts.passkeysteps import RECOVERY, type_code
from tests.unit.support import (
    HOME,
    CheapHasher,
    at_once,
    is_signed_in,
    sign_in,
    totp_of,
)


@pytest.fixture
def app(alice: Account, clock: Traveller) -> TOTPDevice:
    app: TOTPDevice = TOTPDevice.objects.create(user=alice, name="default")
    return app


@pytest.fixture
def codes(alice: Account, app: TOTPDevice) -> list[str]:
    return second_factor.make_recovery_codes(alice, by=HOME)


def test_only_hashes_of_recovery_codes_are_kept(
    alice: Account, codes: list[str]
) -> None:
    hashes = RecoveryCodes.objects.get().hashes

    assert len(set(codes)) == len(set(hashes)) == 10
    assert all(each.startswith("argon2$argon2id$") for each in hashes)
    assert {identify_hasher(each).__class__ for each in hashes} == {CheapHasher}
    assert not any(code in str(hashes) for code in codes)


def test_they_are_in_the_answer_and_nowhere_else(
    alice: Account, app: TOTPDevice
) -> None:
    browser = sign_in_verified(alice, app)
    response = browser.post(RECOVERY, {"password": PASSWORD})

    shown = [code.replace("-", "") for code in response.context["codes"]]
    shown += [half for code in response.context["codes"] for half in code.split("-")]
    assert "no-store" in response["Cache-Control"]
    kept = str([row.get_decoded() for row in Session.objects.all()])
    kept += str(list(SecurityEvent.objects.values()))
    kept += str(list(RecoveryCodes.objects.values()))
    assert not any(part in kept for part in shown)
    assert "Your recovery codes" not in browser.get(RECOVERY).content.decode()


def test_a_recovery_code_signs_in_once_and_is_told_of(
    client: Client, alice: Account, codes: list[str]
) -> None:
    assert type_code(client, codes[2]) == 302
    assert is_signed_in(client)
    assert alice.security_events.get(kind=Kind.RECOVERY_CODE_USED).detail == {"left": 9}

    other = Client()
    assert type_code(other, codes[2]) == 200
    assert not is_signed_in(other)


def test_a_person_can_type_them(codes: list[str]) -> None:
    """Ten characters of 32 are 50 bits; none can be mistaken for another."""
    assert {len(code) for code in codes} == {10}
    assert set("".join(codes)) <= set(ALPHABET)
    assert len(ALPHABET) == 32
    assert not set("l1o0") & set(ALPHABET)


def test_they_are_shown_in_two_groups(alice: Account, app: TOTPDevice) -> None:
    browser = sign_in_verified(alice, app)
    page = browser.post(RECOVERY, {"password": PASSWORD}).content.decode()

    shown = re.findall(r"<code>([^<]*)</code>", page)
    assert len(shown) == 10
    assert all(re.fullmatch(r"[a-z2-9]{5}-[a-z2-9]{5}", code) for code in shown)


@pytest.mark.parametrize("field", ["otp_token", "recovery_code"])
@pytest.mark.parametrize(
    "write",
    [
        str.upper,
        lambda code: f"{code[:5]}-{code[5:]}",
        lambda code: f" {code[:5]} {code[5:]}\n",
        lambda code: "\u2011".join((code[:5].title(), code[5:])),
        lambda code: "".join(chr(ord(sign) + 0xFEE0) for sign in code),
    ],
    ids=["capitals", "dash", "blanks", "phone", "full width"],
)
def test_however_it_is_written_and_in_whichever_field_it_is_the_same_code(
    client: Client, codes: list[str], write: Callable[[str], str], field: str
) -> None:
    assert type_code(client, write(codes[4]), field) == 302
    assert is_signed_in(client)


@pytest.mark.parametrize("field", ["otp_token", "recovery_code"])
def test_a_code_of_the_app_is_taken_in_whichever_field(
    client: Client, codes: list[str], app: TOTPDevice, field: str
) -> None:
    assert type_code(client, totp_of(app), field) == 302


@pytest.mark.parametrize("typed", ["abcde-fghi", "abcde-fghij-k", "abcde-fghi0", "öäü"])
def test_what_can_be_no_code_is_not_tried(
    client: Client, alice: Account, codes: list[str], typed: str
) -> None:
    type_code(client, typed, "recovery_code")

    page = client.get(RECOVERY)
    assert page.status_code == 302
    assert RecoveryCodes.objects.get().throttling_failure_count == 0


def test_phones_show_letters_for_a_recovery_code_and_digits_for_one_of_the_app(
    client: Client, codes: list[str]
) -> None:
    page = sign_in(client, "alice@example.com", PASSWORD, follow=True).content.decode()

    fields = dict(re.findall(r'<input[^>]*name="token-(\w+)"([^>]*)>', page))
    assert 'inputmode="numeric"' in fields["otp_token"]
    assert 'autocomplete="one-time-code"' in fields["otp_token"]
    assert 'inputmode="text"' in fields["recovery_code"]
    assert 'autocomplete="off"' in fields["recovery_code"]


def test_each_wrong_one_doubles_the_wait(
    client: Client, codes: list[str], clock: Traveller
) -> None:
    """So the fifty bits of a code are safe: in a year one could try thirty."""
    for number in range(25):
        clock.shift(2**number)
        type_code(client, "a" * 10)

    row = RecoveryCodes.objects.get()
    assert row.throttling_failure_count == 25
    clock.shift(timedelta(days=180))
    assert type_code(client, codes[0]) == 200


def test_a_session_begun_with_one_has_both_steps(
    client: Client, codes: list[str]
) -> None:
    type_code(client, codes[0])

    assert client.get(RECOVERY).status_code == 200


def test_new_codes_take_the_place_of_the_old(
    client: Client, alice: Account, codes: list[str]
) -> None:
    present = RecoveryCodes.objects.get()
    second_factor.make_recovery_codes(alice, by=HOME, replaces=present)

    assert type_code(client, codes[0]) == 200
    assert not is_signed_in(client)


def test_after_wrong_ones_the_right_one_has_to_wait(
    client: Client, codes: list[str], clock: Traveller
) -> None:
    wrong = codes[0][:-1] + ("a" if codes[0][-1] != "a" else "b")
    type_code(client, wrong)
    assert type_code(client, codes[0]) == 200

    clock.shift(2)

    assert type_code(client, codes[0]) == 302


def test_wrong_ones_do_not_hold_up_the_app(
    client: Client, codes: list[str], app: TOTPDevice
) -> None:
    type_code(client, "a" * 10)

    assert type_code(client, totp_of(app)) == 302


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_session_of_the_password_alone_makes_none(
    browser: Client, app: TOTPDevice, method: str
) -> None:
    assert getattr(browser, method)(RECOVERY)["Location"] == "/settings/two-step/"
    assert not RecoveryCodes.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_recovery_code_is_spent_once_however_many_try_at_once(
    alice: Account,
) -> None:
    TOTPDevice.objects.create(user=alice, name="default")
    code = second_factor.make_recovery_codes(alice, by=HOME)[0]

    statuses = at_once(4, lambda _number: type_code(Client(), code))

    assert sorted(statuses) == [200, 200, 200, 302]


def test_codes_that_another_request_has_made_are_not_replaced_unseen(
    alice: Account, app: TOTPDevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same form sent twice at once: both have seen that there are none."""
    browser = sign_in_verified(alice, app)
    make, made = second_factor.make_recovery_codes, []

    def make_after_another(*args: Any, **seen: Any) -> list[str]:
        made.extend(make(alice, by=HOME))
        return make(*args, **seen)

    monkeypatch.setattr(second_factor, "make_recovery_codes", make_after_another)
    answer = browser.post(RECOVERY, {"password": PASSWORD}, follow=True)

    assert answer.redirect_chain == [(RECOVERY, 302)]
    assert "New codes were made a moment ago" in answer.text
    assert type_code(Client(), made[0]) == 302


def test_a_code_that_was_used_meanwhile_does_not_keep_new_ones_from_being_made(
    alice: Account, codes: list[str]
) -> None:
    present = RecoveryCodes.objects.get()
    type_code(Client(), codes[0])

    assert second_factor.make_recovery_codes(alice, by=HOME, replaces=present)


@pytest.mark.django_db(transaction=True)
def test_so_is_a_code_of_the_app(alice: Account) -> None:
    app = TOTPDevice.objects.create(user=alice, name="default")
    code = totp_of(app)

    statuses = at_once(4, lambda _number: type_code(Client(), code))

    assert statuses.count(302) == 1
