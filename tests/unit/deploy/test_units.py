"""What holds for every unit of systemd, read from the files.

`make test-install` starts each of them under a real systemd.
"""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from accounts.models import WORKERS

ROOT = Path(__file__).resolve().parents[3]
FILES = sorted((ROOT / "deploy" / "systemd").iterdir())
MANUAL = (ROOT / "docs" / "operations.md").read_text()
NGINX = (ROOT / "deploy" / "nginx" / "mailportal.conf").read_text()
SETTING = re.compile(r"^(\w+)=((?:.*\\\n)*.*)$", re.MULTILINE)
PORTAL = "mailportal.service"


def settings_of(file: Path) -> dict[str, list[str]]:
    """Return the values of each setting in the order in which they stand there."""
    found = defaultdict(list)
    for name, value in SETTING.findall(file.read_text()):
        found[name].append(value.replace("\\\n", " "))
    return found


UNITS = {file.name: settings_of(file) for file in FILES}
SERVICES = {name: unit for name, unit in UNITS.items() if name.endswith(".service")}
COMMANDS = [
    name for name in SERVICES if " manage.py " in str(SERVICES[name]["ExecStart"])
]
# What no service needs. Whoever asks for more than this is asked why.
HARDENED = {
    "CapabilityBoundingSet": [""],
    "NoNewPrivileges": ["true"],
    "PrivateDevices": ["true"],
    "PrivateTmp": ["true"],
    "ProtectHome": ["true"],
    "ProtectSystem": ["strict"],
    "RestrictNamespaces": ["true"],
    "RestrictSUIDSGID": ["true"],
    "SystemCallArchitectures": ["native"],
    "SystemCallFilter": ["@system-service", "~@privileged @resources"],
}


# Who has no watchdog, and why.
UNWATCHED = {
    PORTAL: "gunicorn ends a worker of its that stands still",
    "mailportal-tidy.service": "it runs once; the heartbeat says when that was",
}
# Who has no heartbeat, and why.
HEARTLESS = {
    PORTAL: "/healthz answers",
    "mailportal-relay.service": "it knows no database; its watchdog sees to it",
}


def words(unit: str, setting: str) -> set[str]:
    return set(" ".join(UNITS[unit][setting]).split())


def test_the_units_are_found() -> None:
    assert {PORTAL, "mailportal.socket", "mailportal-tidy.timer"} <= set(UNITS)
    assert {"mailportal-logons.service", "mailportal-tidy.service"} <= set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_whoever_asks_the_database_waits_until_the_portal_has_migrated_it(
    name: str,
) -> None:
    assert PORTAL in words(name, "After")


@pytest.mark.parametrize("name", SERVICES)
def test_a_migration_takes_as_long_as_it_takes(name: str) -> None:
    if "manage.py prepare" in str(SERVICES[name]["ExecStartPre"]):
        assert SERVICES[name]["TimeoutStartSec"] == ["infinity"]
    else:
        assert name != PORTAL


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_shut_in(name: str) -> None:
    assert {each: SERVICES[name][each] for each in HARDENED} == HARDENED


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_that_hangs_is_started_again(name: str) -> None:
    unit = SERVICES[name]
    if name in UNWATCHED:
        assert not unit["WatchdogSec"]
        return
    assert unit["WatchdogSec"]
    assert (unit["Type"], unit["NotifyAccess"]) == (["notify"], ["main"])
    assert unit["Restart"] == ["always"]
    assert "AF_UNIX" in words(name, "RestrictAddressFamilies")


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_has_a_heartbeat(name: str) -> None:
    found = re.search(r" manage\.py (\w+)", str(SERVICES[name]["ExecStart"]))
    command = found[1] if found else ""

    assert (command in WORKERS) == (name not in HEARTLESS)


def test_every_heartbeat_is_of_a_service() -> None:
    started = " ".join(str(unit["ExecStart"]) for unit in SERVICES.values())

    assert {each for each in WORKERS if f"manage.py {each}" not in started} == set()
    assert set(UNWATCHED) | set(HEARTLESS) <= set(SERVICES)


def test_the_portal_takes_its_socket_from_systemd() -> None:
    assert words(PORTAL, "Requires") == words(PORTAL, "Also") == {"mailportal.socket"}
    assert "mailportal.socket" in words(PORTAL, "After")
    assert "--bind" not in words(PORTAL, "ExecStart")
    # It would be removed with the service, and the socket in it.
    assert not SERVICES[PORTAL]["RuntimeDirectory"]


def test_nginx_is_led_to_that_socket_and_its_user_may_do_no_more() -> None:
    socket = UNITS["mailportal.socket"]

    assert f"server unix:{socket['ListenStream'][0]};" in NGINX
    assert socket["SocketGroup"] == ["www-data"]
    assert socket["SocketMode"] == ["0660"]
    for text in (MANUAL, NGINX):
        assert not re.search("usermod .*www-data", text)


@pytest.mark.parametrize("name", UNITS)
def test_the_manual_has_every_unit_started(name: str) -> None:
    assert started_by(name) & named_in_the_manual()


def started_by(name: str) -> set[str]:
    """Return the unit itself, and those that start it."""
    of_one_stem = {f"{Path(name).stem}{kind}" for kind in (".timer", ".socket")}
    named = {other for other in UNITS if name in words(other, "Also")}
    return {name} | (of_one_stem & set(UNITS)) | named


def named_in_the_manual() -> set[str]:
    """Return what *Install* has systemd start, now and at each boot."""
    line = re.compile(r"^systemctl enable --now ((?:.*\\\n)*.*)$", re.MULTILINE)
    names = re.findall(r"[\w.-]+", " ".join(line.findall(MANUAL)))
    return {name if "." in name else f"{name}.service" for name in names}


@pytest.mark.parametrize("name", [each for each in UNITS if each.endswith(".timer")])
def test_what_runs_daily_runs_soon_after_the_start_as_well(name: str) -> None:
    """Until then the first page of the administration would say that it never did."""
    assert UNITS[name]["OnCalendar"] == ["03:30"]
    assert UNITS[name]["OnActiveSec"] == ["2min"]
    assert "RandomizedDelaySec" not in UNITS[name]  # it delays both
