from importlib import import_module

from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

first = import_module("clientpasswords.migrations.0002_mail_logon_views")
scopes = import_module("clientpasswords.migrations.0005_scopes")

# Who is let in is decided here and nowhere else. Both views say it row by row: `refusal`
# is NULL where the credential opens the door for that protocol, and names the reason
# where it does not. The SQL is what PostgreSQL and SQLite both understand, but for
# sums of moments and days.

# The policy that binds an account: its own until that ends, else its department's, else
# its domain's.
EFFECTIVE = """
  FROM accounts_account AS account
  JOIN accounts_domain AS domain ON domain.id = account.domain_id
  LEFT JOIN accounts_department AS department ON department.id = account.department_id
  JOIN accounts_policy AS policy
    ON policy.id = COALESCE(
         CASE WHEN account.policy_until IS NULL
                OR account.policy_until > CURRENT_TIMESTAMP THEN account.policy_id END,
         department.policy_id, domain.policy_id)
 CROSS JOIN (SELECT 'imap' AS name UNION ALL SELECT 'pop3' UNION ALL SELECT 'smtp')
    AS protocol
"""

PROTOCOL_OFF = """
    (protocol.name = 'imap' AND NOT policy.imap)
    OR (protocol.name = 'pop3' AND NOT policy.pop3)
    OR (protocol.name = 'smtp' AND NOT policy.smtp)
"""

# Chosen by the owner, or required: by more than a report, and from now on.
IN_FORCE = """
    (account.client_passwords_on
     OR (policy.client_passwords_required AND NOT policy.report_only
         AND (policy.required_from IS NULL
              OR policy.required_from <= CURRENT_TIMESTAMP)))
"""

END_OF_LIFE = {
    "postgresql": "client.created_at + policy.client_password_days * INTERVAL '1 day'",
    "sqlite": "datetime(client.created_at, '+' || policy.client_password_days || ' days')",
}

# A protocol that a client password is not for is out-of-scope like a network it is not
# for, which the mail server compares itself: SQLite knows no networks. Who looks at an
# expired one at 12:00:00 is told so.
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
         WHEN policy.client_password_days IS NOT NULL
          AND @END_OF_LIFE@ <= CURRENT_TIMESTAMP THEN 'expired'
         WHEN NOT policy.third_party_logon THEN 'third-party-logon-off'
         WHEN {PROTOCOL_OFF} THEN 'protocol-off'
         WHEN (protocol.name = 'imap' AND NOT client.imap)
           OR (protocol.name = 'pop3' AND NOT client.pop3)
           OR (protocol.name = 'smtp' AND NOT client.smtp) THEN 'out-of-scope'
         WHEN NOT {IN_FORCE} THEN 'suspended'
       END AS refusal
{EFFECTIVE}
  JOIN clientpasswords_clientpassword AS client ON client.account_id = account.id
"""

# Django writes `argon2$argon2id$…`; the mail server reads what follows the first word.
# Other schemes, and accounts without a web password, have no hash here. `notice` is
# what the mail server may say, in the owner's language, to whoever knows the password.
MAIL_WEB_LOGON = f"""
CREATE VIEW mail_web_logon AS
SELECT logon.address AS address,
       logon.domain AS domain,
       logon.protocol AS protocol,
       logon.hash AS hash,
       logon.address AS login_name,
       logon.networks AS networks,
       logon.refusal AS refusal,
       (SELECT setting.value FROM accounts_mailsetting AS setting
         WHERE setting.name = 'notice:' || logon.refusal || ':' || logon.language
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
       CASE
         WHEN NOT account.is_active THEN 'account-disabled'
         WHEN NOT policy.third_party_logon THEN 'third-party-logon-off'
         WHEN {PROTOCOL_OFF} THEN 'protocol-off'
         WHEN {IN_FORCE} THEN 'security-password-required'
       END AS refusal
{EFFECTIVE}
  ) AS logon
"""

# The mail servers' role, where it exists, reads the views and nothing else
# (deploy/postgres/roles.sql makes it; a view that is made anew must be granted anew).
GRANT = """
DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailportal_mail') THEN
    GRANT SELECT ON mail_logon, mail_web_logon TO mailportal_mail;
  END IF;
END $$
"""


def create_views(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    vendor = schema_editor.connection.vendor
    logon = MAIL_LOGON.replace("@END_OF_LIFE@", END_OF_LIFE[vendor])
    _create([logon, MAIL_WEB_LOGON], schema_editor)


def create_former_views(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    _create([scopes.MAIL_LOGON, first.MAIL_WEB_LOGON], schema_editor)


def drop_views(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute("DROP VIEW mail_web_logon")
    schema_editor.execute("DROP VIEW mail_logon")


def _create(views: list[str], schema_editor: BaseDatabaseSchemaEditor) -> None:
    for view in views:
        schema_editor.execute(view, params=[])
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(GRANT, params=None)


class Migration(migrations.Migration):
    """The logon views with steps to a requirement, exceptions that end, and life spans."""

    dependencies = [
        ("accounts", "0008_steps_to_required"),
        ("clientpasswords", "0007_links_for_set_up"),
    ]

    operations = [
        migrations.RunPython(drop_views, create_former_views),
        migrations.AddField(
            "logon",
            "by_web_password",
            models.BooleanField(
                default=False,
                help_text="Let in by the web password, and not through the webmail.",
            ),
        ),
        migrations.AddIndex(
            "logon",
            models.Index(
                fields=["last_at"],
                condition=models.Q(by_web_password=True),
                name="logon_by_web_password",
            ),
        ),
        migrations.RunPython(create_views, drop_views),
    ]
