from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Accounts, their policies, and how their owners prove who they are."""

    name = "accounts"
    verbose_name = _("Accounts and policies")
