from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MailportalConfig(AppConfig):
    """The project itself; it registers the checks of settings."""

    name = "mailportal"
    verbose_name = _("Portal")

    def ready(self) -> None:
        from mailportal import checks  # noqa: PLC0415 (they need the models)

        checks.register_all()
