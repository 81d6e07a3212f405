-- What the mail server may tell a mail program that has the right password, in its
-- owner's language: one row for each mailbox and reason that has a notice. Dovecot reads it
-- once a password has turned out to be right and refused (deploy/dovecot/portal.lua).
-- A disabled mailbox is told nothing.

CREATE VIEW mail_notice AS
SELECT owner.address AS address,
       substr(setting.name, length('notice:') + 1,
              length(setting.name) - length('notice:') - length(':' || owner.language))
         AS reason,
       setting.value AS notice
  FROM (SELECT account.address AS address,
               CASE WHEN account.language = '' THEN 'en' ELSE account.language END AS language
          FROM accounts_account AS account
         WHERE account.is_active) AS owner
  JOIN accounts_mailsetting AS setting
    ON setting.name LIKE 'notice:%:' || owner.language;

-- Undo:
DROP VIEW mail_notice;
