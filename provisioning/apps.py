from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProvisioningConfig(AppConfig):
    """What staff, programs and files order, and which of it is theirs to order."""

    name = "provisioning"
    # On the pages of the administration it is the heading of the tokens alone.
    verbose_name = _("API")
