"""Postfix refuses another's sender in our words, and everything else in its own."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.render import render
from tests.unit.deploy.hosts import HOSTS

PARAMETER = re.compile(r"^(mua_\w+) = (.*\n(?: .*\n)*)", re.MULTILINE)
RULE = "reject_authenticated_sender_login_mismatch"
# A service of master.cf, with its options.
SERVICE = re.compile(r"^\S+ +inet .*\n(?:  .*\n?)*", re.MULTILINE)


def rendered(host: str, folder: Path, name: str) -> str:
    render(replace(HOSTS[host], folder=folder))
    return (folder / "postfix" / name).read_text()


@pytest.mark.parametrize("host", HOSTS)
def test_only_the_rule_for_senders_is_put_in_our_words(
    host: str, tmp_path: Path
) -> None:
    found = dict(PARAMETER.findall(rendered(host, tmp_path, "main.cf")))
    wording = [name for name, value in found.items() if "DEFER_IF_REJECT" in value]
    assert wording == ["mua_sender_refusal"]

    users = {name for name, value in found.items() if "$mua_sender_refusal" in value}

    assert users == {"mua_sender_restrictions"}
    first, last = found["mua_sender_restrictions"].split("$mua_sender_refusal")
    assert last.strip(", \n") == RULE
    assert f"warn_if_reject {RULE}," in first


@pytest.mark.parametrize("host", HOSTS)
def test_the_code_of_our_words_is_that_of_the_rule(host: str, tmp_path: Path) -> None:
    code = "-o access_map_defer_code=553\n"
    services = SERVICE.findall(rendered(host, tmp_path, "master.cf"))
    asking = [each for each in services if "$mua_sender_restrictions" in each]
    others = [each for each in services if "$mua_sender_restrictions" not in each]

    assert asking
    assert [each for each in asking if code not in f"{each}\n"] == []
    # From the world, what comes too early (greylisting) is not refused for good.
    assert [each for each in others if "access_map_defer_code" in each] == []
    main = rendered(host, tmp_path, "main.cf")
    assert re.search(r"^access_map_defer_code", main, re.MULTILINE) is None
