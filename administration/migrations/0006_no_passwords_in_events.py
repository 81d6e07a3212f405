from importlib import import_module
from typing import Any

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# What the page of a new mailbox asks for besides the fields of a mailbox.
TYPED = ("password1", "password2", "usable_password")


def forget(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Take the web passwords that were typed for new mailboxes out of the record.

    The triggers that refuse every change of an event are off for as long as it takes.
    """
    found = list(_events(apps))
    if not found:
        return
    triggers = import_module("accounts.migrations.0007_append_only_events")
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        for statement in triggers.OFF[connection.vendor]:
            cursor.execute(statement)
        for event in found:
            for name in TYPED:
                event.detail["changed"].pop(name, None)
            event.save(update_fields=["detail"])
        for statement in triggers.ON[connection.vendor]:
            cursor.execute(statement)


def _events(apps: Apps) -> Any:
    rows = apps.get_model("accounts", "SecurityEvent").objects
    return rows.filter(
        kind="mailbox-created", detail__changed__has_any_keys=[*TYPED]
    ).order_by()


class Migration(migrations.Migration):
    """Whoever read the record of events read the first web password of a mailbox."""

    dependencies = [
        ("administration", "0005_rights_to_former_addresses"),
        ("accounts", "0017_former_addresses"),
    ]

    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
