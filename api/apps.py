from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApiConfig(AppConfig):
    """What other programs of the mail host ask for and order, over HTTP."""

    name = "api"
    verbose_name = _("API")
