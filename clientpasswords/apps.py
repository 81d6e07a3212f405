from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClientPasswordsConfig(AppConfig):
    """The passwords of mail programs."""

    name = "clientpasswords"
    verbose_name = _("Security passwords")
