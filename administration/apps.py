from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.utils.translation import gettext_lazy as _


class AdministrationConfig(AppConfig):
    """What the staff of a mail host see and do: Django admin, on our rules."""

    name = "administration"
    verbose_name = _("Administration")


class AdminConfig(DjangoAdminConfig):
    """Django admin on our site class: nobody gets in without a second factor."""

    default_site = "administration.site.PortalAdminSite"
