"""What the database itself refuses, whoever writes."""

from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Account
from clientpasswords import passwords
from clientpasswords.logon import diagnosis
from clientpasswords.models import ClientPassword
from tests import factories


def insert(account: Account, **fields: Any) -> ClientPassword:
    secret = passwords.generate()
    values = {
        "slot": 1,
        "label": "Phone",
        "selector": passwords.selector(secret),
        "hash": passwords.hash_for_mail_server(secret),
        **fields,
    }
    return ClientPassword.objects.create(account=account, **values)


def refused(account: Account, **fields: Any) -> str:
    """The name of the constraint that refuses the row."""
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        insert(account, **fields)
    return str(caught.value)


def test_a_slot_is_taken_once(alice: Account) -> None:
    insert(alice, slot=3)

    refused(alice, slot=3)

    assert alice.client_passwords.count() == 1


def test_a_slot_is_free_again_once_its_password_is_revoked(alice: Account) -> None:
    insert(alice, slot=3, revoked_at=timezone.now())

    insert(alice, slot=3)

    assert alice.client_passwords.live().count() == 1


def test_two_accounts_have_slots_of_their_own(alice: Account, mallory: Account) -> None:
    insert(alice, slot=3)

    insert(mallory, slot=3)

    assert ClientPassword.objects.count() == 2


@pytest.mark.parametrize("slot", [0, 101, 1000])
def test_a_slot_outside_one_to_a_hundred_is_refused(alice: Account, slot: int) -> None:
    assert "clientpassword_slot_in_range" in refused(alice, slot=slot)


@pytest.mark.parametrize("slot", [1, 100])
def test_the_first_and_the_last_slot_are_allowed(alice: Account, slot: int) -> None:
    assert insert(alice, slot=slot).slot == slot


def test_a_selector_is_there_once_an_account(alice: Account) -> None:
    insert(alice, slot=1, selector="abcd")

    refused(alice, slot=2, selector="abcd")

    assert alice.client_passwords.count() == 1


def test_the_selector_of_a_revoked_password_stays_taken(alice: Account) -> None:
    insert(alice, slot=1, selector="abcd", revoked_at=timezone.now())

    refused(alice, slot=1, selector="abcd")

    assert not alice.client_passwords.live().exists()


def test_two_accounts_may_have_the_same_selector(
    alice: Account, mallory: Account
) -> None:
    insert(alice, selector="abcd")

    insert(mallory, selector="abcd")

    assert ClientPassword.objects.filter(selector="abcd").count() == 2


def test_one_form_makes_one_password(alice: Account) -> None:
    attempt = uuid4()
    insert(alice, slot=1, attempt=attempt)

    refused(alice, slot=2, attempt=attempt)

    assert alice.client_passwords.count() == 1


@pytest.mark.parametrize(
    "text",
    [
        "abcdefghijkmnpqr",
        "",
        "argon2$argon2id$v=19$m=256,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
        "$argon2i$v=19$m=256,t=1,p=1$c2FsdHNhbHQ$aGFzaA",
    ],
)
def test_only_raw_argon2id_is_kept_as_a_hash(alice: Account, text: str) -> None:
    assert "never_in_clear" in refused(alice, hash=text)


def test_the_name_of_its_sessions_is_the_address_and_its_number(
    alice: Account,
) -> None:
    row = insert(alice)

    assert row.login_name == f"alice@example.com~{row.pk}"


def test_a_client_password_shows_itself_by_its_label_alone(alice: Account) -> None:
    row, secret = factories.make_client_password(alice, "My iPhone")

    shown = f"{row} {row!r}"

    assert shown == "My iPhone <ClientPassword: My iPhone>"
    assert secret not in shown


@pytest.mark.both_databases
@pytest.mark.parametrize(
    ("protocols", "policy", "refusal"),
    [
        ({}, {}, None),
        ({"imap": False, "pop3": False}, {}, None),  # one lets it in
        # By IMAP it is refused for another reason than by SMTP: the first counts.
        ({"imap": False, "pop3": False}, {"smtp": False}, "out-of-scope"),
        ({"pop3": False, "smtp": False}, {"imap": False}, "protocol-off"),
        ({}, {"third_party_logon": False}, "third-party-logon-off"),
    ],
)
def test_a_password_is_refused_if_each_protocol_refuses_it(
    alice: Account,
    protocols: dict[str, bool],
    policy: dict[str, bool],
    refusal: str | None,
) -> None:
    Account.objects.filter(pk=alice.pk).update(
        policy=factories.make_policy("Own", **policy), client_passwords_on=True
    )
    row = insert(alice, **protocols)

    found = ClientPassword.objects.with_refusal().get()

    assert found.refusal == refusal
    assert diagnosis.find_refusals([row]) == {row.pk: refusal}
