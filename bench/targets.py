"""The accounts that are measured, and the targets."""

DOMAIN = "bench.example"
SIZES = (1_000, 100_000)
PASSWORDS = 10

# Accounts whose client passwords cost so much that everything else is negligible.
COSTLY_DOMAIN = "costly.example"
COSTLY_ACCOUNTS = 20
COSTLY_TIME = 2
COSTLY_MEMORY = 65536  # KiB

# Ours with ten client passwords, relative to plain Dovecot with one password.
LEAST_RATIO = 1.1
# With a log line for each decision and its follower, relative to ours without them.
LEAST_FOLLOWED = 0.9
# The time of the slowest of a hundred decisions, relative to the median.
MOST_SPREAD = 2.5
# The loss with a hundred times as many accounts.
MOST_LOSS = 0.10
# Lines of the mail server's log that its follower reads in a second of one core.
LEAST_LINES = 5_000

# Each page of an owner: milliseconds in the server, the middle one.
MOST_FOR_A_PAGE = 30

# A page of the administration, from the request to the answer.
MOST_QUERIES = 8
MOST_MILLISECONDS = 150


def judge(text: str, *, good: bool, wanted: str) -> str:
    """Return the text, and whether the result meets its target."""
    verdict = "as wanted" if good else f"MISSED, wanted {wanted}"
    return f"{text} ({verdict})"
