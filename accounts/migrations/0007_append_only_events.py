from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Whoever makes the table anew on SQLite (AlterField does) drops these with it, and has
# to make them again. A test tries every column.
TABLE = "accounts_securityevent"
COLUMNS = [
    "id",
    "at",
    "kind",
    "address",
    "domain",
    "actor",
    "network_address",
    "detail",
    "reason",
]
REFUSAL = "security events are never changed"

# Only the link to a mailbox may go, when the mailbox does.
POSTGRESQL = [
    f"""
CREATE FUNCTION {TABLE}_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.account_id IS NULL
       AND to_jsonb(NEW) - 'account_id' = to_jsonb(OLD) - 'account_id' THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
END $$
""",
    (
        f"CREATE TRIGGER {TABLE}_rows BEFORE UPDATE OR DELETE ON {TABLE} "
        f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_refuse()"
    ),
    (
        f"CREATE TRIGGER {TABLE}_table BEFORE TRUNCATE ON {TABLE} "
        f"FOR EACH STATEMENT EXECUTE FUNCTION {TABLE}_refuse()"
    ),
    # The portal owns the table: it could give itself the rights back, but not by mistake.
    # (PostgreSQL checks foreign keys with the right to update one column at least.)
    f"REVOKE UPDATE, DELETE, TRUNCATE ON {TABLE} FROM CURRENT_USER",
    f"GRANT UPDATE (account_id) ON {TABLE} TO CURRENT_USER",
]
POSTGRESQL_OFF = [
    f"GRANT UPDATE, DELETE, TRUNCATE ON {TABLE} TO CURRENT_USER",
    f"DROP TRIGGER {TABLE}_table ON {TABLE}",
    f"DROP TRIGGER {TABLE}_rows ON {TABLE}",
    f"DROP FUNCTION {TABLE}_refuse()",
]
CHANGED = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in COLUMNS)
SQLITE = [
    (
        f"CREATE TRIGGER {TABLE}_update BEFORE UPDATE ON {TABLE} "
        f"WHEN NEW.account_id IS NOT NULL OR {CHANGED} "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    ),
    (
        f"CREATE TRIGGER {TABLE}_delete BEFORE DELETE ON {TABLE} "
        f"BEGIN SELECT RAISE(ABORT, '{REFUSAL}'); END"
    ),
]
SQLITE_OFF = [f"DROP TRIGGER {TABLE}_update", f"DROP TRIGGER {TABLE}_delete"]
ON = {"postgresql": POSTGRESQL, "sqlite": SQLITE}
OFF = {"postgresql": POSTGRESQL_OFF, "sqlite": SQLITE_OFF}

DOMAIN_OF_ADDRESS = {
    "postgresql": "split_part(address, '@', 2)",
    "sqlite": "substr(address, instr(address, '@') + 1)",
}


def name_domains(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    domain = DOMAIN_OF_ADDRESS[schema_editor.connection.vendor]
    schema_editor.execute(f"UPDATE {TABLE} SET domain = {domain} WHERE address <> ''")


def refuse_changes(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in ON[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def allow_changes(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in OFF[schema_editor.connection.vendor]:
        schema_editor.execute(statement)


def add_column(name: str, length: int, label: str) -> migrations.RunSQL:
    """Add it without making a table anew that may have a million rows."""
    return migrations.RunSQL(
        f"ALTER TABLE {TABLE} ADD COLUMN {name} varchar({length}) DEFAULT '' NOT NULL",
        f"ALTER TABLE {TABLE} DROP COLUMN {name}",
        state_operations=[
            migrations.AddField(
                model_name="securityevent",
                name=name,
                field=models.CharField(
                    blank=True,
                    db_default="",
                    default="",
                    max_length=length,
                    verbose_name=label,
                ),
            )
        ],
    )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_two_step_events"),
    ]

    operations = [
        migrations.AlterField(
            model_name="securityevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("signed-in", "signed in"),
                    ("sign-in-failed", "sign-in failed"),
                    ("switched-on", "security passwords turned on"),
                    ("switched-off", "security passwords turned off"),
                    ("code-sent", "code sent"),
                    ("code-not-sent", "code not sent"),
                    ("code-refused", "code refused"),
                    ("codes-locked", "codes locked"),
                    ("codes-unlocked", "codes unlocked"),
                    ("issued", "security password made"),
                    ("limited", "security password limited"),
                    ("revoked", "security password deleted"),
                    ("phone-changed", "phone number changed"),
                    ("two-step-on", "two-step sign-in set up"),
                    ("two-step-off", "two-step sign-in turned off"),
                    ("password-changed", "web password changed"),
                    ("first-used", "security password first used"),
                    ("new-network", "security password used from a new network"),
                    ("revoked-tried", "deleted security password tried"),
                    ("guessed", "many wrong passwords tried in mail programs"),
                    ("mailbox-created", "mailbox created"),
                    ("mailbox-changed", "mailbox changed"),
                    ("mailbox-deleted", "mailbox deleted"),
                    ("rights-changed", "rights of an administrator changed"),
                    ("off-boarded", "mailbox off-boarded"),
                    ("policy-created", "policy created"),
                    ("policy-changed", "policy changed"),
                    ("policy-deleted", "policy deleted"),
                    ("domain-created", "domain created"),
                    ("domain-changed", "domain changed"),
                    ("domain-deleted", "domain deleted"),
                    ("department-created", "department created"),
                    ("department-changed", "department changed"),
                    ("department-deleted", "department deleted"),
                    ("record-created", "other record created"),
                    ("record-changed", "other record changed"),
                    ("record-deleted", "other record deleted"),
                    ("action-ordered", "action on many ordered"),
                    ("action-ended", "action on many ended"),
                    ("exported", "records exported"),
                    ("imported", "mailboxes imported"),
                    ("setting-changed", "setting of the host changed"),
                    ("tidied", "old records deleted"),
                ],
                max_length=20,
                verbose_name="event",
            ),
        ),
        migrations.AlterModelOptions(
            name="securityevent",
            options={
                "ordering": ["-at", "-pk"],
                "permissions": [("export_securityevent", "Can export security events")],
                "verbose_name": "security event",
                "verbose_name_plural": "security events",
            },
        ),
        add_column("domain", 253, "domain"),
        add_column("reason", 300, "reason"),
        migrations.AddIndex(
            model_name="securityevent",
            index=models.Index(fields=["kind", "-at"], name="event_newest_of_kind"),
        ),
        migrations.AddIndex(
            model_name="securityevent",
            index=models.Index(fields=["domain", "-at"], name="event_newest_of_domain"),
        ),
        migrations.AddIndex(
            model_name="securityevent",
            index=models.Index(
                fields=["address"],
                name="event_address",
                opclasses=["varchar_pattern_ops"],
            ),
        ),
        migrations.AddIndex(
            model_name="securityevent",
            index=models.Index(
                fields=["actor"], name="event_actor", opclasses=["varchar_pattern_ops"]
            ),
        ),
        migrations.RunPython(name_domains, migrations.RunPython.noop),
        migrations.RunPython(refuse_changes, allow_changes),
    ]
