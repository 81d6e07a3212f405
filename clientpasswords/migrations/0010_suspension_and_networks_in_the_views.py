from importlib import import_module

import django.utils.timezone
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

former = import_module("clientpasswords.migrations.0008_steps_in_the_views")

# Who is let in is decided here and nowhere else. Both views say it row by row: `refusal`
# is NULL where the credential opens the door for that protocol, and names the reason
# where it does not. The SQL is what PostgreSQL and SQLite both understand, but for
# sums of moments and days.

# What its owner was told of has come, the policy still says so, and all uses up to that
# moment are known: one that nobody has read of yet is one all the same.
UNUSED = """
    client.suspends_at <= policy.uses_known_to
    AND (policy.suspend_unused_days IS NOT NULL
         OR policy.suspend_never_used_hours IS NOT NULL)
"""

# A protocol that a client password is not for is out-of-scope like a network it is not
# for, which the mail server compares itself: SQLite knows no networks. It does so for
# those of the password and for those of the policy; who calls has to be in both. Who
# looks at an expired one at 12:00:00 is told so. The last part of a login name is there
# where the policy names networks, and another one for others.
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
              ELSE '.' || client.session_names END ||
         CASE WHEN policy.networks_mark = 0 THEN ''
              ELSE '.0' || policy.networks_mark END AS login_name,
       client.networks AS networks,
       policy.client_networks AS policy_networks,
       CASE
         WHEN NOT account.is_active THEN 'account-disabled'
         WHEN client.revoked_at IS NOT NULL THEN 'revoked'
         WHEN client.expires_at <= CURRENT_TIMESTAMP THEN 'expired'
         WHEN policy.client_password_days IS NOT NULL
          AND @END_OF_LIFE@ <= CURRENT_TIMESTAMP THEN 'expired'
         WHEN {UNUSED} THEN 'suspended-unused'
         WHEN NOT policy.third_party_logon THEN 'third-party-logon-off'
         WHEN {former.PROTOCOL_OFF} THEN 'protocol-off'
         WHEN (protocol.name = 'imap' AND NOT client.imap)
           OR (protocol.name = 'pop3' AND NOT client.pop3)
           OR (protocol.name = 'smtp' AND NOT client.smtp) THEN 'out-of-scope'
         WHEN NOT {former.IN_FORCE} THEN 'suspended'
       END AS refusal
{former.EFFECTIVE}
  JOIN clientpasswords_clientpassword AS client ON client.account_id = account.id
"""

# Django writes `argon2$argon2id$…`; the mail server reads what follows the first word.
# Other schemes, and accounts without a web password, have no hash here. `notice` is
# what the mail server may say, in the owner's language, to whoever knows the password;
# without a refusal it can only be the network that is refused.
MAIL_WEB_LOGON = f"""
CREATE VIEW mail_web_logon AS
SELECT logon.address AS address,
       logon.domain AS domain,
       logon.protocol AS protocol,
       logon.hash AS hash,
       logon.address AS login_name,
       logon.networks AS networks,
       logon.policy_networks AS policy_networks,
       logon.refusal AS refusal,
       (SELECT setting.value FROM accounts_mailsetting AS setting
         WHERE setting.name = 'notice:'
           || CASE WHEN logon.refusal IS NOT NULL THEN logon.refusal
                   WHEN logon.policy_networks <> '' THEN 'network-not-allowed' END
           || ':' || logon.language
       ) AS notice
  FROM (
SELECT account.address AS address,
       domain.name AS domain,
       protocol.name AS protocol,
       CASE WHEN account.language = '' THEN 'en' ELSE account.language END AS language,
       CASE WHEN account.password LIKE 'argon2$argon2id$%%'
            THEN substr(account.password, 7) END AS hash,
       CASE WHEN account.is_active
            THEN COALESCE((SELECT setting.value FROM accounts_mailsetting AS setting
                            WHERE setting.name = 'webmail_networks'), '')
            ELSE '' END AS networks,
       policy.client_networks AS policy_networks,
       CASE
         WHEN NOT account.is_active THEN 'account-disabled'
         WHEN NOT policy.third_party_logon THEN 'third-party-logon-off'
         WHEN {former.PROTOCOL_OFF} THEN 'protocol-off'
         WHEN {former.IN_FORCE} THEN 'security-password-required'
       END AS refusal
{former.EFFECTIVE}
  ) AS logon
"""


def create_views(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    vendor = schema_editor.connection.vendor
    logon = MAIL_LOGON.replace("@END_OF_LIFE@", former.END_OF_LIFE[vendor])
    _create([logon, MAIL_WEB_LOGON], schema_editor)


def create_former_views(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    former.create_views(apps, schema_editor)


def drop_views(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    former.drop_views(apps, schema_editor)


def _create(views: list[str], schema_editor: BaseDatabaseSchemaEditor) -> None:
    for view in views:
        schema_editor.execute(view, params=[])
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(former.GRANT, params=None)


class Migration(migrations.Migration):
    """The logon views with networks of policies, and passwords that nobody uses."""

    dependencies = [
        ("accounts", "0010_more_of_policies"),
        ("clientpasswords", "0009_logs_are_known_by_their_first_line"),
    ]

    operations = [
        migrations.RunPython(drop_views, create_former_views),
        migrations.AlterModelOptions(
            name="followedlog",
            options={
                "ordering": ["node", "path"],
                "verbose_name": "followed log",
                "verbose_name_plural": "followed logs",
            },
        ),
        migrations.AddField(
            model_name="clientpassword",
            name="revived_at",
            field=models.DateTimeField(
                editable=False,
                help_text="When its owner last asked to keep it.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="clientpassword",
            name="suspends_at",
            field=models.DateTimeField(
                editable=False,
                help_text="When it is suspended, as its owner was told, unless it is used.",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="followedlog",
            name="began_at",
            field=models.DateTimeField(
                default=django.utils.timezone.now, verbose_name="followed since"
            ),
        ),
        migrations.AddField(
            model_name="followedlog",
            name="read_to",
            field=models.DateTimeField(
                default=django.utils.timezone.now, verbose_name="read up to"
            ),
        ),
        migrations.AddField(
            model_name="followedlog",
            name="told_at",
            field=models.DateTimeField(null=True, verbose_name="last decision"),
        ),
        migrations.AlterField(
            model_name="followedlog",
            name="node",
            field=models.CharField(max_length=100, verbose_name="mail server"),
        ),
        migrations.AlterField(
            model_name="followedlog",
            name="path",
            field=models.CharField(max_length=400, verbose_name="log"),
        ),
        migrations.AlterField(
            model_name="logon",
            name="reason",
            field=models.CharField(
                blank=True,
                choices=[
                    ("wrong-password", "wrong password"),
                    ("too-many-guesses", "too many wrong passwords from there"),
                    ("security-password-required", "needs a security password"),
                    ("revoked", "deleted security password"),
                    ("expired", "expired"),
                    ("out-of-scope", "outside what the password is for"),
                    ("suspended", "security passwords are turned off"),
                    ("suspended-unused", "suspended, as it was not used"),
                    ("protocol-off", "protocol switched off"),
                    ("network-not-allowed", "network not allowed"),
                    ("third-party-logon-off", "third-party client logon is off"),
                    ("account-disabled", "mailbox disabled"),
                ],
                max_length=40,
                verbose_name="refused because",
            ),
        ),
        migrations.AddIndex(
            model_name="clientpassword",
            index=models.Index(
                condition=models.Q(("suspends_at__isnull", False)),
                fields=["suspends_at"],
                name="clientpassword_suspends",
            ),
        ),
        migrations.RunPython(create_views, drop_views),
    ]
