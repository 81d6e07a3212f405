from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Who someone is, what is allowed to them, and proof that it is them."""

    name = "accounts"
    verbose_name = _("Accounts and policies")
