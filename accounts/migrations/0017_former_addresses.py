from collections.abc import Iterator
from typing import Any

import django.db.models.deletion
import django.utils.timezone
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Whoever makes one of the two tables anew on SQLite (AlterField does) has to take OFF
# before and put ON afterwards. A test tries every way in which an address is left.
TABLE, FORMER = "accounts_account", "accounts_formeraddress"
REFUSAL = "this address is a former one of another mailbox"
ISOLATION = "mailboxes get addresses in READ COMMITTED only"
AT_ONCE = 500  # rows in one statement

# AFTER, not BEFORE: whoever makes an address anew while somebody else is leaving it waits
# for them at the index of addresses. Only then is there a former address to be seen.
# That needs READ COMMITTED. A transaction that goes on looking at the tables as they were
# when it began would see neither; nor does SERIALIZABLE help, if the other is not so.
# (TRUNCATE would empty the record of events as well, which is refused.)
POSTGRESQL = [
    f"""
CREATE FUNCTION {TABLE}_take() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('transaction_isolation') NOT LIKE 'read %' THEN
    RAISE EXCEPTION '{ISOLATION}' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF EXISTS (SELECT FROM {FORMER} WHERE address = NEW.address
             AND account_id IS DISTINCT FROM NEW.id) THEN
    RAISE EXCEPTION '{REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  DELETE FROM {FORMER} WHERE address = NEW.address;
  RETURN NULL;
END $$
""",
    f"""
CREATE FUNCTION {TABLE}_leave() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    UPDATE {FORMER} SET account_id = NULL WHERE account_id = OLD.id;
  END IF;
  INSERT INTO {FORMER} (address, domain, left_at, because, account_id)
  VALUES (OLD.address, split_part(OLD.address, '@', 2), statement_timestamp(),
          CASE TG_OP WHEN 'DELETE' THEN 'deleted' ELSE 'renamed' END,
          CASE TG_OP WHEN 'DELETE' THEN NULL ELSE OLD.id END)
  ON CONFLICT (address) DO UPDATE
    SET left_at = EXCLUDED.left_at, because = EXCLUDED.because,
        account_id = EXCLUDED.account_id;
  RETURN NULL;
END $$
""",
    (
        f"CREATE TRIGGER {TABLE}_leave_deleted AFTER DELETE ON {TABLE} "
        f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_leave()"
    ),
    (
        f"CREATE TRIGGER {TABLE}_leave_renamed AFTER UPDATE ON {TABLE} FOR EACH ROW "
        "WHEN (OLD.address IS DISTINCT FROM NEW.address) "
        f"EXECUTE FUNCTION {TABLE}_leave()"
    ),
    (
        f"CREATE TRIGGER {TABLE}_take_made AFTER INSERT ON {TABLE} "
        f"FOR EACH ROW EXECUTE FUNCTION {TABLE}_take()"
    ),
    (
        f"CREATE TRIGGER {TABLE}_take_renamed AFTER UPDATE ON {TABLE} FOR EACH ROW "
        "WHEN (OLD.address IS DISTINCT FROM NEW.address) "
        f"EXECUTE FUNCTION {TABLE}_take()"
    ),
]
NAMES = ("take_renamed", "take_made", "leave_renamed", "leave_deleted")
POSTGRESQL_OFF = [
    *(f"DROP TRIGGER {TABLE}_{name} ON {TABLE}" for name in NAMES),
    *(f"DROP FUNCTION {TABLE}_{name}()" for name in ("leave", "take")),
]
TAKE = f"""
BEGIN
  SELECT RAISE(ABORT, '{REFUSAL}') FROM {FORMER}
   WHERE address = NEW.address AND account_id IS NOT NEW.id;
  DELETE FROM {FORMER} WHERE address = NEW.address;
END
"""


def _leaving(because: str, account: str) -> str:
    return f"""
  INSERT INTO {FORMER} (address, domain, left_at, because, account_id)
  VALUES (OLD.address, substr(OLD.address, instr(OLD.address, '@') + 1),
          strftime('%Y-%m-%d %H:%M:%f', 'now'), '{because}', {account})
  ON CONFLICT (address) DO UPDATE
    SET left_at = excluded.left_at, because = excluded.because,
        account_id = excluded.account_id;
"""


SQLITE = [
    (
        f"CREATE TRIGGER {TABLE}_leave_deleted AFTER DELETE ON {TABLE} BEGIN "
        f"UPDATE {FORMER} SET account_id = NULL WHERE account_id = OLD.id;"
        f"{_leaving('deleted', 'NULL')} END"
    ),
    (
        f"CREATE TRIGGER {TABLE}_leave_renamed AFTER UPDATE ON {TABLE} "
        "WHEN OLD.address IS NOT NEW.address BEGIN "
        f"{_leaving('renamed', 'OLD.id')} END"
    ),
    f"CREATE TRIGGER {TABLE}_take_made AFTER INSERT ON {TABLE} {TAKE}",
    (
        f"CREATE TRIGGER {TABLE}_take_renamed AFTER UPDATE ON {TABLE} "
        f"WHEN OLD.address IS NOT NEW.address {TAKE}"
    ),
]
SQLITE_OFF = [f"DROP TRIGGER {TABLE}_{name}" for name in NAMES]
ON = {"postgresql": POSTGRESQL, "sqlite": SQLITE}
OFF = {"postgresql": POSTGRESQL_OFF, "sqlite": SQLITE_OFF}


def remember(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Write down what mailboxes left before there were triggers, from the record.

    Addresses that are in use are not among them, whoever has them now.
    """
    former = apps.get_model("accounts", "FormerAddress")
    account = apps.get_model("accounts", "Account")
    left = dict(_left(apps.get_model("accounts", "SecurityEvent")))
    addresses = list(left)
    for start in range(0, len(addresses), AT_ONCE):
        part = addresses[start : start + AT_ONCE]
        used = account.objects.filter(address__in=part)
        taken = set(used.values_list("address", flat=True))
        former.objects.bulk_create(
            former(address=each, domain=each.rpartition("@")[2], **left[each])
            for each in part
            if each not in taken
        )


def _left(event: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each address that was left, the last time last, and how that was."""
    kinds = ["mailbox-deleted", "mailbox-changed"]
    rows = event.objects.filter(kind__in=kinds).order_by("at", "pk")
    wanted = rows.values_list("kind", "at", "address", "account", "detail")
    for kind, at, address, account, detail in wanted.iterator(chunk_size=1000):
        if kind == "mailbox-deleted":
            yield address, {"left_at": at, "because": "deleted"}
            continue
        old, _new = detail.get("changed", {}).get("address", ["", ""])
        if "@" in old:
            told = {"left_at": at, "because": "renamed", "account_id": account}
            yield old, told


def guard(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in ON[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)  # it may have a % in it


def let_go(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for statement in OFF[schema_editor.connection.vendor]:
        schema_editor.execute(statement, params=None)  # it may have a % in it


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0016_index_of_networks"),
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
                    ("required-soon", "security passwords announced as required"),
                    ("code-sent", "code sent"),
                    ("code-not-sent", "code not sent"),
                    ("code-refused", "code refused"),
                    ("codes-locked", "codes locked"),
                    ("codes-unlocked", "codes unlocked"),
                    ("issued", "security password made"),
                    ("limited", "security password limited"),
                    ("revoked", "security password deleted"),
                    ("suspends-soon", "suspension of a security password announced"),
                    ("ends-soon", "end of a security password announced"),
                    ("exception-ends", "end of an exception announced"),
                    ("revived", "security password kept though unused"),
                    ("phone-changed", "phone number changed"),
                    ("two-step-on", "two-step sign-in set up"),
                    ("two-step-off", "two-step sign-in turned off"),
                    ("passkey-added", "passkey added"),
                    ("passkey-removed", "passkey removed"),
                    ("recovery-codes-made", "recovery codes made"),
                    ("recovery-code-used", "recovery code used"),
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
                    ("address-released", "former address released"),
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
        migrations.CreateModel(
            name="FormerAddress",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                (
                    "address",
                    models.CharField(
                        max_length=254, unique=True, verbose_name="address"
                    ),
                ),
                ("domain", models.CharField(max_length=253, verbose_name="domain")),
                (
                    "left_at",
                    models.DateTimeField(
                        default=django.utils.timezone.now, verbose_name="left on"
                    ),
                ),
                (
                    "because",
                    models.CharField(
                        choices=[
                            ("renamed", "the mailbox was renamed"),
                            ("deleted", "the mailbox was deleted"),
                        ],
                        max_length=10,
                        verbose_name="left because",
                    ),
                ),
                (
                    "account",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="former_addresses",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="mailbox that had it",
                    ),
                ),
            ],
            options={
                "verbose_name": "former address",
                "verbose_name_plural": "former addresses",
                "ordering": ["address"],
                "permissions": [
                    ("release_formeraddress", "Can release former addresses")
                ],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        fields=["domain", "address"], name="former_address_of_domain"
                    )
                ],
            },
        ),
        migrations.RunPython(remember, migrations.RunPython.noop),
        migrations.RunPython(guard, let_go),
    ]
