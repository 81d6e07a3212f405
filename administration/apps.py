from django.apps import AppConfig, apps
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.utils.translation import gettext_lazy as _

# What the second factors of libraries are called where administrators read it.
SECOND_FACTORS = {
    "otp_totp": _("Two-step sign-in: authenticator apps"),
    "otp_static": _("Two-step sign-in: recovery codes"),
    "django_otp_webauthn": _("Two-step sign-in: passkeys"),
}


class AdministrationConfig(AppConfig):
    """What the staff of a mail host see and do: Django admin, on our rules."""

    name = "administration"
    verbose_name = _("Administration")

    def ready(self) -> None:
        for label, name in SECOND_FACTORS.items():
            apps.get_app_config(label).verbose_name = name


class AdminConfig(DjangoAdminConfig):
    """Django admin on our site class: nobody gets in without a second factor."""

    default_site = "administration.site.PortalAdminSite"

    def ready(self) -> None:
        """Find the pages, and take away that of codes by which nobody is let in.

        Recovery codes, of which hashes alone are kept, are in their place.
        """
        super().ready()
        admin.site.unregister(apps.get_model("otp_static", "StaticDevice"))
