from django.apps import AppConfig
from django.core.checks import Tags, register
from django.utils.translation import gettext_lazy as _

from mailportal import checks


class MailportalConfig(AppConfig):
    """The project itself; it registers the rules between settings."""

    name = "mailportal"
    verbose_name = _("Portal")

    def ready(self) -> None:
        register(checks.gateways_complete)
        register(checks.sites_complete)
        register(checks.profiles_can_be_signed)
        register(checks.fit_for_production, Tags.security, deploy=True)
