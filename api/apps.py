from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    """The HTTP API for other programs of the mail host."""

    name = "api"
    verbose_name = _("API")
