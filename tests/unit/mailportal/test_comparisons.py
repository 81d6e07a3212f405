"""What proves who somebody is, is compared in constant time.

`==` stops at the first letter that differs; how long it takes tells a guesser how far
they are. `django.utils.crypto.constant_time_compare` and `secrets.compare_digest` do
not.
"""

import ast
import re
from collections.abc import Iterator

import pytest

from tests.databases import APPS, ROOT

# What such values are called here.
PROOF = re.compile(
    r"digest|token|secret|signature|_mac$|proof|hash_?$|password$|sealed"
)
# Compared by `==`, and why that tells nobody anything.
PLAIN = {
    # What was written down a moment ago with what is there now.
    ("provisioning/plans.py", "digest != account.taken_over"),
    ("provisioning/plans.py", "password != account.password"),
    (
        "accounts/signin/throttle.py",
        "Account.objects.lock(account.pk).password != account.password",
    ),
    # The form of a hash, not what it is of.
    ("accounts/hashing/schemes.py", "scheme.to_django(hash_) == password"),
    # The host's own settings, at its start.
    ("mailportal/checks/secrets.py", "secrets[one] == secrets[other]"),
    ("mailportal/checks/secrets.py", "secret[length:] == secret[:-length]"),
}


def find_comparisons(text: str) -> Iterator[str]:
    """Give the comparisons by `==` and `!=` of what is called like a proof."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Compare) and any(
            isinstance(each, ast.Eq | ast.NotEq) for each in node.ops
        ):
            sides = [node.left, *node.comparators]
            if any(PROOF.search(name_of(side)) for side in sides):
                yield ast.unparse(node)


def name_of(node: ast.expr) -> str:
    """Return the last name of an expression; of a call, what is called."""
    match node:
        case ast.Name():
            return node.id
        case ast.Attribute():
            return node.attr
        case ast.Call():
            return name_of(node.func)
        case ast.Subscript():
            return name_of(node.value)
    return ""


def test_proofs_are_compared_in_constant_time() -> None:
    found = {
        (str(file.relative_to(ROOT)), comparison)
        for app in APPS
        for file in (ROOT / app).rglob("*.py")
        for comparison in find_comparisons(file.read_text())
    }

    assert found == PLAIN


@pytest.mark.parametrize(
    "text",
    [
        "link.sessions == _proofs_of(owner)",
        "self.digest == self._digest(code)",
        "if _digest(text) != token.digest: pass",
        "secrets['one'] == typed",
    ],
)
def test_what_is_compared_in_another_way_would_be_found(text: str) -> None:
    assert list(find_comparisons(text))
