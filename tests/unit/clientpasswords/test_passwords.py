import hashlib
import re
import secrets
from collections import Counter

import pytest
from argon2 import PasswordHasher, extract_parameters
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import Settings

from accounts.passwordformat import ALPHABET
from clientpasswords import passwords

FORM = re.compile(r"[a-km-np-z2-9]{16}")
SYMBOLS = "abcdefghijkmnpqrstuvwxyz23456789"

generated = st.builds(passwords.generate)
# What people type between groups, and what a copy from a page brings along.
gaps = st.lists(st.sampled_from([" ", "-", "\u00a0", "\t", ""]), min_size=16)


def test_ten_thousand_passwords_have_the_form_and_are_all_different() -> None:
    made = [passwords.generate() for _ in range(10_000)]

    assert all(FORM.fullmatch(secret) for secret in made)
    assert len(set(made)) == len(made)


def test_no_symbol_is_favoured() -> None:
    made = "".join(passwords.generate() for _ in range(10_000))

    counts = Counter(made)
    expected = len(made) / 32
    chi_squared = sum((counts[sign] - expected) ** 2 / expected for sign in ALPHABET)
    # 31 degrees of freedom: one run in a million is above 81.
    assert chi_squared < 81


def test_the_alphabet_has_thirty_two_symbols_without_look_alikes() -> None:
    assert ALPHABET == SYMBOLS
    assert len(set(SYMBOLS)) == 32
    assert not set("lo01") & set(SYMBOLS)


def test_the_randomness_is_that_of_the_operating_system(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    every_byte = [bytes(range(start, start + 16)) for start in range(0, 256, 16)]
    monkeypatch.setattr(secrets, "token_bytes", lambda _n: every_byte.pop(0))

    made = "".join(passwords.generate() for _ in range(16))

    assert made == SYMBOLS * 8


@given(secret=generated)
def test_the_selector_is_the_beginning_of_a_sha256(secret: str) -> None:
    expected = hashlib.sha256(secret.encode()).hexdigest()[:4]

    assert passwords.selector(secret) == expected


@given(secret=generated, gaps=gaps)
def test_blanks_hyphens_and_capitals_are_forgiven(secret: str, gaps: list[str]) -> None:
    typed = "".join(sign + gap for sign, gap in zip(secret.upper(), gaps, strict=False))

    assert passwords.normalise(f" {typed}") == secret


@given(text=st.text())
def test_what_is_normalised_twice_is_no_different(text: str) -> None:
    once = passwords.normalise(text)

    assert passwords.normalise(once) == once


@given(secret=generated)
def test_every_generated_password_could_be_one(secret: str) -> None:
    assert passwords.could_be_one(secret)


@given(text=st.text(alphabet=SYMBOLS + "lo01-L ", max_size=20))
def test_whatever_has_not_the_form_could_not_be_one(text: str) -> None:
    assert passwords.could_be_one(text) == bool(FORM.fullmatch(text))


@given(secret=generated)
def test_the_groups_are_four_by_four_and_lose_nothing(secret: str) -> None:
    groups = passwords.groups(secret)

    assert [len(group) for group in groups] == [4, 4, 4, 4]
    assert "".join(groups) == secret


def test_the_hash_is_raw_argon2id_at_the_cost_for_random_secrets() -> None:
    phc = passwords.hash_for_mail_server(passwords.generate())

    assert phc.startswith("$argon2id$v=19$m=256,t=1,p=1$")
    assert len(phc) <= 200


def test_the_memory_of_the_hash_is_a_setting(settings: Settings) -> None:
    settings.CLIENT_PASSWORD_ARGON2_MEMORY = 1024

    phc = passwords.hash_for_mail_server(passwords.generate())

    assert extract_parameters(phc).memory_cost == 1024


def test_a_hash_of_another_cost_still_verifies(settings: Settings) -> None:
    secret = passwords.generate()
    phc = passwords.hash_for_mail_server(secret)

    settings.CLIENT_PASSWORD_ARGON2_MEMORY = 8192

    assert passwords.matches(secret, phc)


def test_two_hashes_of_one_password_have_different_salts() -> None:
    secret = passwords.generate()

    hashes = {passwords.hash_for_mail_server(secret) for _ in range(3)}

    assert len(hashes) == 3


@given(secret=generated, other=st.text(max_size=20))
def test_a_hash_matches_its_own_password_and_no_other(secret: str, other: str) -> None:
    phc = passwords.hash_for_mail_server(secret)

    assert passwords.matches(secret, phc)
    assert passwords.matches(other, phc) == (other == secret)
    assert PasswordHasher().verify(phc, secret)
