from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Whoever makes the table anew on SQLite (AlterField does) has to take OFF before and put
# ON afterwards. A mailbox is disabled in many ways; here they all come by.
TABLE, NAME = "accounts_account", "accounts_account_disable"
POSTGRESQL = [
    f"""
CREATE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.sessions_ended := GREATEST(NEW.sessions_ended, OLD.sessions_ended + 1);
  RETURN NEW;
END $$
""",
    (
        f"CREATE TRIGGER {NAME} BEFORE UPDATE ON {TABLE} FOR EACH ROW "
        "WHEN (OLD.is_active AND NOT NEW.is_active) "
        f"EXECUTE FUNCTION {NAME}()"
    ),
]
POSTGRESQL_OFF = [f"DROP TRIGGER {NAME} ON {TABLE}", f"DROP FUNCTION {NAME}()"]
SQLITE = [
    (
        f"CREATE TRIGGER {NAME} AFTER UPDATE ON {TABLE} "
        "WHEN OLD.is_active AND NOT NEW.is_active BEGIN "
        f"UPDATE {TABLE} SET sessions_ended = "
        "MAX(NEW.sessions_ended, OLD.sessions_ended + 1) WHERE id = NEW.id; END"
    ),
]
ON = {"postgresql": POSTGRESQL, "sqlite": SQLITE}
OFF = {"postgresql": POSTGRESQL_OFF, "sqlite": [f"DROP TRIGGER {NAME}"]}


def guard(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in ON[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


def let_go(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in OFF[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    """Whoever is disabled is signed out, and stays so when they are enabled again."""

    dependencies = [
        ("accounts", "0018_bounds_of_times"),
    ]

    operations = [
        migrations.RunPython(guard, let_go),
    ]
