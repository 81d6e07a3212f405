"""What the mail server has to read from the same place as the accounts."""

from django.db import models


class MailSetting(models.Model):
    """A setting of the environment that the logon views need in SQL.

    `manage.py prepare` writes it, each time before the portal starts.
    """

    WEBMAIL_NETWORKS = "webmail_networks"

    name = models.CharField(max_length=80, primary_key=True)
    value = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.name
