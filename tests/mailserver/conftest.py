"""A private Dovecot and Postfix that read the tests' database."""

import ssl
import subprocess
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from django.db import connection
from pytest_django import Settings

from accounts.models import MailSetting
from deploy.mailhost import MailHost
from deploy.values import Certificate
from tests.environment import FOLDER, POSTGRES
from tests.mailserver.clients import WEBMAIL
from tests.patience import PATIENCE

LINES_SHOWN = 40


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the figures that tests have recorded."""
    reports = [
        report
        for outcome in ("passed", "failed")
        for report in terminalreporter.getreports(outcome)
    ]
    figures = [each for report in reports for each in report.user_properties]
    if figures:
        terminalreporter.section("measured")
    for name, value in figures:
        terminalreporter.line(f"{name}: {value}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show the servers' last log lines with a failure: often only they say why."""
    report = yield
    if report.failed:
        hosts = [each for each in item.funcargs.values() if isinstance(each, MailHost)]
        logs = {log for host in hosts for log in (host.dovecot_log, host.postfix_log)}
        # The logs of a host that did not start, which no fixture has.
        logs |= {log for log in FOLDER.rglob("*.log") if written_since(call.start, log)}
        for log in sorted(filter(Path.exists, logs)):
            lines = log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
            name = log.relative_to(FOLDER)
            report.sections.append((f"last of {name}", "\n".join(lines)))
    return report


def written_since(moment: float, log: Path) -> bool:
    return log.stat().st_mtime >= moment


@pytest.fixture(scope="session")
def database_url(django_db_setup: None) -> str:
    """The URL of the tests' database, as an operator would configure it."""
    name = str(connection.settings_dict["NAME"])
    return POSTGRES.url(database=name) if POSTGRES else f"sqlite:///{name}"


@pytest.fixture(scope="session")
def running_host(database_url: str) -> Iterator[MailHost]:
    with make_host("mailhost", database_url) as host:
        yield host


def make_host(name: str, database_url: str) -> MailHost:
    missing = MailHost.missing(database_url)
    assert not missing, f"these packages are needed: {missing}"
    return MailHost(
        FOLDER / name,
        database_url=database_url,
        webmail_networks=[WEBMAIL],
        failure_delay=0,
    )


@pytest.fixture
def host(
    running_host: MailHost, transactional_db: None, settings: Settings
) -> MailHost:
    """The mail host; the portal knows it, and has stored the webmail's networks."""
    settings.DOVEADM_URLS = [
        f"http://127.0.0.1:{running_host.ports.doveadm}/doveadm/v1"
    ]
    settings.DOVEADM_API_KEY = running_host.doveadm_api_key
    settings.WEBMAIL_NETWORKS = [WEBMAIL]
    networks = f"192.0.2.0/25,{WEBMAIL},2001:db8:4::/47"
    MailSetting.objects.create(name="webmail_networks", value=networks)
    return running_host


@pytest.fixture(scope="session")
def certificate() -> Certificate:
    """A certificate of an authority that only these tests trust."""
    made = Certificate(FOLDER / "chain.pem", FOLDER / "key.pem")
    command = (
        f"openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
        f" -addext subjectAltName=IP:127.0.0.1 -keyout {made.key} -out {made.chain}"
    )
    subprocess.run(command.split(), check=True, capture_output=True)
    return made


@pytest.fixture
def trust(certificate: Certificate) -> ssl.SSLContext:
    """Return the context of clients that verify the certificate and its name."""
    return ssl.create_default_context(cafile=certificate.chain)


SETTLED = 0.5  # seconds in which a log does not grow


class Log:
    """The part of a log that was written after a moment."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._start = path.stat().st_size if path.exists() else 0

    def text(self) -> str:
        with self._path.open() as file:
            file.seek(self._start)
            return file.read()

    def wait_for(self, part: str) -> str:
        """Return the text once this part is in it.

        Another process writes it, a moment after clients get their answers.
        """
        deadline = time.monotonic() + PATIENCE
        while part not in (text := self.text()):
            assert time.monotonic() < deadline, f"{part} is not in {text}"
            time.sleep(SETTLED / 10)
        return text

    def settled(self) -> str:
        """Return the text once it stops growing.

        Another process writes it, a moment after clients get their answers.
        """
        before, text = None, self.text()
        while text != before:
            time.sleep(SETTLED)
            before, text = text, self.text()
        return text


@pytest.fixture
def dovecot_log(host: MailHost) -> Log:
    return Log(host.dovecot_log)
