"""Which hashes of other programs are taken over, and what is said of the others."""

import pytest

from accounts import schemes
from accounts.schemes import Unusable
from tests.takenover import HASHES

BCRYPT = HASHES["BLF-CRYPT"]
SHA512 = HASHES["SHA512-CRYPT"]


@pytest.mark.parametrize("hash_", HASHES.values(), ids=list(HASHES))
def test_what_is_taken_over_can_be_written_as_it_came(hash_: str) -> None:
    kept = schemes.stored(hash_)

    assert len(kept) <= schemes.LONGEST
    assert schemes.written(kept) == hash_


@pytest.mark.parametrize("name", ["ARGON2ID", "BLF-CRYPT", "SHA512-CRYPT"])
def test_a_hash_that_tells_its_scheme_needs_no_braces(name: str) -> None:
    bare = HASHES[name].partition("}")[2]

    assert schemes.stored(bare) == schemes.stored(HASHES[name])
    assert schemes.stored(f"{{CRYPT}}{bare}") == schemes.stored(HASHES[name])


def test_a_scheme_is_known_in_small_letters() -> None:
    bcrypt = BCRYPT.replace("BLF-CRYPT", "blf-crypt")

    assert schemes.stored(bcrypt) == schemes.stored(BCRYPT)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sesame-open", "in clear text"),
        ("{PLAIN}sesame-open", "PLAIN is no hash"),
        ("{cleartext}sesame-open", "CLEARTEXT is no hash"),
        ("{MD5-CRYPT}$1$sesame$open", "not MD5-CRYPT"),
        ("{sesame-open}", "not this one"),
        ("{CRYPT}sesame-open", "not CRYPT"),
        ("{BLF-CRYPT}sesame-open", "not a BLF-CRYPT hash"),
        ("{SSHA512}sesame-open", "not a SSHA512 hash"),
        ("{SSHA256}c2VzYW1lLW9wZW4=", "not a SSHA256 hash"),
        ("{PBKDF2}$1$sesame$open$0", "not a PBKDF2 hash"),
        ("{ARGON2ID}$argon2id$v=19$sesame-open", "not a ARGON2ID hash"),
        (BCRYPT.replace("$05$", "$16$"), "too costly"),
        (BCRYPT.replace("$2y$", "$2x$"), "not a BLF-CRYPT hash"),
        (SHA512.replace("$6$", "$6$rounds=1000001$"), "too costly"),
        (HASHES["PBKDF2"].replace("$5000$", "$9999999$"), "too costly"),
        (HASHES["ARGON2ID"].replace("m=65536", "m=524288"), "too costly"),
        (HASHES["ARGON2ID"].replace("t=3", "t=11"), "too costly"),
        (f"{{SSHA512}}{'QUJD' * 41}", "longer than can be kept"),
        (f"{BCRYPT}\n", "not a BLF-CRYPT hash"),
        ("", "in clear text"),
    ],
)
def test_what_is_no_such_hash_is_refused_and_never_repeated(
    text: str, why: str
) -> None:
    with pytest.raises(Unusable) as refused:
        schemes.stored(text)

    assert why in str(refused.value)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize("password", ["!unusable", "", "pbkdf2_sha256$1$salt$hash"])
def test_what_dovecot_could_not_verify_is_not_written(password: str) -> None:
    assert schemes.written(password) is None


def test_the_costliest_that_is_taken_fits() -> None:
    hash_ = SHA512.replace("$6$", "$6$rounds=1000000$")

    assert schemes.written(schemes.stored(hash_)) == hash_
