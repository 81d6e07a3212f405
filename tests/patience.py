"""How long tests wait for what should happen at once: minutes, as machines are busy.

Nothing is waited for longer than it takes: this costs where something is broken, only.
A test asserts a time where the time is the rule, and tests/unit/test_patience.py lists
how many there are of those.
"""

PATIENCE = 300.0  # seconds
# By far less than what never ends; more than a busy machine needs for what is quick.
SOON = 30.0  # seconds
