"""A rendering of another version than the installed Dovecot's is recognised."""

from dataclasses import replace
from pathlib import Path

import pytest

from deploy.render import render
from deploy.values import VERSIONS, DovecotVersion
from mailportal.checks.dovecot import RENDERED, check_rendering
from tests.unit.deploy.hosts import VALUES

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("rendered", VERSIONS)
@pytest.mark.parametrize("installed", ["", "2.2", "2.3", "2.4", "2.5"])
def test_what_does_not_fit_is_named_with_the_mend(
    tmp_path: Path, rendered: DovecotVersion, installed: str
) -> None:
    render(replace(VALUES, folder=tmp_path, dovecot=rendered))

    found = check_rendering(tmp_path / "dovecot" / "dovecot.conf", installed)

    is_wrong = installed not in {"", rendered}
    assert [each.id for each in found] == ["mailportal.W019"] * is_wrong
    for each in found:
        assert f"for Dovecot {rendered}, and Dovecot {installed} is" in each.msg
        assert "deploy.render" in str(each.hint)


@pytest.mark.parametrize("text", ["", "mail_location = maildir:~\n", "\udcff"])
def test_what_is_no_rendering_is_left_alone(tmp_path: Path, text: str) -> None:
    file = tmp_path / "dovecot.conf"
    file.write_text(text, errors="surrogateescape")

    assert check_rendering(file, "2.4") == []
    assert check_rendering(tmp_path / "none", "2.4") == []


def test_it_looks_where_the_manual_has_it_rendered() -> None:
    manual = (ROOT / "docs" / "operations.md").read_text()

    assert f"python3 -m deploy.render {RENDERED.parents[1]} " in manual
