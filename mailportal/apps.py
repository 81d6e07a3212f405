from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from mailportal import checks


class MailportalConfig(AppConfig):
    """The project itself; it registers the rules between settings."""

    name = "mailportal"
    verbose_name = _("Portal")

    def ready(self) -> None:
        checks.register_all()
