"""Every misconfiguration is found, by a check that names the setting and the mend."""

import re
from collections.abc import Iterator
from contextlib import nullcontext
from functools import cache
from io import StringIO

import pytest
from django.conf import UserSettingsHolder
from django.conf import settings as lazy_settings
from django.core.checks import ERROR, WARNING, CheckMessage, run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from mailportal.checks import TAG
from mailportal.configuration import SETTINGS
from tests.unit.mailportal.environments import (
    ROOT,
    manage,
    production,
    read_settings,
    run,
    sourced,
)
from tests.unit.mailportal.misconfigurations import ROWS, UNREADABLE_VALUES, Row

LEVELS = {"E": ERROR, "W": WARNING}
# What is wrong with the host and not with a setting: test_rendering_fits.py.
NOT_BY_SETTINGS = {"W019"}


@pytest.fixture
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as context:
        yield context


def found(patch: pytest.MonkeyPatch, environment: dict[str, str]) -> list[CheckMessage]:
    """What `check --tag settings --deploy` finds with these variables and no others."""
    for name in SETTINGS:
        patch.delenv(name, raising=False)
    for name, value in environment.items():
        patch.setenv(name, value)
    # Not override_settings: the database of the tests is not disconnected.
    holder = UserSettingsHolder(lazy_settings._wrapped)  # type: ignore[misc]
    for name, value in read_settings(environment).items():
        setattr(holder, name, value)
    patch.setattr(lazy_settings, "_wrapped", holder)
    messages: list[CheckMessage] = run_checks(
        tags=[TAG], include_deployment_checks=True
    )
    return messages


def number(message: CheckMessage) -> str:
    return str(message.id).removeprefix("mailportal.")


@cache
def refused_by_every_command() -> list[str]:
    """Not by `check --deploy` alone; as the manual says."""
    manual = (ROOT / "docs" / "operations.md").read_text()
    said = manual.partition("So does a secret of")[2].partition("The others are")[0]
    return re.findall(r"\bE\d{3}\b", said)


def test_the_host_that_the_rows_start_from_has_nothing(
    patch: pytest.MonkeyPatch,
) -> None:
    assert found(patch, production()) == []


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_each_is_found_with_the_name_of_the_setting_and_a_mend(
    patch: pytest.MonkeyPatch, row: Row
) -> None:
    messages = found(patch, production() | row.changed)

    assert sorted(map(number, messages)) == sorted([row.number, *row.also])
    (message,) = (each for each in messages if number(each) == row.number)
    assert message.level == LEVELS[row.number[0]]
    assert row.setting in message.msg
    assert len(message.hint or "") > 20
    assert message.msg.endswith(".")
    assert message.hint is not None
    assert message.hint.endswith(".")
    # `manage.py` ends with 1 where this is raised.
    is_error = message.level == ERROR
    with pytest.raises(SystemCheckError) if is_error else nullcontext():
        call_command("check", deploy=True, tags=[TAG], stderr=StringIO())
    is_always_asked = row.number in map(number, run_checks(tags=[TAG]))
    assert is_always_asked == (row.number in refused_by_every_command())


def test_every_check_is_shown_to_find_something() -> None:
    files = (ROOT / "mailportal" / "checks").glob("*.py")
    numbers = re.findall(
        r'id="mailportal\.(\w+)"', "".join(file.read_text() for file in files)
    )

    assert sorted(NOT_BY_SETTINGS | {row.number for row in ROWS}) == sorted(numbers)


def test_somebody_has_said_of_every_setting_what_is_wrong_for_it() -> None:
    """Numbers have a range, which test_refused.py walks."""
    said = {row.setting for row in ROWS} | {name for name, _ in UNREADABLE_VALUES}

    others = {name for name, each in SETTINGS.items() if each.lowest == each.highest}
    assert others - said == set()


@pytest.mark.parametrize(
    ("changed", "code", "said"),
    [
        ({}, 0, "no issues"),
        ({"TRUSTED_PROXIES": "one"}, 1, "TRUSTED_PROXIES has to be a whole number"),
        *((row.changed, 1, row.setting) for row in ROWS if row.number == "E023"),
        *((row.changed, 0, row.setting) for row in ROWS if row.number == "W003"),
    ],
)
def test_the_command_answers_as_the_rows_do(
    changed: dict[str, str], code: int, said: str
) -> None:
    done = manage("check", "--deploy", environment=production() | changed)

    assert done.returncode == code
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_example_is_no_production() -> None:
    """Nor does anything else run with it: migrations, workers, the portal's start."""
    example = sourced(".env.example")

    for command in (["check"], ["check", "--deploy"], ["prepare"], ["deliver_cutoffs"]):
        done = manage(*command, environment=example)
        assert done.returncode == 1
        assert "Traceback" not in done.stderr
        for name in SETTINGS:
            is_placeholder = "change-me" in example[name]
            assert (f"{name} is the value of the" in done.stderr) == is_placeholder


def test_gunicorn_does_not_serve_with_the_example_either() -> None:
    """Where the portal is started without `prepare` before it."""
    code = "import mailportal.wsgi"

    refused = run(code, environment=sourced(".env.example"))
    served = run(code, environment=production())

    assert refused.returncode == 3
    assert refused.stderr.startswith("SECRET_KEY is the value of the published example")
    assert served.returncode == 0, served.stderr


def test_every_secret_of_the_example_says_that_it_is_none() -> None:
    """A new one is recognised by the word, on hosts without the file as well."""
    example = sourced(".env.example")

    for name, setting in SETTINGS.items():
        sounds_secret = re.search("(KEY|TOKEN|PASSWORD|SID)$", name) is not None
        assert sounds_secret == setting.is_secret
        if setting.is_secret and example[name]:
            assert example[name].startswith("change-me-")


# What is in the environment of a service, a shell, a container, or `make run`.
ORDINARY = """
    PATH HOME LANG LANGUAGE LC_ALL LOGNAME USER SHELL TERM PWD OLDPWD SHLVL TMPDIR
    TZ MAIL EMAIL EDITOR HOSTNAME DISPLAY DEBIAN_FRONTEND SSH_AUTH_SOCK SUDO_USER
    DEBUGGER INVOCATION_ID JOURNAL_STREAM NOTIFY_SOCKET LISTEN_FDS LISTEN_PID
    MAINPID WATCHDOG_USEC RUNTIME_DIRECTORY STATE_DIRECTORY LOGS_DIRECTORY
    CREDENTIALS_DIRECTORY SYSTEMD_EXEC_PID HTTP_PROXY HTTPS_PROXY NO_PROXY
    http_proxy https_proxy no_proxy PIP_INDEX_URL PYTHONPATH PYTHONUNBUFFERED
    VIRTUAL_ENV DJANGO_SETTINGS_MODULE WEB_CONCURRENCY GUNICORN_CMD_ARGS PGHOST
    PGUSER PGPASSFILE PGSERVICE KUBERNETES_SERVICE_HOST PORT IMAP_PORT POP3_PORT
    SUBMISSION_PORT TEST_DATABASE KEY NAME PYTHON MAKEFLAGS GITHUB_TOKEN CI
    AWS_SECRET_ACCESS_KEY SERVER_NAME DATABASE SENTRY_DSN SECRET SUPPORT
    MAIL_HOST MAIL_PORT MAIL_FROM MAIL_USER MAIL_SERVER MAIL_SECURITY MAIL_TIMEOUT
    MAIL_GATEWAY MAIL_HOST_USER MAIL_HOST_PASSWORD MAIL_FROM_FILE TIMEZONE SMTP_HOST
"""


def test_what_others_have_in_the_environment_is_no_misspelt_setting(
    patch: pytest.MonkeyPatch,
) -> None:
    others = dict.fromkeys(ORDINARY.split(), "1") | {"HOME": "/root"}

    assert found(patch, production() | others) == []
