"""Counters of rate limits."""

from django.db import models


class Budget(models.Model):
    """How much of one limit is used in one time window; see `accounts.budgets`."""

    key = models.CharField(max_length=120)
    window = models.DateTimeField(help_text="When the window began.")
    used = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["key", "window"], name="budget_one_row_a_key_and_window"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.used}"
