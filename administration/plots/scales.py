"""Scales: from a number to a place in a picture."""

from datetime import date

# The steps between two ticks, times a power of ten.
STEPS = (1, 2, 5)


def choose_ticks(most: int, intervals: int = 4) -> list[int]:
    """Return round whole numbers in even steps, from 0 to `most` or more.

    There are at most `intervals` steps, so that the last number is as near to `most` as
    round steps allow.
    """
    power = 1
    while True:
        for step in (each * power for each in STEPS):
            if step * intervals >= most:
                needed = max(1, -(-most // step))
                return [step * number for number in range(needed + 1)]
        power *= 10


def to_percent(share: float) -> str:
    """Return a share of 1 as a length in SVG; beyond 0 and 1, what is nearest."""
    return f"{100 * min(max(share, 0.0), 1.0):.2f}%"


def place_day(day: date, first: date, last: date) -> float:
    """Return where the day is between the first, at 0, and the last, at 1."""
    days = (last - first).days
    return (day - first).days / days if days else 0.0
