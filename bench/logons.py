"""Measure logon decisions a second: ours with ten passwords, plain Dovecot with one.

All contenders run at the same time and take turns under load for several rounds, so
that other load on the machine affects all alike. Then this measures how long a decision
takes, what a wrong password costs, how fast the log is followed, and how many IMAP
sessions start with TLS.
"""

import contextlib
import itertools
import secrets
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from bench import (
    cpu_breakdown,
    follow,
    hashes,
    hosts,
    load,
    sessions,
    targets,
    wrong_passwords,
)
from bench.authsocket import Logon, Verdict
from bench.hosts import BARE, FOLLOWED, LOGGED, PLAIN, SINGLE, SQLITE, Site
from bench.other_load import OtherLoad
from deploy.mailhost import MailHost
from deploy.postgres import PrivatePostgres

IN_FLIGHT = 16
DIFFERENT_LOGONS = 50_000
REPEATS_WAIT = 30.0  # seconds
# How much of one processor others may use in a round that counts.
MOST_DISTURBED = 0.15
EVERYBODY = (PLAIN, BARE, LOGGED, FOLLOWED, SQLITE)


@dataclass
class Contender:
    """A running mail host, and its results."""

    name: str
    site: Site
    host: MailHost
    passwords: Sequence[str]
    rates: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        logons = (
            Logon(
                f"u{secrets.randbelow(self.accounts)}@{targets.DOMAIN}",
                secrets.choice(self.passwords),
            )
            for _ in range(DIFFERENT_LOGONS)
        )
        # Written out before anything is measured, which takes as long as asking.
        known = [logon for logon in logons if logon.request]
        self.different, self.logons = [*dict.fromkeys(known)], itertools.cycle(known)

    @property
    def accounts(self) -> int:
        return self.site.accounts

    @property
    def title(self) -> str:
        return f"{self.name}, {self.accounts:,} accounts"

    @property
    def socket(self) -> Path:
        return self.host.socket("auth-client")

    def run(self, seconds: float) -> None:
        """Put it under load for this many seconds.

        Raises:
            RuntimeError: it refused a right password.
        """
        result = load.measure(
            self.socket, self.logons, seconds=seconds, in_flight=IN_FLIGHT
        )
        if set(result.verdicts) != {Verdict.OK}:
            message = f"{self.name}: {result.verdicts}"
            raise RuntimeError(message)
        self.rates.append(result.rate)

    def report_cpu(self, postgres: Path, seconds: float) -> str:
        """Return the processor time of one logon by kind of process."""
        watch = cpu_breakdown.CpuBreakdown(self.host, postgres)
        result = load.measure(
            self.socket, self.logons, seconds=seconds, in_flight=IN_FLIGHT
        )
        # The result leaves out the logons of the warm-up.
        costs = watch.describe(result.rate * (seconds + load.WARM_UP))
        return f"{self.name}, µs of processor a logon: {costs}"


def main(rounds: int, seconds: float, sizes: Sequence[int], repeats: int) -> None:
    """Measure, and print the results."""
    with contextlib.ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory()))
        folder.chmod(0o755)
        postgres = running.enter_context(PrivatePostgres())
        passwords = [hashes.new_password() for _ in range(targets.PASSWORDS)]
        plans = [
            *((size, passwords, EVERYBODY) for size in sizes),
            (sizes[0], passwords[:1], [SINGLE]),
        ]
        contenders: list[Contender] = []
        for size, known, names in plans:
            say(f"{size:,} accounts, client passwords of each: {len(known)} …")
            site = hosts.fill_site(size, known, postgres, folder)
            for name, host in hosts.run_hosts(site, folder, names, running):
                used = known[:1] if name == PLAIN else known
                contenders.append(Contender(name, site, host, used))
        followed = [each for each in contenders if each.name == FOLLOWED]
        say("The portal gets to know all programs …")
        for each in followed:
            follow.make_logons_known(each.host, each.different, postgres)
        say(f"{rounds} rounds of {seconds:g} s each, {IN_FLIGHT} logons in flight …")
        run(rounds, seconds, contenders, repeats)
        say(report(contenders))
        for each in contenders[:3]:
            say(each.report_cpu(postgres.folder, seconds))
        # What repeats is written each half a minute.
        say(followed[0].report_cpu(postgres.folder, 2 * REPEATS_WAIT))
        say(measure_rest(contenders, folder, rounds, seconds))


def measure_rest(
    contenders: Sequence[Contender], folder: Path, rounds: int, seconds: float
) -> str:
    """Measure everything but the decisions a second; return the report."""
    first = contenders[: len(EVERYBODY)]
    of = {each.name: each for each in first}
    ours = [of[LOGGED], of[SQLITE]]
    compared = [each for each in contenders if each.name in (PLAIN, LOGGED, SQLITE)]
    return "\n".join(
        [
            latencies(first, seconds),
            *(hashes.report(each.name, each.host, each.passwords) for each in ours),
            *(
                wrong_passwords.report(each.title, each.socket, each.accounts, seconds)
                for each in compared
            ),
            *(following(each, folder) for each in ours),
            sessions.report(first[0].site, folder, rounds, seconds),
        ]
    )


def run(
    rounds: int, seconds: float, contenders: Sequence[Contender], repeats: int
) -> None:
    """Put each under load in turn; a round with too much other load does not count.

    After `repeats` such rounds, they count as well.
    """
    patience = repeats
    while len(contenders[0].rates) < rounds:
        shares = []
        for contender in contenders:
            watch = OtherLoad()
            contender.run(seconds)
            shares.append(watch.seconds() / (seconds + load.WARM_UP))
        if max(shares) > MOST_DISTURBED and patience:
            patience -= 1
            say(f"… disturbed, again: others had {max(shares):.0%} of a processor")
            for contender in contenders:
                contender.rates.pop()


def report(contenders: Sequence[Contender]) -> str:
    """Return the rates, and the ratios with their targets."""
    lines = [f"{'':18}{'accounts':>9}{'logons/s':>10}   lowest-highest   to plain"]
    of = {(each.name, each.accounts): each for each in contenders}
    sizes = sorted({each.accounts for each in contenders})
    for each in contenders:
        ratio = ratio_of(each, of[PLAIN, each.accounts])
        spread = f"{min(each.rates):,.0f}-{max(each.rates):,.0f}"
        lines.append(
            f"{each.name:18}{each.accounts:>9,}{median(each.rates):>10,.0f}"
            f"   {spread:>14}{ratio:>11.2f}"
        )
    compared = [
        *((BARE, size, PLAIN, size, targets.LEAST_RATIO) for size in sizes),
        *((LOGGED, size, PLAIN, size, targets.LEAST_RATIO) for size in sizes),
        *((FOLLOWED, size, BARE, size, targets.LEAST_FOLLOWED) for size in sizes),
        *(
            (name, sizes[-1], name, sizes[0], 1 - targets.MOST_LOSS)
            for name in EVERYBODY
        ),
    ]
    for mine, size, theirs, other, least in compared:
        if (mine, size) != (theirs, other):
            ratio = ratio_of(of[mine, size], of[theirs, other])
            text = f"{mine}, {size:,} accounts, to {theirs}, {other:,}: {ratio:.2f}"
            lines.append(
                targets.judge(text, good=ratio >= least, wanted=f"{least:.2f}")
            )
    return "\n".join(lines)


def latencies(contenders: Sequence[Contender], seconds: float) -> str:
    """Return how long a decision takes while others are being made."""
    lines = []
    for each in contenders:
        spent = load.latencies(
            each.socket, each.logons, seconds=seconds, in_flight=IN_FLIGHT
        )
        hundredths = quantiles(spent, n=100)
        p50, p99 = hundredths[49] * 1000, hundredths[98] * 1000
        text = (
            f"{each.name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms ({p99 / p50:.1f} of p50)"
        )
        good = p99 <= targets.MOST_SPREAD * p50
        lines.append(
            targets.judge(text, good=good, wanted=f"{targets.MOST_SPREAD:g} of p50")
        )
    return "\n".join(lines)


def following(contender: Contender, folder: Path) -> str:
    """Return how fast the log of the load before is followed."""
    new, known = follow.measure(contender.host, folder)
    text = (
        f"{contender.name}: {new.lines:,} lines of the log followed in"
        f" {new.elapsed:.1f} s, {new.rate:,.0f} in a second of one core;"
        f" again {known.elapsed:.1f} s, {known.rate:,.0f}"
    )
    good = known.rate >= targets.LEAST_LINES
    return targets.judge(text, good=good, wanted=f"{targets.LEAST_LINES:,}")


def ratio_of(one: Contender, other: Contender) -> float:
    """Return the median of the ratios in each round, whose load was the same."""
    pairs = zip(one.rates, other.rates, strict=True)
    return median(mine / theirs for mine, theirs in pairs)


def say(text: str) -> None:
    print(text, flush=True)
