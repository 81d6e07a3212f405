-- What plain Dovecot reads: one of each account's client passwords, the same hash.
CREATE TABLE plain (address text PRIMARY KEY, password text NOT NULL);

INSERT INTO plain
SELECT address, '{ARGON2ID}' || hash
  FROM mail_logon
 WHERE protocol = 'imap' AND domain = 'bench.example' AND selector = :'selector';

GRANT SELECT ON plain TO mailportal_mail;
ANALYZE plain;
