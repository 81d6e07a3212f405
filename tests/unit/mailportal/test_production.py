"""The host in production that `make check` takes for one."""

import re

import pytest

from tests.unit.mailportal.environments import ROOT, manage, production, sourced


def names(file: str) -> list[str]:
    text = (ROOT / file).read_text()
    return re.findall(r"^([A-Z0-9_]+)=", text, re.MULTILINE)


def test_it_has_the_settings_of_the_example_and_nothing_else() -> None:
    assert names("tools/production.env") == names(".env.example")


def test_the_deployment_checks_find_nothing_there() -> None:
    done = manage(
        "check", "--deploy", "--fail-level", "WARNING", environment=production()
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "no issues" in done.stdout


@pytest.mark.parametrize("name", ["SECRET_KEY", "DOVEADM_API_KEY", "TWILIO_AUTH_TOKEN"])
def test_its_secrets_are_others_each_time(name: str) -> None:
    assert sourced("tools/production.env")[name] != production()[name]
