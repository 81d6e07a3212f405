from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# By what administrators look mailboxes up besides the address: the beginning of the
# name, in capitals or not. (SQLite looks at every row for that, with or without.)
CREATE = (
    "CREATE INDEX account_name_beginning"
    " ON accounts_account (UPPER(name::text) text_pattern_ops)"
)


def create_index(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(CREATE)


def drop_index(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("DROP INDEX account_name_beginning")


class Migration(migrations.Migration):
    """The index of names."""

    dependencies = [("accounts", "0013_passkeys_and_recovery_codes")]

    operations = [migrations.RunPython(create_index, drop_index)]
