-- Who is let in by a security password: one row for each password and protocol. Dovecot
-- and Postfix read this view and mail_web_logon.sql, the one for web passwords, at every
-- logon (deploy/dovecot/portal.lua). Nothing else decides.
--
-- `refusal` is NULL where the password is let in by that protocol. Otherwise it is the
-- first reason that applies; `clientpasswords/refusals.py` describes each.
--
-- This is the view in force. Lines that end in the name of a database are for that
-- database alone.

CREATE VIEW mail_logon AS
SELECT account.address AS address,
       domain.name AS domain,
       protocol.name AS protocol,
       client.selector AS selector,
       client.hash AS hash,
       client.id AS credential,
       -- Sessions are ended by this name, ADDRESS~ID. A number follows once the networks
       -- of the password were limited, a new one each time. A number that begins with 0
       -- comes last if the policy limits networks, a new one for other networks.
       account.address || '~' || client.id ||
         CASE WHEN client.session_names = 0 THEN ''
              ELSE '.' || client.session_names END ||
         CASE WHEN policy.networks_mark = 0 THEN ''
              ELSE '.0' || policy.networks_mark END AS login_name,
       -- The client has to be in both, where they are not empty. The mail server compares
       -- them, as SQLite has no type for networks: `out-of-scope` outside those of the
       -- password, `network-not-allowed` outside those of the policy.
       client.networks AS networks,
       policy.client_networks AS policy_networks,
       CASE
         WHEN NOT account.is_active THEN 'account-disabled'
         WHEN client.revoked_at IS NOT NULL THEN 'revoked'
         -- Its own end, then the longest lifetime by the policy. A password that ends at
         -- 12:00:00 has expired at that moment.
         WHEN client.expires_at <= CURRENT_TIMESTAMP THEN 'expired'
         WHEN policy.client_password_days IS NOT NULL
          AND client.created_at + policy.client_password_days * INTERVAL '1 day' -- postgresql
          AND datetime(client.created_at, '+' || policy.client_password_days || ' days') -- sqlite
              <= CURRENT_TIMESTAMP THEN 'expired'
         -- The moment that its owner was notified of has come, the policy still suspends,
         -- and all uses up to that moment were read from the logs.
         WHEN client.suspends_at <= policy.uses_known_to
          AND (policy.suspend_unused_days IS NOT NULL
               OR policy.suspend_never_used_hours IS NOT NULL) THEN 'suspended-unused'
         WHEN NOT policy.third_party_logon THEN 'third-party-logon-off'
         WHEN (protocol.name = 'imap' AND NOT policy.imap)
           OR (protocol.name = 'pop3' AND NOT policy.pop3)
           OR (protocol.name = 'smtp' AND NOT policy.smtp) THEN 'protocol-off'
         WHEN (protocol.name = 'imap' AND NOT client.imap)
           OR (protocol.name = 'pop3' AND NOT client.pop3)
           OR (protocol.name = 'smtp' AND NOT client.smtp) THEN 'out-of-scope'
         -- Security passwords are neither turned on by the owner nor required: a policy
         -- that only reports, or that requires them later, does not count.
         WHEN NOT (account.client_passwords_on
                   OR (policy.client_passwords_required AND NOT policy.report_only
                       AND (policy.required_from IS NULL
                            OR policy.required_from <= CURRENT_TIMESTAMP)))
         THEN 'suspended'
       END AS refusal
  FROM accounts_account AS account
  JOIN accounts_domain AS domain ON domain.id = account.domain_id
  LEFT JOIN accounts_department AS department ON department.id = account.department_id
  -- The effective policy: the mailbox's own until it ends, else its department's, else
  -- its domain's.
  JOIN accounts_policy AS policy
    ON policy.id = COALESCE(
         CASE WHEN account.policy_until IS NULL
                OR account.policy_until > CURRENT_TIMESTAMP THEN account.policy_id END,
         department.policy_id, domain.policy_id)
 CROSS JOIN (SELECT 'imap' AS name UNION ALL SELECT 'pop3' UNION ALL SELECT 'smtp')
    AS protocol
  JOIN clientpasswords_clientpassword AS client ON client.account_id = account.id;

-- Undo:
DROP VIEW mail_logon;
