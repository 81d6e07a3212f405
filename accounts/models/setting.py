"""Settings that the mail server reads from the database."""

from django.db import models


class MailSetting(models.Model):
    """An environment setting that the logon views read.

    `manage.py prepare` writes it before each start of the portal.
    """

    WEBMAIL_NETWORKS = "webmail_networks"

    name = models.CharField(max_length=80, primary_key=True)
    value = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.name
