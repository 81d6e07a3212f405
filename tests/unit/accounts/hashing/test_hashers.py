"""Web passwords that another program has hashed, at the sign-in."""

import bcrypt
import pytest
from django.test import Client

from accounts.hashing import schemes
from accounts.hashing.hashers import BcryptHasher
from accounts.models import Account, MailWebLogon
from clientpasswords.logon import decision
from tests.factories import make_account
from tests.takenover import HASHES, PASSWORD
from tests.unit.support import CheapHasher, is_signed_in, sign_in

SCHEMES = pytest.mark.parametrize("scheme", HASHES)


@pytest.fixture
def taken_over(db: None, scheme: str) -> Account:
    account = make_account("erin@example.com")
    account.password = schemes.convert_to_django(HASHES[scheme])
    account.save()
    return account


@SCHEMES
def test_it_signs_in_and_is_ours_afterwards(
    client: Client, taken_over: Account
) -> None:
    sign_in(client, taken_over.address, PASSWORD)

    assert is_signed_in(client)
    taken_over.refresh_from_db()
    assert taken_over.password.startswith("argon2$argon2id$")
    assert not CheapHasher().must_update(taken_over.password)
    sign_in(Client(), taken_over.address, PASSWORD)


@SCHEMES
def test_a_wrong_one_leaves_it_as_it_was(client: Client, taken_over: Account) -> None:
    for wrong in (f"{PASSWORD} ", PASSWORD.lower(), HASHES["SSHA256"], "", "x" * 100):
        sign_in(client, taken_over.address, wrong)
        assert not is_signed_in(client)

    before = taken_over.password
    taken_over.refresh_from_db()
    assert taken_over.password == before


@SCHEMES
def test_the_view_has_it_as_dovecot_reads_it(taken_over: Account, scheme: str) -> None:
    rows = MailWebLogon.objects.filter(address=taken_over.address)

    expected = HASHES[scheme].removeprefix("{ARGON2ID}")
    assert set(rows.values_list("hash", flat=True)) == {expected}


@SCHEMES
def test_the_diagnosis_verifies_it_too(taken_over: Account) -> None:
    right = decision.decide(taken_over.address, "imap", PASSWORD, None)
    wrong = decision.decide(taken_over.address, "imap", "wrong", None)

    assert right.login_name == taken_over.address
    assert wrong.reason == "wrong-password"


def test_only_the_first_72_bytes_count_for_bcrypt_as_for_dovecot() -> None:
    hash_ = bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()

    assert BcryptHasher().verify("x" * 200, f"blf{hash_}")
    assert not BcryptHasher().verify("x" * 71, f"blf{hash_}")
