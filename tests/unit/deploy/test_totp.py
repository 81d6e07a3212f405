from base64 import b32encode

import pytest

from deploy.totp import code_for, main

# RFC 6238, appendix B: the same key, the last six of its eight digits.
KEY = b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("at", "digits"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924")],
)
def test_the_code_is_that_of_the_standard(at: float, digits: str) -> None:
    code, _ = code_for(KEY, at=at)

    assert code == digits


def test_the_key_may_be_typed_as_the_page_shows_it() -> None:
    spaced = " ".join(KEY[i : i + 4] for i in range(0, len(KEY), 4)).lower()

    assert code_for(spaced, at=59) == ("287082", 1)


@pytest.mark.parametrize("arguments", [[], [""], ["1!"]])
def test_what_is_no_key_is_said_to_be_none(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 1
    assert "KEY=" in capsys.readouterr().err
