from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

# Who is let in is decided here and nowhere else. Both views say it row by row: `refusal`
# is NULL where the credential opens the door for that protocol, and names the reason
# where it does not. The SQL is what PostgreSQL and SQLite both understand.

# The policy that binds an account: its own, else its department's, else its domain's.
EFFECTIVE = """
  FROM accounts_account AS account
  JOIN accounts_domain AS domain ON domain.id = account.domain_id
  LEFT JOIN accounts_department AS department ON department.id = account.department_id
  JOIN accounts_policy AS policy
    ON policy.id = COALESCE(account.policy_id, department.policy_id, domain.policy_id)
 CROSS JOIN (SELECT 'imap' AS name UNION ALL SELECT 'pop3' UNION ALL SELECT 'smtp')
    AS protocol
"""

PROTOCOL_OFF = """
    (protocol.name = 'imap' AND NOT policy.imap)
    OR (protocol.name = 'pop3' AND NOT policy.pop3)
    OR (protocol.name = 'smtp' AND NOT policy.smtp)
"""

IN_FORCE = "(account.client_passwords_on OR policy.client_passwords_required)"

MAIL_LOGON = f"""
CREATE VIEW mail_logon AS
SELECT account.address AS address,
       domain.name AS domain,
       protocol.name AS protocol,
       client.selector AS selector,
       client.hash AS hash,
       client.id AS credential,
       account.address || '~' || client.id AS login_name,
       CASE
         WHEN NOT account.is_active THEN 'account-disabled'
         WHEN client.revoked_at IS NOT NULL THEN 'revoked'
         WHEN NOT policy.third_party_logon THEN 'third-party-logon-off'
         WHEN {PROTOCOL_OFF} THEN 'protocol-off'
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
    schema_editor.execute(MAIL_LOGON, params=[])
    schema_editor.execute(MAIL_WEB_LOGON, params=[])
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(GRANT, params=None)


def drop_views(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    schema_editor.execute("DROP VIEW mail_web_logon")
    schema_editor.execute("DROP VIEW mail_logon")


class Migration(migrations.Migration):
    """The mail servers' two windows on our data.

    PostgreSQL refuses to change a column under a view, and SQLite to rebuild a table:
    a migration that does drops the views first and makes them again afterwards.
    """

    dependencies = [
        ("accounts", "0001_initial"),
        ("clientpasswords", "0001_initial"),
    ]

    operations = [migrations.RunPython(create_views, drop_views)]
