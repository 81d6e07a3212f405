from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

GONE = ["change_apitoken", "delete_apitoken"]


def forget(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Delete the rights, and with them that anybody had one."""
    permission = apps.get_model("auth", "Permission")
    permission.objects.filter(
        content_type__app_label="api",
        content_type__model="apitoken",
        codename__in=GONE,
    ).delete()


class Migration(migrations.Migration):
    """Nobody changes or deletes a token: hosts of before 0002 had rights to do so."""

    dependencies = [
        ("api", "0004_tokens_without_their_owners"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    # Before 0002 Django itself makes them after the migrations.
    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
