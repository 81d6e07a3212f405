"""Where owners signed in to the portal lately."""

from django.conf import settings
from django.db import models


class FamiliarNetwork(models.Model):
    """A network from which somebody signed in to an account, with all that it asks.

    `accounts.signin.familiar` says for how long that counts.
    """

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="familiar_networks",
    )
    network = models.CharField(max_length=43, help_text="As budgets count networks.")
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "network"], name="familiar_network_once_an_account"
            ),
        ]

    def __str__(self) -> str:
        return self.network
