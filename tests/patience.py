"""How long tests wait for what should happen at once: minutes, as machines are busy.

A test waits no longer than needed, so this costs time only if something is broken. A
test asserts a time only where the time is the rule; tests/unit/test_patience.py lists
how many do.
"""

PATIENCE = 300.0  # seconds
# More than a busy machine needs for a quick act; far less than one that never ends.
SOON = 30.0  # seconds
