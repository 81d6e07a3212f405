"""The portal and deploy.render take the same rules for mailboxes' homes."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pytest_django import Settings

from deploy import homes as of_mail_hosts
from deploy.render import render
from mailportal import homes as of_portal
from mailportal.checks import mailserver
from provisioning import former_addresses
from tests.unit.deploy.hosts import VALUES

pytestmark = pytest.mark.one_database

SAME = "is one folder for several mailboxes"
START, END = "does not begin with /", "ends with /"
PART = "has an empty part, . or .. in it"
KNOWN = "; only %u, %n and %d are known here"
CASES = {
    "/srv/mail/%u": "",
    "/srv/my mail/%u": "",
    "/srv/mail/%d/%n": "",
    "/srv/mail/%n@%d": "",
    "/srv/%d/users/%n/mail": "",
    "/srv/mail/%n/%u": "",
    "": "is empty",
    "mail/%u": START,
    "~vmail/%u": START,
    "~/%u": START,
    "%d/%n": START,
    "%h/mail": START,
    "maildir:/srv/mail/%u": START,
    "/": END,
    "/srv/mail/%u/": END,
    "/srv//mail/%u": PART,
    "/srv/mail/%u/..": PART,
    "/srv/./%u": PART,
    "/srv/mail": SAME,
    "/srv/mail/%n": SAME,
    "/srv/mail/%d": SAME,
    "/srv/mail/%n%d": SAME,
    "/srv/mail/%d-%n": SAME,
    "/srv/mail/%1n/%u": f"has %1n in it{KNOWN}",
    "/srv/mail/%Ld/%Ln": f"has %Ld in it{KNOWN}",
    "/srv/mail/%Lu": f"has %Lu in it{KNOWN}",
    "/srv/mail/%2.256Nu/%u": f"has %2.256Nu in it{KNOWN}",
    "/srv/mail/%{user}": f"has %{{user}} in it{KNOWN}",
    "/srv/mail/%%u": f"has %%u in it{KNOWN}",
    "/srv/mail/%u/%": f"has % in it{KNOWN}",
}
# Addresses that are easily taken for one another.
ADDRESSES = ["a@b-c.example", "a-b@c.example", "a@c.example", "b@c.example", "a@b.a"]


@pytest.mark.parametrize(
    "find_mistake", [of_portal.find_mistake, of_mail_hosts.find_mistake]
)
@pytest.mark.parametrize(("home", "fault"), CASES.items())
def test_of_each_rule_it_is_said_what_is_wrong(
    home: str, fault: str, find_mistake: Callable[[str], str]
) -> None:
    assert find_mistake(home) == fault


@pytest.mark.parametrize(("home", "fault"), CASES.items())
def test_a_wrong_rule_is_no_setting(settings: Settings, home: str, fault: str) -> None:
    settings.MAIL_HOME = home

    found = mailserver.homes_are_distinct()

    assert [each.id for each in found] == ["mailportal.E032"] * bool(fault)
    assert [fault in each.msg for each in found] == [True] * bool(fault)


@pytest.mark.parametrize("home", [home for home in CASES if not CASES[home]])
def test_by_a_right_rule_every_mailbox_has_a_folder_of_its_own(
    settings: Settings, home: str
) -> None:
    settings.MAIL_HOME = home

    assert len({former_addresses.mail_home(each) for each in ADDRESSES}) == len(
        ADDRESSES
    )


@pytest.mark.parametrize("home", [home for home in CASES if home and CASES[home]])
def test_a_wrong_rule_is_not_rendered(tmp_path: Path, home: str) -> None:
    values = replace(VALUES, folder=tmp_path, home=home)

    with pytest.raises(ValueError, match=r"^home="):
        render(values)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--home", "mail/%u"], f"home=mail/%u {START}"),
        (["--mail", "mail"], f"home=mail/%u {START}"),
    ],
)
def test_the_command_says_so_in_a_sentence(
    tmp_path: Path, options: list[str], told: str
) -> None:
    key = tmp_path / "key"
    key.write_text("k" * 32)
    given = ["--host-name", "mx.example", "--database-url", "postgresql://db/portal"]
    given += ["--certificate", "/c.pem", "--certificate-key", "/k.pem"]
    given += ["--doveadm-api-key-file", str(key), *options]

    done = subprocess.run(
        [sys.executable, "-m", "deploy.render", str(tmp_path / "made"), *given],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr
