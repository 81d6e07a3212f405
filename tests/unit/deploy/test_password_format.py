"""Dovecot's script recognises a security password by the format that they have."""

import re
import string

from accounts.passwordformat import ALPHABET, LENGTH
from clientpasswords import passwords
from deploy.render import TEMPLATES


def test_the_script_of_dovecot_knows_the_same_format() -> None:
    script = (TEMPLATES / "dovecot" / "typed.lua").read_text()
    (condition,) = re.findall(
        r'#secret == (\d+) and secret:find\("\^\[([a-z0-9-]+)\]\+\$"\)', script
    )
    length, symbols = condition

    assert int(length) == LENGTH
    assert {
        each for each in string.printable if re.fullmatch(f"[{symbols}]", each)
    } == set(ALPHABET)


def test_the_readme_says_how_long_it_is() -> None:
    readme = (TEMPLATES.parent / "README.md").read_text()

    assert f"then {LENGTH} characters, shown once" in readme
    assert "".join(passwords.groups(ALPHABET[:LENGTH])) == ALPHABET[:LENGTH]
