from importlib import import_module

from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

first = import_module("clientpasswords.migrations.0002_mail_logon_views")

# As before, with the scope of each client password. A protocol it is not for is
# out-of-scope like a network it is not for, which the mail server compares itself:
# SQLite knows no networks. Who looks at an expired one at 12:00:00 is told so.
MAIL_LOGON = f"""
CREATE VIEW mail_logon AS
SELECT account.address AS address,
       domain.name AS domain,
       protocol.name AS protocol,
       client.selector AS selector,
       client.hash AS hash,
       client.id AS credential,
       account.address || '~' || client.id ||
         CASE WHEN client.session_names = 0 THEN ''
              ELSE '.' || client.session_names END AS login_name,
       client.networks AS networks,
       CASE
         WHEN NOT account.is_active THEN 'account-disabled'
         WHEN client.revoked_at IS NOT NULL THEN 'revoked'
         WHEN client.expires_at <= CURRENT_TIMESTAMP THEN 'expired'
         WHEN NOT policy.third_party_logon THEN 'third-party-logon-off'
         WHEN {first.PROTOCOL_OFF} THEN 'protocol-off'
         WHEN (protocol.name = 'imap' AND NOT client.imap)
           OR (protocol.name = 'pop3' AND NOT client.pop3)
           OR (protocol.name = 'smtp' AND NOT client.smtp) THEN 'out-of-scope'
         WHEN NOT {first.IN_FORCE} THEN 'suspended'
       END AS refusal
{first.EFFECTIVE}
  JOIN clientpasswords_clientpassword AS client ON client.account_id = account.id
"""


def drop_view(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute("DROP VIEW mail_logon")


def create_view(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _create(MAIL_LOGON, schema_editor)


def create_first_view(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _create(first.MAIL_LOGON, schema_editor)


def _create(view: str, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute(view, params=[])
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(first.GRANT, params=None)


class Migration(migrations.Migration):
    """What a client password may be used for, from where and until when."""

    dependencies = [
        ("clientpasswords", "0004_known_networks"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunPython(drop_view, create_first_view),
        migrations.AddField(
            "clientpassword",
            "imap",
            models.BooleanField(default=True, verbose_name="IMAP"),
        ),
        migrations.AddField(
            "clientpassword",
            "pop3",
            models.BooleanField(default=True, verbose_name="POP3"),
        ),
        migrations.AddField(
            "clientpassword",
            "smtp",
            models.BooleanField(default=True, verbose_name="SMTP"),
        ),
        migrations.AddField(
            "clientpassword",
            "networks",
            models.CharField(
                blank=True,
                help_text="For example 192.0.2.0/24, separated by commas; empty: any.",
                max_length=500,
                verbose_name="only from networks",
            ),
        ),
        migrations.AddField(
            "clientpassword",
            "expires_at",
            models.DateTimeField(blank=True, null=True, verbose_name="expires"),
        ),
        migrations.AddField(
            "clientpassword",
            "session_names",
            models.PositiveSmallIntegerField(
                default=0,
                editable=False,
                help_text="How many names its sessions had before this one, see `login_name`.",
            ),
        ),
        migrations.AddConstraint(
            "clientpassword",
            models.CheckConstraint(
                condition=models.Q(imap=True)
                | models.Q(pop3=True)
                | models.Q(smtp=True),
                name="clientpassword_good_for_something",
            ),
        ),
        migrations.RunPython(create_view, drop_view),
    ]
