"""What the mail server's script makes of typed text, and that the portal agrees."""

import subprocess
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from accounts import addresses
from clientpasswords import passwords
from deploy.render import TEMPLATES
from tests.typedpasswords import REFUSED, REFUSED_BY_DOVECOT, TAKEN, typed_as

SECRET = "abcdefghijkmnpqr"
# Reads texts from lines, each byte in hexadecimal, and writes what becomes of them.
PROGRAM = """
local typed = dofile("%s")
for line in io.stdin:lines() do
  local text = line:gsub("%%x%%x", function(byte)
    return string.char(tonumber(byte, 16))
  end)
  local found = typed.%s(text) or ""
  found = found:gsub(".", function(sign) return string.format("%%02x", sign:byte()) end)
  print(found)
end
"""
# All planes of Unicode that have characters, without the surrogates.
CODES = (*range(0xD800), *range(0xE000, 0x32000), *range(0xE0000, 0xE1000))


def by_script(function: str, texts: Sequence[bytes]) -> list[str]:
    """Return what a function of the script makes of each text; empty for nil."""
    program = PROGRAM % (TEMPLATES / "dovecot" / "typed.lua", function)
    done = subprocess.run(
        ["lua5.4", "-e", program],
        input="\n".join(text.hex() for text in texts),
        check=True,
        capture_output=True,
        text=True,
    )
    return [bytes.fromhex(line).decode() for line in done.stdout.split("\n")[:-1]]


def by_portal(text: str) -> str:
    found = passwords.normalise(text)
    return found if passwords.could_be_one(found) else ""


@pytest.mark.parametrize("decide", ["portal", "script"])
def test_every_way_to_type_a_client_password_is_taken_or_refused_as_the_table_says(
    decide: str,
) -> None:
    for outcome, expected in {TAKEN: {SECRET}, REFUSED: {""}}.items():
        typed = typed_as(SECRET, outcome)
        texts = list(typed.values())
        found = (
            [by_portal(text) for text in texts]
            if decide == "portal"
            else by_script("client_password", [text.encode() for text in texts])
        )

        assert dict(zip(typed, found, strict=True)) == {
            name: each for name in typed for each in expected
        }


def test_portal_and_script_make_the_same_of_every_character() -> None:
    texts = [f"abcdefgh{chr(code)}ijkmnpqr" for code in CODES]
    texts += [f"abcdefgh{chr(code)}ijkmnpq" for code in CODES]

    found = by_script("client_password", [text.encode() for text in texts])

    assert [
        (text, each, by_portal(text))
        for text, each in zip(texts, found, strict=True)
        if each != by_portal(text)
    ] == []


def test_text_that_is_not_utf_8_is_no_client_password() -> None:
    texts = [SECRET.encode() + each for each in (b"\xff", b"\xc2", b"\xed\xa0\x80")]

    assert by_script("client_password", texts) == ["", "", ""]


def test_what_dovecot_refuses_by_itself_would_be_forgiven_otherwise() -> None:
    typed = typed_as(SECRET, REFUSED_BY_DOVECOT).values()

    assert {by_portal(text) for text in typed} == {SECRET}
    assert all(passwords.REFUSED_BY_DOVECOT & {*text} for text in typed)


# Each way to write the address, as people, keyboards and address books do.
ADDRESSES = {
    "erin@xn--mnchen-3ya.example": [
        "erin@m\u00fcnchen.example",
        "Erin@M\u00dcNCHEN.Example",
        "erin@XN--MNCHEN-3YA.example",
        "erin@m\u00fcnchen\u3002example",
        "erin@m\u00fcnchen.example.",
    ],
    "alice@example.com": [
        "Alice@EXAMPLE.com",
        " alice@example.com ",
        "\u3000alice@example.com\u200b",
        "\ufeffalice@example.com\u00a0",
        "alice@example.com.",
        "alice@example\u3002com",
        "alice@example\uff0ecom",
        "alice@example\uff61com",
        "\uff21\uff4c\uff49\uff43\uff45\uff20\uff45xample.com",
    ],
    "a@xn--80a1acny.xn--p1ai": ["a@\u043f\u043e\u0447\u0442\u0430.\u0440\u0444"],
    "a@xn--fsqu00a.xn--0zwm56d": ["a@\u4f8b\u5b50.\u6d4b\u8bd5"],
    "a@xn--strae-oqa.example": ["a@stra\u00dfe.example"],
    "a@xn--proprostnemluvesky-uyb24dma41a.example": [
        "a@PRO\u010cPROST\u011aNEMLUV\u00cd\u010cESKY.example"
    ],
    # None of a mailbox's, and none of another's either.
    "\u202ealice@example.com": ["\u202ealice@example.com"],
    "alice@example.com\n": ["Alice@example.com\n"],
    "alice@ex ample.com": ["alice@ex\u3000ample.com"],
    "alice@@example.com": ["alice@@example.com"],
    "alice": ["Alice "],
    "": ["", " "],
}


@pytest.mark.parametrize("address", ADDRESSES)
def test_portal_and_script_find_the_address_that_was_meant(address: str) -> None:
    typed = ADDRESSES[address]

    assert [addresses.normalise(text) for text in typed] == [address] * len(typed)
    assert by_script("address", [text.encode() for text in typed]) == [
        address for _ in typed
    ]


LETTERS = "abc.@- \u00fc\u00dc\u3002\uff41\u4f8b\u0416\u0436\u0159\u00df"


@hypothesis(deadline=None, max_examples=10)
@given(
    st.lists(
        st.text(LETTERS, max_size=12),
        min_size=50,
        max_size=100,
    )
)
def test_an_address_that_the_script_finds_is_the_one_that_the_portal_finds(
    texts: list[str],
) -> None:
    found = by_script("address", [f"a@{text}".encode() for text in texts])

    for text, each in zip(texts, found, strict=True):
        by_portal = addresses.normalise(f"a@{text}")
        # What is no domain by UTS 46 stays in its letters, and is nobody's either way.
        assert each == by_portal or not by_portal.isascii(), text


def test_a_name_that_is_not_utf_8_or_very_long_is_no_address_of_ours() -> None:
    names = [b"alice@ex\xffample.com", b"alice@" + b"\xc3\xbc" * 10_000]
    program = PROGRAM % (TEMPLATES / "dovecot" / "typed.lua", "address")
    done = subprocess.run(
        ["lua5.4", "-e", program],
        input="\n".join(name.hex() for name in names),
        check=True,
        capture_output=True,
        text=True,
    )

    assert done.stdout.split() == [name.hex() for name in names]
