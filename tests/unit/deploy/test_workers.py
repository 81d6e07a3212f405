"""What has to run all the time is started by the demonstration and by systemd."""

import configparser
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
UNITS = ROOT / "deploy" / "systemd"
# What the help of such a command says.
GOES_ON = re.compile(r"Runs\s+until\s+stopped")


def help_of(path: Path) -> str:
    """The text of a command, with its string over several lines put together."""
    return re.sub(r'"\s*\n\s*"', "", path.read_text())


WORKERS = sorted(
    path.stem
    for path in ROOT.glob("*/management/commands/*.py")
    if GOES_ON.search(help_of(path))
)


def unit_of(worker: str) -> str:
    (unit,) = [
        path.name
        for path in UNITS.glob("*.service")
        if f" manage.py {worker}" in path.read_text()
    ]
    return unit


def test_the_workers_are_found() -> None:
    assert {"deliver_cutoffs", "follow_logons", "send_notifications"} <= set(WORKERS)


@pytest.mark.parametrize("worker", WORKERS)
def test_the_demonstration_starts_each(worker: str) -> None:
    assert f'"{worker}"' in (ROOT / "deploy" / "demo.py").read_text()


@pytest.mark.parametrize("worker", WORKERS)
def test_a_unit_starts_each_and_starts_it_again(worker: str) -> None:
    unit = configparser.RawConfigParser(strict=False)
    unit.read(UNITS / unit_of(worker))

    assert unit["Service"]["Restart"] == "always"
    assert unit["Install"]["WantedBy"] == "multi-user.target"


@pytest.mark.parametrize("worker", WORKERS)
def test_the_operator_is_told_to_start_and_to_watch_each(worker: str) -> None:
    name = unit_of(worker).removesuffix(".service")
    text = (ROOT / "docs" / "operations.md").read_text()

    assert re.search(rf"systemctl enable --now .*{name}", text)
    assert re.search(rf"systemctl restart mailportal .*{name}", text)
    assert f"systemctl is-active {name}`" in text
