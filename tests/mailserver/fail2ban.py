"""Run fail2ban's filter on the mail server's log."""

import re
import subprocess
from ast import literal_eval
from dataclasses import dataclass
from pathlib import Path

SHIPPED = Path(__file__).parents[2] / "deploy" / "fail2ban"


@dataclass(frozen=True)
class Findings:
    """The result of the filter: addresses that it counted, numbers of other lines."""

    counted: list[str]
    ignored: int
    missed: int


def findings(text: str, folder: Path) -> Findings:
    log = folder / "dovecot.log"
    log.write_text(text)
    command = ["fail2ban-regex", str(log), str(SHIPPED / "filter.d/mailportal.conf")]
    rows = run(*command, "--out", "row").splitlines()
    summary = re.search(
        r"Lines: \d+ lines, (\d+) ignored, (\d+) matched, (\d+) missed", run(*command)
    )
    assert summary is not None
    ignored, matched, missed = map(int, summary.groups())
    counted = [literal_eval(row.rstrip(","))[0] for row in rows if row.startswith("[")]
    assert len(counted) == matched
    return Findings(counted, ignored, missed)


def run(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout
