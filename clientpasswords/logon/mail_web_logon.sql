-- Who is let in by the web password, in mail programs and in the webmail: one row for each
-- mailbox and protocol. The comments in mail_logon.sql apply here too.
--
-- From `networks`, those of the webmail, the web password is always let in. From
-- elsewhere it is let in if `refusal` is NULL, and only from `policy_networks` where
-- these are not empty.

CREATE VIEW mail_web_logon AS
SELECT logon.address AS address,
       logon.domain AS domain,
       logon.protocol AS protocol,
       logon.hash AS hash,
       logon.address AS login_name,
       logon.networks AS networks,
       logon.policy_networks AS policy_networks,
       logon.refusal AS refusal
  FROM (
SELECT account.address AS address,
       domain.name AS domain,
       protocol.name AS protocol,
       -- Django stores `argon2$argon2id$…`; the mail server reads what follows the first
       -- word. Imported hashes get their scheme in Dovecot's form as a prefix;
       -- `accounts.hashing.schemes` describes how each is stored. NULL for other schemes,
       -- and for mailboxes without a web password.
       CASE
         WHEN account.password LIKE 'argon2$argon2id$%'
         THEN substr(account.password, 7)
         WHEN account.password LIKE 'blf$2%'
         THEN '{BLF-CRYPT}' || substr(account.password, 4)
         WHEN account.password LIKE 'sha512$6$%'
         THEN '{SHA512-CRYPT}' || substr(account.password, 7)
         WHEN account.password LIKE 'ssha512$%'
         THEN '{SSHA512}' || substr(account.password, 9)
         WHEN account.password LIKE 'ssha256$%'
         THEN '{SSHA256}' || substr(account.password, 9)
         WHEN account.password LIKE 'pbkdf2$1$%'
         THEN '{PBKDF2}' || substr(account.password, 7)
       END AS hash,
       CASE WHEN account.is_active
            THEN COALESCE((SELECT setting.value FROM accounts_mailsetting AS setting
                            WHERE setting.name = 'webmail_networks'), '')
            ELSE '' END AS networks,
       policy.client_networks AS policy_networks,
       CASE
         WHEN NOT account.is_active THEN 'account-disabled'
         WHEN NOT policy.third_party_logon THEN 'third-party-logon-off'
         WHEN (protocol.name = 'imap' AND NOT policy.imap)
           OR (protocol.name = 'pop3' AND NOT policy.pop3)
           OR (protocol.name = 'smtp' AND NOT policy.smtp) THEN 'protocol-off'
         -- Security passwords are turned on by the owner, or required: a policy that only
         -- reports, or that requires them later, does not count.
         WHEN (account.client_passwords_on
               OR (policy.client_passwords_required AND NOT policy.report_only
                   AND (policy.required_from IS NULL
                        OR policy.required_from <= CURRENT_TIMESTAMP)))
         THEN 'security-password-required'
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
  ) AS logon;

-- Undo:
DROP VIEW mail_web_logon;
