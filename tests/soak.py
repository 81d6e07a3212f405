"""How long the tests go on that try things at random.

In `make test` each tries the same few every time. `make soak` sets SOAK to how many
times as many are tried, others each time.
"""

import os

from hypothesis import HealthCheck, settings

FACTOR = int(os.environ.get("SOAK", "1"))


def tries(count: int, *, steps: int = 50) -> settings:
    """Return the settings of a test that makes so many tries in `make test`.

    `steps` are the most that a state machine takes in one of them.
    """
    return settings(
        max_examples=count * FACTOR,
        derandomize=FACTOR == 1,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        stateful_step_count=steps,
    )
