from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

GROUP = "Site operators"
RIGHTS = [f"{act}_staticdevice" for act in ("add", "change", "delete", "view")]


def take(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take them from the ready-made group, if there is one of its name."""
    _each(apps, "remove")


def give(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give them back to it."""
    _each(apps, "add")


def _each(apps: Apps, act: str) -> None:
    rights = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="otp_static", codename__in=RIGHTS
    )
    for group in apps.get_model("auth", "Group").objects.filter(name=GROUP):
        getattr(group.permissions, act)(*rights)


class Migration(migrations.Migration):
    """There is no page of static tokens any more: nobody needs rights to it."""

    dependencies = [
        ("administration", "0003_figures_of_domains"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(take, give)]
