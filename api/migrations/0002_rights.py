from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from accounts.schema import permissions

GROUP = "Site operators"
RIGHTS = ["api.add_apitoken", "api.revoke_apitoken", "api.view_apitoken"]


def give(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give them to those who operate the site, if there is their group."""
    found = permissions(apps, ["api"])
    for group in apps.get_model("auth", "Group").objects.filter(name=GROUP):
        group.permissions.add(*(found[right] for right in RIGHTS))


def take(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Delete the rights, and with them that anybody had one."""
    found = permissions(apps, [])
    for right in found.keys() & {*RIGHTS}:
        found[right].delete()


class Migration(migrations.Migration):
    """Whoever operates the site makes and revokes tokens."""

    dependencies = [("administration", "0002_groups"), ("api", "0001_initial")]
    operations = [migrations.RunPython(give, take)]
