"""What stands between Postfix and Dovecot: one relay, against one for every smtpd.

Both at the same time on the same Dovecot, which is asked directly as well, in turns.
"""

import contextlib
import itertools
import secrets
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from bench import hashes, hosts, load, targets
from bench.authsocket import Logon, Verdict
from bench.hosts import LOGGED
from deploy.lifetime import tie_to_parent
from deploy.postgres import PrivatePostgres
from deploy.render import relay_program
from deploy.supervisor import stop

PYTHON = ["/usr/bin/python3", "-IS"]
SPAWNED = Path(__file__).parent / "spawnedrelay.py"
SMTPD = 20


@dataclass
class Way:
    """A way to Dovecot, and what was measured of it."""

    name: str
    door: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    micros: list[float] = field(default_factory=list)
    memory: float = 0

    def run(self, logons: Iterator[Logon], seconds: float) -> None:
        """Have it under load for a while, by as many smtpd as always.

        Raises:
            RuntimeError: a right password was refused.
        """
        # Without those of the rounds before: they have ended.
        self.processes = [each for each in self.processes if each.poll() is None]
        peak = threading.Timer(seconds / 2, self._weigh)
        peak.start()
        result = load.measure(
            [self.door] * SMTPD,
            logons,
            seconds=seconds,
            in_flight=SMTPD,
            used=lambda: sum(_seconds(each.pid) for each in self.processes),
        )
        peak.join()
        if set(result.verdicts) != {Verdict.OK}:
            message = f"{self.name}: {result.verdicts}"
            raise RuntimeError(message)
        self.rates.append(result.rate)
        asked = result.verdicts.total()
        self.micros.append(result.processor_seconds / asked * 1_000_000)

    def _weigh(self) -> None:
        running = [each.pid for each in self.processes if each.poll() is None]
        self.memory = max(self.memory, sum(map(_mebibytes, running)))


def _seconds(pid: int) -> float:
    """Return the processor time of all threads of a process; 0 if it has ended."""
    spent = 0
    with contextlib.suppress(OSError):
        for file in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            spent += int(file.read_text().split()[0])
    return spent / 1e9


def _mebibytes(pid: int) -> float:
    """Return its memory, with its share of what it has in common with others."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(text.partition("Pss:")[2].split()[0]) / 1024
    return 0


def start_one(way: Way, dovecot: Path, running: contextlib.ExitStack) -> None:
    """Start authrelay.py as systemd does."""
    with listening(way.door) as door:
        program = way.door.with_suffix(".py")
        program.write_text(relay_program())
        command = [*PYTHON, str(program), str(dovecot)]
        process = subprocess.Popen(tie_to_parent(command), stdin=door.fileno())
    running.callback(stop, process)
    way.processes.append(process)


def start_many(way: Way, dovecot: Path, running: contextlib.ExitStack) -> None:
    """Start a relay for everybody who connects, as spawn(8) did."""
    door = running.enter_context(listening(way.door))

    def serve() -> None:
        while True:
            try:
                line, _ = door.accept()
            except OSError:  # closed: all is measured
                return
            with line:
                command = [*PYTHON, str(SPAWNED), str(dovecot)]
                way.processes.append(
                    subprocess.Popen(command, stdin=line.fileno(), stdout=line.fileno())
                )

    threading.Thread(target=serve, daemon=True).start()


def listening(path: Path) -> socket.socket:
    """Return a socket at this path, which somebody has to serve."""
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(path))
    door.listen(SMTPD)
    return door


def main(rounds: int, seconds: float, accounts: int) -> None:
    """Measure, and print what came out."""
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        postgres = running.enter_context(PrivatePostgres())
        passwords = [hashes.new_password() for _ in range(targets.PASSWORDS)]
        print(f"{SMTPD} smtpd, {accounts:,} accounts …", flush=True)
        site = hosts.fill_site(accounts, passwords, postgres, folder)
        ((_, host),) = hosts.run_hosts(site, folder, [LOGGED], running)
        dovecot = host.socket("auth-client")
        direct = Way("direct", dovecot)
        many = Way("a relay for each smtpd", folder / "many")
        one = Way("one relay", folder / "one")
        start_many(many, dovecot, running)
        start_one(one, dovecot, running)
        logons = itertools.cycle(
            [
                Logon(
                    f"u{secrets.randbelow(accounts)}@{targets.DOMAIN}",
                    secrets.choice(passwords),
                    "smtp",
                )
                for _ in range(10_000)
            ]
        )
        for _ in range(rounds):
            for way in (direct, many, one):
                way.run(logons, seconds)
        print(report(direct, many, one), flush=True)


def report(direct: Way, many: Way, one: Way) -> str:
    """Return the rates, and what each relay takes, and its ratio to those before."""
    lines = [f"{'':24}{'logons/s':>9}{'to direct':>11}{'µs a logon':>12}{'MiB':>7}"]
    for way in (direct, many, one):
        pairs = zip(way.rates, direct.rates, strict=True)
        ratio = median(mine / theirs for mine, theirs in pairs)
        lines.append(
            f"{way.name:24}{median(way.rates):>9,.0f}{ratio:>11.2f}"
            f"{median(way.micros):>12,.0f}{way.memory:>7.1f}"
        )
    processor = median(a / b for a, b in zip(one.micros, many.micros, strict=True))
    lines.append(
        f"one relay to one for each smtpd: {processor:.2f} of the processor time,"
        f" {one.memory / many.memory:.2f} of the memory"
    )
    return "\n".join(lines)
