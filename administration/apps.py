from django.apps import AppConfig, apps
from django.contrib import admin
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig
from django.utils.translation import gettext_lazy as _

# What one record and several records of the libraries are called here. Migrations look
# at what the libraries declared, and stay as they are.
LIBRARY_NAMES = {
    "auth.Group": (_("group"), _("groups")),
    "otp_totp.TOTPDevice": (_("authenticator app"), _("authenticator apps")),
    "django_otp_webauthn.WebAuthnCredential": (_("passkey"), _("passkeys")),
}
# What the fields of the libraries' records are called here.
LIBRARY_FIELDS = {
    "user": _("mailbox"),
    "name": _("name"),
    "confirmed": _("confirmed"),
    "created_at": _("created"),
    "last_used_at": _("last used"),
    "step": _("seconds for each code"),
    "t0": _("counted from"),
    "digits": _("digits"),
    "tolerance": _("codes accepted before and after"),
    "drift": _("deviation of the clock"),
    "throttling_failure_timestamp": _("last failure"),
    "throttling_failure_count": _("failures"),
    "transports": _("connections"),
    "discoverable": _("kept on the device"),
    "backup_eligible": _("may be synchronised"),
    "backup_state": _("is synchronised"),
    "sign_count": _("uses counted by the device"),
    "aaguid": _("model (AAGUID)"),
}


class AdministrationConfig(AppConfig):
    """Django admin for the staff of a mail host."""

    name = "administration"
    verbose_name = _("Administration")

    def ready(self) -> None:
        for label, (name, plural) in LIBRARY_NAMES.items():
            opts = apps.get_model(label)._meta
            opts.verbose_name, opts.verbose_name_plural = name, plural
            for field in opts.fields:
                field.verbose_name = LIBRARY_FIELDS.get(field.name, field.verbose_name)


class AdminConfig(DjangoAdminConfig):
    """Django admin with our site class, which requires a second factor."""

    default_site = "administration.site.PortalAdminSite"

    def ready(self) -> None:
        """Register the pages, without those that nobody can use.

        Recovery codes, which are stored as hashes, take the place of static tokens. The
        sites of Django are not those of the portal.
        """
        super().ready()
        from administration.base import display  # noqa: PLC0415 (it needs the models)

        display.install()
        for label in ("otp_static.StaticDevice", "sites.Site"):
            admin.site.unregister(apps.get_model(label))
