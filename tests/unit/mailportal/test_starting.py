"""Where the portal cannot start it says why in sentences, and ends."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE
from tests.unit.mailportal.environments import ROOT, manage, production, sourced

WRONG = {"SECRET_KEY": "sesame", "TRUSTED_PROXIES": "sesame"}


def gunicorn(folder: Path, environment: dict[str, str]) -> tuple[int, list[str]]:
    """Start one worker; return the exit code, and what is not gunicorn's own log."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "gunicorn",
            "mailportal.wsgi:application",
            "--workers",
            "1",
            "--no-control-socket",
            "--bind",
            f"unix:{folder}/s",
        ],
        env={"PATH": os.environ["PATH"], **environment},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    lines = done.stderr.splitlines()
    return done.returncode, [line for line in lines if not line.startswith("[")]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            WRONG,
            [
                "SECRET_KEY has to be 50 characters or more, at random.",
                "TRUSTED_PROXIES has to be a whole number from 0 to 10 (proxies).",
            ],
        ),
        (
            {"SECRET_KEY": sourced(".env.example")["SECRET_KEY"]},
            [
                "SECRET_KEY is the value of the published example: everybody knows it.",
            ],
        ),
    ],
)
def test_gunicorn_ends_with_a_sentence_for_each_wrong_setting(
    tmp_path: Path, changed: dict[str, str], said: list[str]
) -> None:
    code, lines = gunicorn(tmp_path, production() | changed)

    assert (code, lines) == (3, said)


@pytest.mark.parametrize(
    "url",
    [
        "postgres://sesame:sesame@127.0.0.1:9/sesame",
        "postgres://sesame@%2Fnowhere%2Fsesame/sesame",
        "sqlite:////nowhere/sesame/sesame.sqlite3",
        "sqlite:////etc",
        "sqlite:////etc/passwd",
    ],
)
def test_a_database_that_cannot_be_opened_is_said_by_its_setting(url: str) -> None:
    done = manage("prepare", environment=production() | {"DATABASE_URL": url})

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "The database that DATABASE_URL names cannot be opened. " in done.stderr
    for hidden in ("sesame", "/etc", "127.0.0.1"):
        assert hidden not in done.stderr + done.stdout
