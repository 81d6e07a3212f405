from importlib import import_module

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

former = import_module(
    "clientpasswords.migrations.0010_suspension_and_networks_in_the_views"
)

FORMER_HASH = """
       CASE WHEN account.password LIKE 'argon2$argon2id$%%'
            THEN substr(account.password, 7) END AS hash,
"""

# A hash that another program has made has its scheme before it, as Dovecot writes it;
# ours is bare. `accounts.schemes` says how each is kept.
HASH = """
       CASE
         WHEN account.password LIKE 'argon2$argon2id$%%'
         THEN substr(account.password, 7)
         WHEN account.password LIKE 'blf$2%%'
         THEN '{BLF-CRYPT}' || substr(account.password, 4)
         WHEN account.password LIKE 'sha512$6$%%'
         THEN '{SHA512-CRYPT}' || substr(account.password, 7)
         WHEN account.password LIKE 'ssha512$%%'
         THEN '{SSHA512}' || substr(account.password, 9)
         WHEN account.password LIKE 'ssha256$%%'
         THEN '{SSHA256}' || substr(account.password, 9)
         WHEN account.password LIKE 'pbkdf2$1$%%'
         THEN '{PBKDF2}' || substr(account.password, 7)
       END AS hash,
"""

MAIL_WEB_LOGON = former.MAIL_WEB_LOGON.replace(FORMER_HASH, HASH)


def create_view(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _replace(MAIL_WEB_LOGON, schema_editor)


def create_former_view(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _replace(former.MAIL_WEB_LOGON, schema_editor)


def _replace(view: str, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute("DROP VIEW mail_web_logon")
    schema_editor.execute(view, params=[])
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(former.former.GRANT, params=None)


class Migration(migrations.Migration):
    """The view of web passwords with those that another program has hashed."""

    dependencies = [
        ("clientpasswords", "0010_suspension_and_networks_in_the_views"),
    ]

    operations = [migrations.RunPython(create_view, create_former_view)]
