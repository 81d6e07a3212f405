"""The outside world: text messages, and the mail nodes' administration."""
