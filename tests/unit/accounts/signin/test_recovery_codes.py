"""Recovery codes: each signs in once; what else checks codes does so one at a time."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django_otp.plugins.otp_totp.models import TOTPDevice
from time_machine import Traveller

from accounts.events import Kind
from accounts.models import Account, RecoveryCodes, SecurityEvent
from accounts.signin import second_factor
from tests.signedin import sign_in_verified
from tests.unit.accounts.passkeysteps import RECOVERY, type_code
from tests.unit.support import HOME, at_once, is_signed_in, other_than, totp_of


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
    assert not any(code in str(hashes) for code in codes)


def test_they_are_in_the_answer_and_nowhere_else(
    alice: Account, app: TOTPDevice
) -> None:
    browser = sign_in_verified(alice, app)
    response = browser.post(RECOVERY)

    shown = [groups[0] + groups[1] for groups in response.context["codes"]]
    assert "no-store" in response["Cache-Control"]
    kept = str([row.get_decoded() for row in Session.objects.all()])
    kept += str(list(SecurityEvent.objects.values()))
    kept += str(list(RecoveryCodes.objects.values()))
    assert not any(part in kept for part in shown)
    assert "Your recovery codes" not in browser.get(RECOVERY).content.decode()


def test_a_recovery_code_signs_in_once_and_is_told_of(
    client: Client, alice: Account, codes: list[str]
) -> None:
    assert type_code(client, f"{codes[2][:4]} {codes[2][4:]}") == 302
    assert is_signed_in(client)
    assert alice.security_events.get(kind=Kind.RECOVERY_CODE_USED).detail == {"left": 9}

    other = Client()
    assert type_code(other, codes[2]) == 200
    assert not is_signed_in(other)


def test_a_session_begun_with_one_has_both_steps(
    client: Client, codes: list[str]
) -> None:
    type_code(client, codes[0])

    assert client.get(RECOVERY).status_code == 200


def test_new_codes_take_the_place_of_the_old(
    client: Client, alice: Account, codes: list[str]
) -> None:
    second_factor.make_recovery_codes(alice, by=HOME)

    assert type_code(client, codes[0]) == 200
    assert not is_signed_in(client)


def test_after_wrong_ones_the_right_one_has_to_wait(
    client: Client, codes: list[str], clock: Traveller
) -> None:
    wrong = codes[0][:-6] + other_than(codes[0][-6:])
    type_code(client, wrong)
    assert type_code(client, codes[0]) == 200

    clock.shift(2)

    assert type_code(client, codes[0]) == 302


def test_wrong_ones_do_not_hold_up_the_app(
    client: Client, codes: list[str], app: TOTPDevice
) -> None:
    type_code(client, "1" * 20)

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


@pytest.mark.django_db(transaction=True)
def test_so_is_a_code_of_the_app(alice: Account) -> None:
    app = TOTPDevice.objects.create(user=alice, name="default")
    code = totp_of(app)

    statuses = at_once(4, lambda _number: type_code(Client(), code))

    assert statuses.count(302) == 1
