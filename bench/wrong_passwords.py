"""Measure what wrong passwords and unknown names cost: only a look-up."""

import itertools
from pathlib import Path

from bench import hashes, load, targets
from bench.authsocket import Logon, Verdict

# Dovecot delays a refusal by half a second: enough logons to fill that time.
IN_FLIGHT = 400
# Each logon has a client address of its own, so no limit on guessing applies.
callers = itertools.count()


def report(name: str, socket: Path, accounts: int, seconds: float) -> str:
    """Return the refusals a second and the processor time of each, as text.

    Raises:
        RuntimeError: a wrong password was let in.
    """
    rates = []
    for kind, address in (("wrong", "u{}"), ("unknown", "nobody{}")):
        logons = (
            Logon(
                f"{address.format(number % accounts)}@{targets.DOMAIN}",
                hashes.new_password(),
                source=f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}",
            )
            for number in callers
        )
        instance = socket.parents[1].name
        before = load.processor_seconds(instance)
        # Not less than a few times half a second.
        seconds = max(seconds, 3)
        result = load.measure(socket, logons, seconds=seconds, in_flight=IN_FLIGHT)
        spent = load.processor_seconds(instance) - before
        if set(result.verdicts) != {Verdict.REFUSED}:
            message = f"{name}: {result.verdicts}"
            raise RuntimeError(message)
        each = spent / (result.rate * (seconds + load.WARM_UP)) * 1_000_000
        rates.append(f"{kind} {result.rate:,.0f}/s at {each:,.0f} µs")
    return f"{name}, refused: {', '.join(rates)}"
