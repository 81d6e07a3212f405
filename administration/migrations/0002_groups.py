from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

APPS = [
    "accounts",
    "administration",
    "auth",
    "clientpasswords",
    "otp_static",
    "otp_totp",
    "django_otp_webauthn",
    "sites",
]


def every(label: str, *acts: str) -> list[str]:
    """The permissions to do these acts to records of this kind."""
    app, model = label.split(".")
    return [f"{app}.{act}_{model}" for act in acts]


LOOK = [
    *every("accounts.account", "view"),
    *every("accounts.cutoff", "view"),
    *every("accounts.department", "view"),
    *every("accounts.domain", "view"),
    *every("accounts.phone", "view"),
    *every("accounts.policy", "view"),
    *every("accounts.recoverycodes", "view"),
    *every("accounts.securityevent", "view"),
    *every("administration.job", "view"),
    *every("clientpasswords.clientpassword", "view"),
    *every("clientpasswords.logon", "view"),
    *every("otp_totp.totpdevice", "view"),
    *every("django_otp_webauthn.webauthncredential", "view"),
]
HELP = [
    "administration.reset_phone",
    "administration.unlock_codes",
    "clientpasswords.revoke_clientpassword",
]
ADMINISTER = [
    *every("accounts.account", "add", "change"),
    *every("accounts.department", "add", "change", "delete"),
    *every("accounts.domain", "change"),
    *every("accounts.phone", "add", "change", "delete"),
    *every("accounts.policy", "add", "change", "delete"),
    *every("accounts.recoverycodes", "delete"),
    "accounts.export_securityevent",
    "administration.offboard",
    *every("otp_totp.totpdevice", "delete"),
    *every("django_otp_webauthn.webauthncredential", "delete"),
]
OPERATE = [
    "accounts.operate_site",
    *every("accounts.account", "delete"),
    *every("accounts.domain", "add", "delete"),
    *every("clientpasswords.followedlog", "delete", "view"),
    *every("auth.group", "add", "change", "delete", "view"),
    *every("otp_static.staticdevice", "add", "change", "delete", "view"),
    *every("otp_totp.totpdevice", "add", "change"),
    *every("sites.site", "add", "change", "delete", "view"),
]
GROUPS = {
    "Site operators": [*LOOK, *HELP, *ADMINISTER, *OPERATE],
    "Domain administrators": [*LOOK, *HELP, *ADMINISTER],
    "Help desk": [*LOOK, *HELP],
    "Auditors": [*LOOK, "accounts.export_securityevent"],
    # Of whose records; it goes with one of the others.
    "Every domain of the host": ["accounts.administer_whole_host"],
}


def make_groups(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make those that there are not; a group of that name keeps the rights it has."""
    # Django makes permissions after all migrations; here they are needed before.
    for label in APPS:
        app = apps.get_app_config(label)
        app.models_module = models
        create_permissions(app, apps=apps, verbosity=0)
        app.models_module = None
    group, permission = (
        apps.get_model("auth", "Group"),
        apps.get_model("auth", "Permission"),
    )
    by_name = {
        f"{each.content_type.app_label}.{each.codename}": each
        for each in permission.objects.select_related("content_type")
    }
    for name, permissions in GROUPS.items():
        found, created = group.objects.get_or_create(name=name)
        if created:
            found.permissions.set([by_name[each] for each in permissions])


class Migration(migrations.Migration):
    """Groups for the usual kinds of administrators; whoever has one, keeps it."""

    dependencies = [
        ("accounts", "0013_passkeys_and_recovery_codes"),
        ("administration", "0001_jobs"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("clientpasswords", "0008_steps_in_the_views"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("otp_static", "0003_add_timestamps"),
        ("otp_totp", "0003_add_timestamps"),
        ("django_otp_webauthn", "0004_webauthnuserhandle"),
        ("sites", "0002_alter_domain_unique"),
    ]

    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
