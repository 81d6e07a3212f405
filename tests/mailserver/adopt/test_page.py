"""docs/adopt.md is whole, for either version of Dovecot."""

import re
from collections import Counter

import pytest

from tests.mailserver.existing import PAGE, blocks
from tests.mailserver.versions import OF_2_3, OF_2_4, DovecotDialect


@pytest.mark.parametrize("dovecot", [OF_2_3, OF_2_4], ids=["2.3", "2.4"])
def test_every_step_can_be_done_checked_and_undone(dovecot: DovecotDialect) -> None:
    labels = {(block.step, block.label) for block in blocks(dovecot)}

    assert labels == {
        (step, label) for step in range(1, 10) for label in ("Do", "Check", "Undo")
    }


def test_no_block_of_a_step_is_left_out() -> None:
    _before, _, steps = PAGE.read_text().partition("\n## Step 1.")
    older, newer = blocks(OF_2_3), blocks(OF_2_4)

    fences = Counter(re.findall(r"^```(\S+)$", steps, re.MULTILINE))
    differing = sum(here != there for here, there in zip(older, newer, strict=True))
    assert set(fences) == {"sh", "python", "sh-2.4"}
    assert fences["sh"] + fences["python"] == len(older)
    assert fences["sh-2.4"] == differing


def test_both_versions_have_files_of_the_same_names() -> None:
    name = re.compile(r"/etc/dovecot/conf\.d/[\w.-]+\.conf\b(?!\.ext)")

    for older, newer in zip(blocks(OF_2_3), blocks(OF_2_4), strict=True):
        assert {*name.findall(newer.text)} == {*name.findall(older.text)}, newer
