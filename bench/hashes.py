"""Measure how many Argon2 hashes a logon costs, by its processor time.

The hashes of these accounts are so costly that the rest of a logon is negligible. The
time of a logon divided by the time of one hash is the number of hashes.
"""

import itertools
import secrets
import time
from collections.abc import Sequence

import argon2

from accounts.passwordformat import ALPHABET, LENGTH
from bench import load, targets
from bench.authsocket import Logon, Verdict, ask
from deploy.mailhost import MailHost

RIGHT_LOGONS = 40
WRONG_LOGONS = 400


def report(name: str, host: MailHost, passwords: Sequence[str]) -> str:
    """Return a line with the number of hashes of a right logon, and of a wrong one.

    Raises:
        RuntimeError: a logon was not decided as it should have been.
    """
    one = seconds_of_one_hash()
    right = [secrets.choice(passwords) for _ in range(RIGHT_LOGONS)]
    wrong = [new_password() for _ in range(WRONG_LOGONS)]
    costs = (
        seconds_a_logon(host, right, Verdict.OK) / one,
        seconds_a_logon(host, wrong, Verdict.REFUSED) / one,
    )
    return (
        f"{name}: {costs[0]:.2f} Argon2 a right logon with {len(passwords)} client"
        f" passwords, {costs[1]:.2f} a wrong one"
    )


def seconds_a_logon(host: MailHost, typed: Sequence[str], expected: Verdict) -> float:
    """Return the processor time that deciding one of these logons took Dovecot."""
    path = host.socket("auth-client")
    logons = [
        Logon(pick_account(), each, source=f"127.9.{number >> 8}.{number & 255}")
        for number, each in enumerate(typed)
    ]
    instance = path.parents[1].name
    before = load.processor_seconds(instance)
    verdicts = set(ask(path, logons))
    if verdicts != {expected}:
        message = f"expected {expected}, got {verdicts}"
        raise RuntimeError(message)
    return (load.processor_seconds(instance) - before) / len(logons)


def seconds_of_one_hash() -> float:
    hasher = argon2.PasswordHasher(
        time_cost=targets.COSTLY_TIME, memory_cost=targets.COSTLY_MEMORY, parallelism=1
    )
    hash_ = hasher.hash("warm")
    start = time.process_time()
    for _ in itertools.repeat(None, 5):
        hasher.verify(hash_, "warm")
    return (time.process_time() - start) / 5


def pick_account() -> str:
    number = secrets.randbelow(targets.COSTLY_ACCOUNTS)
    return f"u{number}@{targets.COSTLY_DOMAIN}"


def new_password() -> str:
    """Return a random text in the format of a client password."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
