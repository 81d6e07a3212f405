"""What is measured: the accounts, and what the speed has to be."""

DOMAIN = "bench.example"
SIZES = (1_000, 100_000)
PASSWORDS = 10

# Accounts whose client passwords cost so much that everything else does not matter.
COSTLY_DOMAIN = "costly.example"
COSTLY_ACCOUNTS = 20
COSTLY_TIME = 2
COSTLY_MEMORY = 65536  # KiB

# Ours with ten client passwords, in terms of plain Dovecot with one password.
LEAST_RATIO = 1.1
# With the line for each decision and its follower, in terms of ours without either.
LEAST_FOLLOWED = 0.9
# How long the slowest of a hundred decisions takes, in terms of the middle one.
MOST_SPREAD = 2.5
# What a hundred times as many accounts may cost.
MOST_LOSS = 0.10
# Lines of the mail server's log that its follower reads in a second of one core.
LEAST_LINES = 5_000

# Each page of an owner: milliseconds in the server, the middle one.
MOST_FOR_A_PAGE = 30

# A page of the administration, from the request to the answer.
MOST_QUERIES = 8
MOST_MILLISECONDS = 150


def judged(text: str, *, good: bool, wanted: str) -> str:
    """Return the text with whether what it says is as wanted."""
    verdict = "as wanted" if good else f"MISSED, wanted {wanted}"
    return f"{text} ({verdict})"
