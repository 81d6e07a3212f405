"""What one step of a worker raises keeps it from none of the others."""

import logging
import os
import signal
from collections.abc import Callable
from importlib import import_module
from inspect import getsource
from typing import Any

import pytest
from django.core.management import CommandError, call_command, get_commands
from django.db import DataError

from accounts.management.commands import deliver_cutoffs
from accounts.notify import queue
from accounts.policy import reminders
from accounts.sessions import cutoffs, expiry
from administration.bulk import jobs
from administration.management.commands import work_jobs
from clientpasswords.lifetimes import expiry as password_expiry
from clientpasswords.lifetimes import inactivity
from clientpasswords.management.commands import send_notifications
from provisioning import statistics

pytestmark = pytest.mark.django_db(transaction=True)

# Of each worker that goes on: what it does in a round, the first time.
STEPS: dict[str, tuple[Any, list[tuple[Any, str]]]] = {
    "send_notifications": (
        send_notifications,
        [
            (reminders, "send_requirement_reminders"),
            (inactivity, "review"),
            (password_expiry, "notify_owners"),
            (reminders, "send_exception_reminders"),
            (queue, "deliver_due"),
        ],
    ),
    "deliver_cutoffs": (
        deliver_cutoffs,
        [(expiry, "end_expired_sessions"), (cutoffs, "deliver_due")],
    ),
    "work_jobs": (
        work_jobs,
        [(statistics, "refresh_figures"), (jobs, "work_due_jobs")],
    ),
}
EACH = [(name, place) for name, (_m, steps) in STEPS.items() for place in steps]
SECRET = "not-for-any-log"


def watch(
    monkeypatch: pytest.MonkeyPatch, command: str, broken: tuple[Any, str], error: Any
) -> list[tuple[Any, str]]:
    """Let one step raise, and write down which were begun."""
    begun: list[tuple[Any, str]] = []

    def instead(place: tuple[Any, str]) -> Callable[[], int]:
        def step(*_taken: object) -> int:
            begun.append(place)
            if place == broken:
                raise error
            return 0

        return step

    for place in STEPS[command][1]:
        monkeypatch.setattr(*place, instead(place))
    return begun


@pytest.mark.parametrize("error", [OverflowError(SECRET), DataError(SECRET)])
@pytest.mark.parametrize(("command", "broken"), EACH)
def test_once_does_every_step_and_says_which_failed(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    command: str,
    broken: tuple[Any, str],
    error: Exception,
) -> None:
    begun = watch(monkeypatch, command, broken, error)

    with pytest.raises(CommandError, match="Failed"):
        call_command(command, "--once")

    assert {place[1] for place in begun} == {each[1] for each in STEPS[command][1]}
    assert type(error).__name__ in caplog.text
    assert SECRET not in caplog.text


@pytest.mark.timeout(60)  # what is called otherwise than here goes on for ever
@pytest.mark.usefixtures("signal_handlers")
@pytest.mark.parametrize(("command", "broken"), EACH)
def test_a_worker_goes_on_and_says_so_each_time(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    command: str,
    broken: tuple[Any, str],
) -> None:
    module, steps = STEPS[command]
    begun = watch(monkeypatch, command, broken, OverflowError(SECRET))
    monkeypatch.setattr(module, "PAUSE", 0)
    if hasattr(module, "LOOK_EVERY"):
        monkeypatch.setattr(module, "LOOK_EVERY", 0)
    last = getattr(*steps[-1])

    def third_time(*taken: object) -> int:
        if begun.count(steps[-1]) == 2:
            os.kill(os.getpid(), signal.SIGTERM)
        return int(last(*taken))

    monkeypatch.setattr(*steps[-1], third_time)
    call_command(command)

    assert all(begun.count(place) == 3 for place in steps)
    errors = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert len(errors) == 3
    assert SECRET not in caplog.text


def source_of(module: str) -> str:
    return getsource(import_module(module))


def test_every_worker_is_walked() -> None:
    found = {
        name
        for name, app in get_commands().items()
        if "workers.run_forever(" in source_of(f"{app}.management.commands.{name}")
    }

    assert found == set(STEPS)
