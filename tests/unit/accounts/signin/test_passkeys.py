"""Passkeys and recovery codes: who may add and remove them, and what is kept.

What a browser and an authenticator do is in tests/browser/test_passkeys.py.
"""

import json
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail
from django.test import Client, RequestFactory
from django.urls import reverse
from django_otp.plugins.otp_totp.models import TOTPDevice
from django_otp_webauthn.exceptions import InvalidState
from django_otp_webauthn.helpers import WebAuthnHelper
from django_otp_webauthn.models import WebAuthnCredential
from pytest_django import Settings
from time_machine import Traveller

from accounts.events import Kind
from accounts.models import Account, RecoveryCodes, SecurityEvent
from accounts.notify import queue
from accounts.signin import second_factor
from accounts.signin.passkeys import PortalHelper, get_requested_name
from gateways import sms
from tests.factories import PASSWORD
from tests.signedin import sign_in_verified
from tests.unit.accounts.passkeysteps import make_passkey, post_json, type_code
from tests.unit.support import HOME, is_signed_in, sign_in

ADD = "/settings/two-step/passkeys/add/"
MAKE = "/settings/two-step/passkeys/make/"
BEGIN, COMPLETE = f"{MAKE}begin/", f"{MAKE}complete/"


def want(browser: Client, **data: str) -> Any:
    return browser.post(ADD, {"name": "Laptop", "password": PASSWORD, **data})


# --- adding ---------------------------------------------------------------------------


def test_a_passkey_is_added_by_who_knows_the_web_password(browser: Client) -> None:
    assert want(browser, password="wrong").status_code == 422
    assert post_json(browser, BEGIN).status_code == 400

    assert want(browser)["Location"] == MAKE
    options = post_json(browser, BEGIN).json()

    assert options["rp"] == {"name": "Mail Portal", "id": "testserver"}
    assert options["user"]["name"] == "alice@example.com"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"


def test_wrong_web_passwords_are_counted_there_too(
    clock: Traveller, browser: Client, settings: Settings
) -> None:
    settings.SIGN_IN_FAILURES_PER_NAME_AND_NETWORK = 1
    want(browser, password="wrong")

    assert want(browser).status_code == 429


def test_the_page_that_makes_it_opens_only_after_the_form(browser: Client) -> None:
    assert browser.get(MAKE)["Location"] == ADD


def test_a_passkey_that_was_asked_for_can_be_made_for_five_minutes(
    browser: Client, clock: Traveller
) -> None:
    want(browser)
    clock.shift(299)
    assert post_json(browser, BEGIN).status_code == 200

    clock.shift(2)

    assert post_json(browser, BEGIN).status_code == 400
    assert browser.get(MAKE).status_code == 302


def test_a_session_of_the_password_alone_cannot_add_one_beside_an_app(
    browser: Client, alice: Account
) -> None:
    want(browser)
    TOTPDevice.objects.create(user=alice, name="default")

    assert browser.get(ADD)["Location"] == "/settings/two-step/"
    assert want(browser)["Location"] == "/settings/two-step/"
    assert post_json(browser, BEGIN).status_code == 403
    assert post_json(browser, COMPLETE).status_code == 403


def test_nor_can_it_set_up_an_app_beside_a_passkey(
    browser: Client, alice: Account
) -> None:
    make_passkey(alice)

    response = browser.get("/settings/two-step/set-up/")

    assert response["Location"] == "/settings/two-step/"


def test_who_has_proved_both_steps_types_the_web_password_as_well(
    alice: Account,
) -> None:
    browser = sign_in_verified(
        alice, TOTPDevice.objects.create(user=alice, name="default")
    )

    assert browser.post(ADD, {"name": "Laptop"}).status_code == 422
    assert want(browser)["Location"] == MAKE


def test_there_is_an_end_to_passkeys(alice: Account) -> None:
    passkeys = [make_passkey(alice, f"No {number}") for number in range(20)]
    browser = sign_in_verified(alice, passkeys[0])

    response = browser.post(ADD, {"name": "One more"}, follow=True)

    assert "You have reached the limit for passkeys" in response.content.decode()


def test_at_a_number_instead_of_a_name_no_passkeys_are_made(browser: Client) -> None:
    page = browser.get("/settings/two-step/", headers={"Host": "127.0.0.1"})

    assert "by its IP address" in page.content.decode()
    assert browser.get(ADD, headers={"Host": "127.0.0.1"}).status_code == 302


def test_a_name_is_one_line_of_what_can_be_seen(browser: Client) -> None:
    want(browser, name=" My\u202e\n laptop\x07 ")

    assert "<bdi>My laptop</bdi>" in browser.get(MAKE).content.decode()


def test_joined_emoji_stay_joined_in_a_name(browser: Client) -> None:
    want(browser, name="\U0001f468\u200d\U0001f4bb")

    page = browser.get(MAKE).content.decode()
    assert "<bdi>\U0001f468\u200d\U0001f4bb</bdi>" in page


def test_a_name_that_nobody_can_see_is_none(browser: Client) -> None:
    want(browser, name="\u200d\u200c")

    assert browser.get(MAKE).status_code == 302


def test_one_request_makes_one_passkey_however_often_it_is_completed(
    alice: Account, rf: RequestFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have read the session before either of them has changed it."""
    names = iter(("first", "second"))
    monkeypatch.setattr(
        WebAuthnHelper,
        "register_complete",
        lambda _self, user, *_answer: make_passkey(user, next(names)),
    )
    browser = sign_in_verified(alice)
    want(browser)
    requests = [rf.post(COMPLETE) for _number in range(2)]
    for request in requests:
        request.user = Account.objects.get(pk=alice.pk)
        request.session = SessionStore(browser.session.session_key)
        assert get_requested_name(request.session) == "Laptop"

    PortalHelper(requests[0]).register_complete(requests[0].user, {}, {})
    with pytest.raises(InvalidState):
        PortalHelper(requests[1]).register_complete(requests[1].user, {}, {})

    assert WebAuthnCredential.objects.count() == 1


@pytest.mark.parametrize(
    "data", ["", "{", "[]", "null", "5", '"x"', '{"id": 1}', '{"id": "\\u00e9"}']
)
def test_what_is_no_passkey_is_refused_and_the_challenge_is_spent(
    browser: Client, data: str
) -> None:
    want(browser)
    post_json(browser, BEGIN)

    assert post_json(browser, COMPLETE, data).status_code in {400, 422}
    assert post_json(browser, COMPLETE, data).status_code == 400
    assert not WebAuthnCredential.objects.exists()


def test_the_owner_is_told_of_a_new_passkey_by_mail_and_telephone(
    alice: Account,
) -> None:
    second_factor.record_passkey_added(make_passkey(alice), by=HOME)

    while queue.deliver_due():
        pass

    assert mail.outbox[0].subject == "The passkey “Laptop” was added"
    assert "Passkey: Laptop" in mail.outbox[0].body
    assert "A passkey was added for alice@example.com" in sms.outbox[0].text


# --- removing -------------------------------------------------------------------------


def test_removing_the_last_passkey_takes_the_recovery_codes_along(
    alice: Account,
) -> None:
    first, last = make_passkey(alice, "First"), make_passkey(alice, "Last")
    second_factor.make_recovery_codes(alice, by=HOME)

    second_factor.remove_passkey(first, by=HOME)
    assert RecoveryCodes.objects.exists()
    second_factor.remove_passkey(last, by=HOME)

    assert not RecoveryCodes.objects.exists()
    removed = alice.security_events.filter(kind="passkey-removed")
    assert [event.detail["passkey"] for event in removed] == ["Last", "First"]


def test_a_session_of_the_password_alone_removes_none(
    browser: Client, alice: Account
) -> None:
    passkey = make_passkey(alice)

    browser.post(reverse("accounts:passkey-remove", args=[passkey.pk]))

    assert WebAuthnCredential.objects.exists()


def test_somebody_elses_passkey_is_not_there(alice: Account, mallory: Account) -> None:
    passkey = make_passkey(alice)
    browser = sign_in_verified(mallory, make_passkey(mallory, "Mine"))

    response = browser.post(reverse("accounts:passkey-remove", args=[passkey.pk]))

    assert response.status_code == 404
    assert second_factor.get_passkeys(alice).exists()


def test_turning_two_step_off_removes_all_of_it(alice: Account) -> None:
    browser = sign_in_verified(alice, make_passkey(alice))
    TOTPDevice.objects.create(user=alice, name="default")
    second_factor.make_recovery_codes(alice, by=HOME)

    data = {"understand": "on", "password": PASSWORD}
    browser.post(reverse("two_factor:disable"), data)

    assert not second_factor.is_on(alice)
    assert second_factor.get_recovery_codes(alice) is None


# --- the sign-in with a passkey -------------------------------------------------------


SIGN_IN_BEGIN, SIGN_IN = "/login/passkey/begin/", "/login/passkey/"


def an_answer(**fields: Any) -> dict[str, Any]:
    response = {
        "clientDataJSON": "e30",
        "authenticatorData": "AA",
        "signature": "AA",
        **fields,
    }
    return {"id": "AA", "rawId": "AA", "type": "public-key", "response": response}


def test_the_challenge_says_nothing_of_any_account(
    client: Client, alice: Account
) -> None:
    make_passkey(alice)

    options = post_json(client, SIGN_IN_BEGIN).json()

    assert options["rpId"] == "testserver"
    assert options["userVerification"] == "required"
    assert not options.get("allowCredentials")


def test_without_a_challenge_nothing_is_checked(client: Client, db: None) -> None:
    assert post_json(client, SIGN_IN, an_answer()).status_code == 400


def test_a_passkey_that_is_not_ours_is_not_found(client: Client, db: None) -> None:
    post_json(client, SIGN_IN_BEGIN)

    assert post_json(client, SIGN_IN, an_answer()).status_code == 404
    assert SecurityEvent.objects.get().kind == Kind.SIGN_IN_FAILED
    assert post_json(client, SIGN_IN, an_answer()).status_code == 400


def test_nonsense_is_refused(client: Client, db: None) -> None:
    for data in ("[]", "{", json.dumps(an_answer(userHandle="é"))):
        post_json(client, SIGN_IN_BEGIN)
        assert post_json(client, SIGN_IN, data).status_code in {400, 422}


def test_failures_are_counted_by_network(
    clock: Traveller, client: Client, db: None, settings: Settings
) -> None:
    settings.SIGN_IN_FAILURES_PER_NETWORK = 2
    responses = []
    for _ in range(3):
        post_json(client, SIGN_IN_BEGIN)
        responses.append(post_json(client, SIGN_IN, an_answer()))

    assert [each.status_code for each in responses] == [404, 404, 429]
    assert int(responses[2]["Retry-After"]) > 0


def test_who_has_signed_in_does_not_do_so_again(browser: Client) -> None:
    assert post_json(browser, SIGN_IN_BEGIN).status_code == 403


def test_the_web_password_alone_signs_nobody_in_who_has_a_passkey(
    client: Client, alice: Account
) -> None:
    make_passkey(alice)

    page = sign_in(client, "alice@example.com", PASSWORD)

    assert "Now use your passkey." in page.content.decode()
    assert not is_signed_in(client)
    assert type_code(client, "000000") == 200
    assert type_code(client, "") == 200
    assert not is_signed_in(client)
