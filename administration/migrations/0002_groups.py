from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from accounts.schema import permissions


def every(**names: str) -> list[str]:
    """Return the permissions of these names, which are given by their app."""
    return [f"{app}.{name}" for app, text in names.items() for name in text.split()]


LOOK = every(
    accounts="view_account view_cutoff view_department view_domain view_formeraddress"
    " view_phone view_policy view_recoverycodes view_securityevent",
    administration="view_job",
    clientpasswords="view_clientpassword view_logon",
    otp_totp="view_totpdevice",
    django_otp_webauthn="view_webauthncredential",
)
HELP = every(
    administration="reset_phone unlock_codes",
    clientpasswords="revoke_clientpassword",
)
ADMINISTER = every(
    accounts="add_account change_account release_formeraddress"
    " add_department change_department delete_department"
    " change_domain"
    " add_phone change_phone delete_phone"
    " add_policy change_policy delete_policy"
    " delete_recoverycodes"
    " export_securityevent",
    administration="offboard",
    otp_totp="delete_totpdevice",
    django_otp_webauthn="delete_webauthncredential",
)
OPERATE = every(
    accounts="operate_site delete_account add_domain delete_domain",
    clientpasswords="view_followedlog delete_followedlog",
    provisioning="add_apitoken revoke_apitoken view_apitoken",
    auth="view_group add_group change_group delete_group",
    otp_totp="add_totpdevice change_totpdevice",
    sites="view_site add_site change_site delete_site",
)
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
    held = [right for rights in GROUPS.values() for right in rights]
    found = permissions(apps, sorted({right.partition(".")[0] for right in held}))
    for name, rights in GROUPS.items():
        group, created = apps.get_model("auth", "Group").objects.get_or_create(
            name=name
        )
        if created:
            group.permissions.set([found[right] for right in rights])


class Migration(migrations.Migration):
    """Groups for the usual kinds of administrators; whoever has one, keeps it."""

    dependencies = [
        ("administration", "0001_initial"),
        ("clientpasswords", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("django_otp_webauthn", "0004_webauthnuserhandle"),
        ("otp_totp", "0003_add_timestamps"),
        ("provisioning", "0001_initial"),
        ("sites", "0002_alter_domain_unique"),
    ]
    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
