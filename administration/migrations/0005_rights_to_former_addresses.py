from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Of each right the ready-made groups that have it.
RIGHTS = {
    "view_formeraddress": [
        *("Site operators", "Domain administrators", "Help desk", "Auditors"),
    ],
    "release_formeraddress": ["Site operators", "Domain administrators"],
}


def give(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give them to those of the ready-made groups that there are."""
    # Django makes permissions after all migrations; here they are needed before.
    app = apps.get_app_config("accounts")
    app.models_module = models
    create_permissions(app, apps=apps, verbosity=0)
    app.models_module = None
    add(apps)


def add(apps: Apps) -> None:
    """As above, where Django has made the permissions."""
    _each(apps, "add")


def take(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take them from these groups."""
    _each(apps, "remove")


def _each(apps: Apps, act: str) -> None:
    permission = apps.get_model("auth", "Permission")
    for codename, names in RIGHTS.items():
        found = permission.objects.filter(
            content_type__app_label="accounts", codename=codename
        )
        for group in apps.get_model("auth", "Group").objects.filter(name__in=names):
            getattr(group.permissions, act)(*found)


class Migration(migrations.Migration):
    """Whoever sees mailboxes sees former addresses; who makes some, releases them."""

    dependencies = [
        ("accounts", "0017_former_addresses"),
        ("administration", "0004_no_rights_without_pages"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(give, take)]
