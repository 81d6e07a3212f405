"""Apple's configuration profile: asked for by the page that shows the password."""

import plistlib
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import Settings
from time_machine import Traveller

from accounts.models import Account, Policy
from clientpasswords import lifecycle
from clientpasswords.logon import decision
from clientpasswords.models import ClientPassword
from clientpasswords.setup import seals
from tests.factories import make_client_password
from tests.unit.support import HOME, press_get_code, press_next, revealed_by, sealed_in

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) Safari/605.1"
MAC = "Mozilla/5.0 (Macintosh; Intel Mac OS X 15_1) Safari/605.1"


@pytest.fixture(autouse=True)
def _in_force(alice: Account) -> None:
    Account.objects.update(client_passwords_on=True, name="Alice Ä. <a>")


@pytest.fixture
def phone(alice: Account) -> Client:
    """Alice's iPhone, signed in to the portal."""
    client = Client(headers={"User-Agent": IPHONE})
    client.force_login(alice)
    return client


def take(client: Client, pk: int, sealed: str) -> Any:
    return client.post(
        reverse("clientpasswords:profile", args=[pk]), {"sealed": sealed}
    )


def mail_of(response: Any) -> dict[str, Any]:
    (payload,) = plistlib.loads(response.content)["PayloadContent"]
    found: dict[str, Any] = payload
    return found


def test_the_page_with_the_password_hands_out_a_profile_with_it(
    phone: Client, alice: Account
) -> None:
    revealed = press_next(phone, press_get_code(phone))
    secret, row = revealed_by(revealed), alice.client_passwords.get()

    response = take(phone, row.pk, sealed_in(revealed))

    assert response.status_code == 200
    assert response["Content-Type"] == "application/x-apple-aspen-config"
    assert response["Content-Disposition"].endswith('.mobileconfig"')
    assert "no-store" in response["Cache-Control"]
    mail = mail_of(response)
    assert mail["IncomingPassword"] == mail["OutgoingPassword"] == secret
    verdict = decision.decide(alice.address, "imap", mail["IncomingPassword"], None)
    assert verdict.login_name == row.login_name


def test_the_profile_leaves_nothing_to_apples_defaults(
    phone: Client, alice: Account
) -> None:
    revealed = press_next(phone, press_get_code(phone))
    response = take(phone, alice.client_passwords.get().pk, sealed_in(revealed))

    whole, mail = plistlib.loads(response.content), mail_of(response)
    assert (whole["PayloadType"], whole["PayloadVersion"]) == ("Configuration", 1)
    assert set(whole["ConsentText"]) == {"default", "zh-Hans", "zh-Hant", "de"}
    assert len(set(whole["ConsentText"].values())) == 4
    secret = revealed_by(revealed)
    del mail["PayloadIdentifier"], mail["PayloadUUID"]
    assert mail == {
        "PayloadType": "com.apple.mail.managed",
        "PayloadVersion": 1,
        "PayloadDisplayName": "alice@example.com",
        "EmailAccountDescription": "alice@example.com",
        "EmailAccountName": "Alice Ä. <a>",
        "EmailAccountType": "EmailTypeIMAP",
        "EmailAddress": "alice@example.com",
        "IncomingMailServerAuthentication": "EmailAuthPassword",
        "IncomingMailServerHostName": "imap.example.com",
        "IncomingMailServerPortNumber": 993,
        "IncomingMailServerUseSSL": True,
        "IncomingMailServerUsername": "alice@example.com",
        "IncomingPassword": secret,
        "OutgoingMailServerAuthentication": "EmailAuthPassword",
        "OutgoingMailServerHostName": "smtp.example.com",
        "OutgoingMailServerPortNumber": 465,
        "OutgoingMailServerUseSSL": True,
        "OutgoingMailServerUsername": "alice@example.com",
        "OutgoingPassword": secret,
        "OutgoingPasswordSameAsIncomingPassword": True,
    }


def test_a_second_profile_replaces_the_first_and_a_strangers_does_not(
    phone: Client, alice: Account, bob: Account
) -> None:
    def names(account: Account, browser: Client) -> list[str]:
        revealed = press_next(browser, press_get_code(browser))
        pk = account.client_passwords.latest("pk").pk
        whole = plistlib.loads(take(browser, pk, sealed_in(revealed)).content)
        (mail,) = whole["PayloadContent"]
        keys = ("PayloadIdentifier", "PayloadUUID")
        return [part[key] for part in (whole, mail) for key in keys]

    bobs = Client(headers={"User-Agent": IPHONE})
    bobs.force_login(bob)
    first, second = names(alice, phone), names(alice, phone)

    assert first == second
    assert len(set(first)) == 4
    assert not set(first) & set(names(bob, bobs))


def test_with_imap_off_the_profile_is_for_pop3(phone: Client, alice: Account) -> None:
    Policy.objects.update(imap=False)
    revealed = press_next(phone, press_get_code(phone))

    mail = mail_of(take(phone, alice.client_passwords.get().pk, sealed_in(revealed)))

    assert mail["EmailAccountType"] == "EmailTypePOP"
    assert mail["IncomingMailServerHostName"] == "pop.example.com"
    assert mail["IncomingMailServerPortNumber"] == 995


@pytest.mark.parametrize("missing", [{"smtp": False}, {"imap": False, "pop3": False}])
def test_without_both_ways_there_is_no_profile_and_no_code_to_scan(
    phone: Client, alice: Account, missing: dict[str, bool]
) -> None:
    revealed = press_next(phone, press_get_code(phone))
    sealed, pk = sealed_in(revealed), alice.client_passwords.get().pk
    Policy.objects.update(**missing)

    page = press_next(phone, press_get_code(phone)).content.decode()

    assert "Install the profile" not in page
    assert "Thunderbird on the phone" not in page
    assert take(phone, pk, sealed).status_code == 409


@pytest.mark.parametrize(
    ("agent", "offered"),
    [
        (IPHONE, True),
        (MAC, True),
        ("Mozilla/5.0 (Windows NT 10.0)", False),
        ("", False),
    ],
)
def test_only_apples_devices_are_offered_it(
    alice: Account, agent: str, *, offered: bool
) -> None:
    client = Client(headers={"User-Agent": agent})
    client.force_login(alice)

    page = press_next(client, press_get_code(client)).content.decode()

    assert ("Install the profile" in page) is offered


# --- what does not bring a profile ----------------------------------------------------


def refused(response: Any) -> bool:
    page = response.content.decode()
    said = "The profile can no longer be created" in page
    return bool(response.status_code == 409 and said)


@pytest.mark.parametrize("sealed", ["", "nonsense", "gAAAAA==", "ä"])
def test_what_is_no_seal_brings_nothing(
    phone: Client, alice: Account, sealed: str
) -> None:
    row, _secret = make_client_password(alice)

    assert refused(take(phone, row.pk, sealed))


def test_the_seal_of_one_password_does_not_open_another(
    phone: Client, alice: Account
) -> None:
    one, secret = make_client_password(alice)
    other, _secret = make_client_password(alice)

    assert refused(take(phone, other.pk, seals.seal(secret, one.pk)))
    assert refused(take(phone, other.pk, seals.seal(secret, other.pk)))
    assert take(phone, one.pk, seals.seal(secret, one.pk)).status_code == 200


def test_a_seal_is_good_for_a_quarter_of_an_hour(
    phone: Client, alice: Account, clock: Traveller
) -> None:
    row, secret = make_client_password(alice)
    sealed = seals.seal(secret, row.pk)

    clock.shift(timedelta(minutes=14, seconds=59))
    assert take(phone, row.pk, sealed).status_code == 200
    clock.shift(timedelta(seconds=2))
    phone.force_login(alice)  # the session has ended with it
    assert refused(take(phone, row.pk, sealed))


def test_a_deleted_password_is_in_no_profile(phone: Client, alice: Account) -> None:
    row, secret = make_client_password(alice)
    sealed = seals.seal(secret, row.pk)
    lifecycle.revoke(ClientPassword.objects.filter(pk=row.pk), by=HOME)

    assert take(phone, row.pk, sealed).status_code == 404


def test_a_stranger_gets_no_profile_with_the_owners_seal(
    client: Client, alice: Account, mallory: Account
) -> None:
    row, secret = make_client_password(alice)
    client.force_login(mallory)

    response = take(client, row.pk, seals.seal(secret, row.pk))

    assert response.status_code == 404
    assert secret.encode() not in response.content


def test_a_get_brings_nothing(phone: Client, alice: Account) -> None:
    row, secret = make_client_password(alice)
    address = reverse("clientpasswords:profile", args=[row.pk])

    response = phone.get(address, {"sealed": seals.seal(secret, row.pk)})

    assert response.status_code == 405


def test_the_seal_tells_nothing_and_is_for_one_password_and_one_key(
    settings: Settings,
) -> None:
    sealed = seals.seal("abcdefghijkm2345", 7)

    assert "abcd" not in sealed
    assert seals.open_seal(sealed, 7) == "abcdefghijkm2345"
    with pytest.raises(seals.BrokenSeal):
        seals.open_seal(sealed, 8)
    settings.SECRET_KEY = "another key, after the first one was known to others"
    with pytest.raises(seals.BrokenSeal):
        seals.open_seal(sealed, 7)
