"""What an operator adds to Postfix is there after each rendering."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from deploy import render as rendering
from deploy.own_parameters import NOT_TO_SET, PARAMETER, replace_parameters
from deploy.render import render
from deploy.values import MailHostValues
from tests.unit.deploy.hosts import HOSTS

OWN = {
    "aliases": "postmaster@example.com alice@example.com\n",
    "senders": "sales@example.com alice@example.com\n",
    "main.cf": "message_size_limit = 1\nsmtpd_banner = @ME@ of ours\n",
    "master.cf": "smtps-of-ours inet n - n - - smtpd\n",
}
TEMPLATES = Path(rendering.__file__).parent / "postfix"
# Parameters of ours that name one of our files, and are the operator's all the same.
FREE = {"virtual_mailbox_domains", "virtual_mailbox_maps", "virtual_alias_maps"}


def rendered(values: MailHostValues, folder: Path) -> Path:
    render(replace(values, folder=folder))
    return folder


@pytest.mark.parametrize("host", HOSTS)
def test_the_examples_are_made_once_and_then_left_alone(
    host: str, tmp_path: Path
) -> None:
    own = rendered(HOSTS[host], tmp_path) / "local"
    assert {path.name for path in own.iterdir()} == OWN.keys()
    for name, text in OWN.items():
        (own / name).write_text(text)

    rendered(HOSTS[host], tmp_path)

    assert {path.name: path.read_text() for path in own.iterdir()} == OWN
    main = (tmp_path / "postfix" / "main.cf").read_text()
    assert main.endswith(OWN["main.cf"])
    assert main.count("\nmessage_size_limit = ") == 1
    assert (tmp_path / "postfix" / "master.cf").read_text().endswith(OWN["master.cf"])


@pytest.mark.parametrize("host", HOSTS)
def test_the_examples_set_nothing(host: str, tmp_path: Path) -> None:
    own = rendered(HOSTS[host], tmp_path) / "local"

    lines = [line for path in own.iterdir() for line in path.read_text().splitlines()]

    assert [line for line in lines if not line.startswith("#")] == []


@pytest.mark.parametrize("name", sorted(NOT_TO_SET))
def test_what_decides_who_may_send_is_not_the_operators(
    name: str, tmp_path: Path
) -> None:
    (tmp_path / "local").mkdir()
    (tmp_path / "local" / "main.cf").write_text(f"{name}=permit\n")

    with pytest.raises(ValueError, match=name):
        rendered(HOSTS["SQLite"], tmp_path)

    assert not (tmp_path / "postfix").exists()


def test_every_parameter_by_which_the_rule_is_asked_is_known() -> None:
    text = (TEMPLATES / "main.cf").read_text()
    asking = {
        found[1]
        for found in PARAMETER.finditer(text)
        if re.search(
            r"@FOLDER@|@RELAY@|sasl|logon|permit|mailbox may|from_webmail", found[0]
        )
    }

    assert asking - FREE == NOT_TO_SET


def test_a_parameter_is_replaced_with_all_its_lines() -> None:
    ours = "a = 1,\n 2,\n\t3\n# b\nb = 4\n\nc =\n d\n"

    assert replace_parameters(ours, "a=5\nc = 6") == "# b\nb = 4\n\n\na=5\nc = 6"
    assert replace_parameters(ours, "# a = 5\n") == ours
