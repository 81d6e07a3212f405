"""Run the measurements: `python -m bench`, or `make bench`."""

import argparse
import signal
import sys

from bench import administration, hashes, imports, logons, pages, relays, targets

PARTS = ["pages", "logons", "relay", "administration", "import"]


def stop_tidily() -> None:
    """Have SIGTERM end us like an exit, which stops and deletes what was begun."""
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))


def main() -> None:
    """Read what is asked for, and measure it."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=logons.__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4, help="under load, a round")
    parser.add_argument("--accounts", type=int, nargs="+", default=targets.SIZES)
    parser.add_argument("--repeats", type=int, default=15, help="of disturbed rounds")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS)
    options = parser.parse_args()
    stop_tidily()
    if "pages" in options.only:
        logons.say("The pages of an owner with ten passwords, on SQLite …")
        ten = [hashes.new_password() for _ in range(targets.PASSWORDS)]
        logons.say(pages.report(ten))
    if "logons" in options.only:
        logons.main(options.rounds, options.seconds, options.accounts, options.repeats)
    if "relay" in options.only:
        relays.main(options.rounds, options.seconds, options.accounts[0])
    if "administration" in options.only:
        administration.main(options.rounds)
    if "import" in options.only:
        imports.main()


if __name__ == "__main__":
    main()
