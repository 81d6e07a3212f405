"""Compare one relay between Postfix and Dovecot with one relay for every smtpd.

Both run at the same time with the same Dovecot, which is also asked directly, in turns.
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
class RelaySetup:
    """A way to reach Dovecot, and its results."""

    name: str
    door: Path
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    micros: list[float] = field(default_factory=list)
    memory: float = 0

    def run(self, logons: Iterator[Logon], seconds: float) -> None:
        """Put it under load for this many seconds, by the same number of smtpd.

        Raises:
            RuntimeError: a right password was refused.
        """
        # Without the processes of earlier rounds, which have ended.
        self.processes = [each for each in self.processes if each.poll() is None]
        peak = threading.Timer(seconds / 2, self._measure_memory)
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

    def _measure_memory(self) -> None:
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
    """Return the memory of a process, with its part of what it shares with others."""
    with contextlib.suppress(OSError):
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return int(text.partition("Pss:")[2].split()[0]) / 1024
    return 0


def start_one(setup: RelaySetup, dovecot: Path, running: contextlib.ExitStack) -> None:
    """Start authrelay.py as systemd does."""
    with listen(setup.door) as door:
        program = setup.door.with_suffix(".py")
        program.write_text(relay_program())
        command = [*PYTHON, str(program), str(dovecot)]
        process = subprocess.Popen(tie_to_parent(command), stdin=door.fileno())
    running.callback(stop, process)
    setup.processes.append(process)


def start_many(setup: RelaySetup, dovecot: Path, running: contextlib.ExitStack) -> None:
    """Start a relay for each connection, as spawn(8) did."""
    door = running.enter_context(listen(setup.door))

    def serve() -> None:
        while True:
            try:
                line, _ = door.accept()
            except OSError:  # closed: all is measured
                return
            with line:
                command = [*PYTHON, str(SPAWNED), str(dovecot)]
                setup.processes.append(
                    subprocess.Popen(command, stdin=line.fileno(), stdout=line.fileno())
                )

    threading.Thread(target=serve, daemon=True).start()


def listen(path: Path) -> socket.socket:
    """Return a listening socket at this path."""
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(path))
    door.listen(SMTPD)
    return door


def main(rounds: int, seconds: float, accounts: int) -> None:
    """Measure, and print the results."""
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        postgres = running.enter_context(PrivatePostgres())
        passwords = [hashes.new_password() for _ in range(targets.PASSWORDS)]
        print(f"{SMTPD} smtpd, {accounts:,} accounts …", flush=True)
        site = hosts.fill_site(accounts, passwords, postgres, folder)
        ((_, host),) = hosts.run_hosts(site, folder, [LOGGED], running)
        dovecot = host.socket("auth-client")
        direct = RelaySetup("direct", dovecot)
        many = RelaySetup("a relay for each smtpd", folder / "many")
        one = RelaySetup("one relay", folder / "one")
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
            for setup in (direct, many, one):
                setup.run(logons, seconds)
        print(report(direct, many, one), flush=True)


def report(direct: RelaySetup, many: RelaySetup, one: RelaySetup) -> str:
    """Return the rates, the costs of each relay, and its ratio to the ones before."""
    lines = [f"{'':24}{'logons/s':>9}{'to direct':>11}{'µs a logon':>12}{'MiB':>7}"]
    for setup in (direct, many, one):
        pairs = zip(setup.rates, direct.rates, strict=True)
        ratio = median(mine / theirs for mine, theirs in pairs)
        lines.append(
            f"{setup.name:24}{median(setup.rates):>9,.0f}{ratio:>11.2f}"
            f"{median(setup.micros):>12,.0f}{setup.memory:>7.1f}"
        )
    processor = median(a / b for a, b in zip(one.micros, many.micros, strict=True))
    lines.append(
        f"one relay to one for each smtpd: {processor:.2f} of the processor time,"
        f" {one.memory / many.memory:.2f} of the memory"
    )
    return "\n".join(lines)
