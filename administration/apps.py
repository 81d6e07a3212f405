from django.apps import AppConfig, apps
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.utils.translation import gettext_lazy as _

# The names of the libraries of second factors in the administration.
SECOND_FACTORS = {
    "otp_totp": _("Two-step sign-in: authenticator apps"),
    "otp_static": _("Two-step sign-in: recovery codes"),
    "django_otp_webauthn": _("Two-step sign-in: passkeys"),
}


class AdministrationConfig(AppConfig):
    """Django admin for the staff of a mail host."""

    name = "administration"
    verbose_name = _("Administration")

    def ready(self) -> None:
        for label, name in SECOND_FACTORS.items():
            apps.get_app_config(label).verbose_name = name


class AdminConfig(DjangoAdminConfig):
    """Django admin with our site class, which requires a second factor."""

    default_site = "administration.site.PortalAdminSite"

    def ready(self) -> None:
        """Register the pages, without that of static tokens, which nobody can use.

        Recovery codes, which are stored as hashes, take their place.
        """
        super().ready()
        admin.site.unregister(apps.get_model("otp_static", "StaticDevice"))
