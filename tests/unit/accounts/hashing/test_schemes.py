"""Which hashes of other programs are taken over, and what is said of the others."""

import pytest

from accounts.hashing import schemes
from accounts.hashing.schemes import UnusableHash
from tests.takenover import HASHES

BCRYPT = HASHES["BLF-CRYPT"]
SHA512 = HASHES["SHA512-CRYPT"]


@pytest.mark.parametrize("hash_", HASHES.values(), ids=list(HASHES))
def test_what_is_taken_over_can_be_written_as_it_came(hash_: str) -> None:
    kept = schemes.convert_to_django(hash_)

    assert len(kept) <= schemes.MAX_LENGTH
    assert schemes.convert_to_dovecot(kept) == hash_


@pytest.mark.parametrize("name", ["ARGON2ID", "BLF-CRYPT", "SHA512-CRYPT"])
def test_a_hash_that_tells_its_scheme_needs_no_braces(name: str) -> None:
    bare = HASHES[name].partition("}")[2]

    assert schemes.convert_to_django(bare) == schemes.convert_to_django(HASHES[name])
    assert schemes.convert_to_django(f"{{CRYPT}}{bare}") == schemes.convert_to_django(
        HASHES[name]
    )


def test_a_scheme_is_known_in_small_letters() -> None:
    bcrypt = BCRYPT.replace("BLF-CRYPT", "blf-crypt")

    assert schemes.convert_to_django(bcrypt) == schemes.convert_to_django(BCRYPT)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("sesame-open", "in clear text"),
        ("{PLAIN}sesame-open", "PLAIN is no hash"),
        ("{cleartext}sesame-open", "CLEARTEXT is no hash"),
        ("{MD5-CRYPT}$1$sesame$open", "MD5-CRYPT ($1$) is not taken over, being too"),
        ("{sesame-open}", "not this one"),
        ("{SHA.sesame}", "not this one"),
        ("{CRYPT}sesame-open", "CRYPT is not taken over"),
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
    with pytest.raises(UnusableHash) as refused:
        schemes.convert_to_django(text)

    assert why in str(refused.value)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("$1$sesame$open", "MD5-CRYPT ($1$)"),
        ("{CRYPT}$1$sesame$open", "MD5-CRYPT ($1$)"),
        ("{MD5-CRYPT}$1$sesame$open", "MD5-CRYPT ($1$)"),
        ("{MD5}sesame", "MD5"),
        ("{CRYPT}sesameopen123", "DES-CRYPT"),
        ("$5$sesame$open", "SHA256-CRYPT ($5$)"),
        ("{CRYPT}$5$rounds=5000$sesame$open", "SHA256-CRYPT ($5$)"),
        ("{SHA256-CRYPT}$5$sesame$open", "SHA256-CRYPT ($5$)"),
        ("$y$j9T$sesame$open", "yescrypt ($y$)"),
        ("$argon2i$v=19$m=65536,t=3,p=1$sesame", "ARGON2I ($argon2i$)"),
        ("$bcrypt-sha256$v=2,t=2b,r=12$sesame", "bcrypt-sha256 ($bcrypt-sha256$)"),
        ("$2x$05$sesame", "bcrypt of a broken kind ($2x$)"),
        ("$P$Bsesame", "phpass ($P$)"),
        ("pbkdf2_sha256$600000$sesame$open", "PBKDF2 of Django (pbkdf2_sha256$)"),
        ("*" + "A1" * 20, "MySQL's hash"),
        ("{SSHA512.HEX}sesame", "SSHA512.HEX"),
        ("{MD5-CRYPT.B64}sesame", "MD5-CRYPT.B64"),
        ("{SHA}sesame", "SHA"),
    ],
)
def test_a_scheme_that_is_not_taken_over_is_named(text: str, name: str) -> None:
    with pytest.raises(UnusableHash) as refused:
        schemes.convert_to_django(text)

    assert str(refused.value).startswith(f"{name} is not taken over")
    assert "sesame" not in str(refused.value)
    assert not schemes.is_locked(text)


@pytest.mark.parametrize("mark", schemes.FOREIGN_PREFIXES)
def test_every_mark_of_another_program_is_told_by_its_name(mark: str) -> None:
    for text in (f"{mark}sesame", f"{{CRYPT}}{mark}sesame"):
        with pytest.raises(UnusableHash) as refused:
            schemes.convert_to_django(text)
        assert f"{schemes.FOREIGN_PREFIXES[mark]} ({mark}) is" in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "!",
        "!!",
        "*",
        "*LK*",
        "x",
        "{CRYPT}",
        "{CRYPT}!",
        "{CRYPT}*",
        f"!{SHA512}",
        f"!{SHA512.partition('}')[2]}",
        "{SHA512-CRYPT}!$6$salt$hash",
    ],
)
def test_what_no_password_fits_is_locked_and_no_hash(text: str) -> None:
    assert schemes.is_locked(text)
    with pytest.raises(UnusableHash):
        schemes.convert_to_django(text)


@pytest.mark.parametrize(
    "text", ["{PLAIN}!sesame", "{PLAIN}", "{CLEARTEXT}*", "sesame", *HASHES.values()]
)
def test_what_a_password_may_fit_is_not_locked(text: str) -> None:
    assert not schemes.is_locked(text)


@pytest.mark.parametrize("password", ["!unusable", "", "pbkdf2_sha256$1$salt$hash"])
def test_what_dovecot_could_not_verify_is_not_written(password: str) -> None:
    assert schemes.convert_to_dovecot(password) is None


def test_the_costliest_that_is_taken_fits() -> None:
    hash_ = SHA512.replace("$6$", "$6$rounds=1000000$")

    assert schemes.convert_to_dovecot(schemes.convert_to_django(hash_)) == hash_
