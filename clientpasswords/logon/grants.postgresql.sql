-- The mail servers' role, where it exists, reads the two logon views and nothing else.
-- deploy/postgres/roles.sql creates it. A view that is created again needs a new grant.

DO $$ BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailportal_mail') THEN
    GRANT SELECT ON mail_logon, mail_web_logon, mail_notice TO mailportal_mail;
  END IF;
END $$;
