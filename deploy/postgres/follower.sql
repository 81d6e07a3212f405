-- The role of `follow_logons` on mail nodes that are not the portal's machine, run by the
-- database's administrator once the portal has made its tables ("manage.py prepare"):
--
--     psql -X -v ON_ERROR_STOP=1 -f deploy/postgres/follower.sql
--
-- May be run any number of times; once more when the change log says so, and after a dump was
-- put back. How a node comes in as it is for you to say (docs/operations.md, "A mail node of
-- its own"): here it has no password.
--
--   mailportal_follower  writes what a mail server's log tells: uses, the history of logons,
--                        events, notifications, and orders to look at sessions. It reads no
--                        hash, phone number, token or web session, and changes no mailbox,
--                        policy or password; of what is counted, recorded and told, only
--                        what a log tells

SELECT 'CREATE ROLE mailportal_follower LOGIN'
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'mailportal_follower')
\gexec

ALTER ROLE mailportal_follower SET statement_timeout = '30s';
ALTER ROLE mailportal_follower CONNECTION LIMIT 50;

\connect mailportal

-- What it has of former releases goes first.
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM mailportal_follower;

-- Whose logon it was, locked while it is written. PostgreSQL locks a row for whoever may
-- write a column of it; "last_login" decides over nothing.
GRANT SELECT (id, address, domain_id), UPDATE (last_login) ON accounts_account TO mailportal_follower;
-- By which password, without its hash, and whether it replaces another; a use takes its
-- suspension back.
GRANT SELECT (id, account_id, label, suspends_at, is_silenced, replaces_id),
      UPDATE (suspends_at)
   ON clientpasswords_clientpassword TO mailportal_follower;

-- What the log told, and how far it was read.
GRANT SELECT, INSERT, UPDATE
   ON clientpasswords_usage, clientpasswords_knownnetwork, clientpasswords_logon,
      clientpasswords_dailylogons, clientpasswords_logonday, clientpasswords_followedlog,
      accounts_heartbeat
   TO mailportal_follower;
-- How many guesses there were in this hour.
GRANT SELECT, INSERT, UPDATE ON accounts_budget TO mailportal_follower;

-- What owners and administrators should know of.
GRANT INSERT, SELECT (id, at, kind, account_id, domain, network_address, detail, reason)
   ON accounts_securityevent TO mailportal_follower;
GRANT INSERT, SELECT (id) ON accounts_notification TO mailportal_follower;

-- Sessions that were let in and have no right now: why, and the order to look at them.
GRANT SELECT (credential, protocol, refusal) ON mail_logon TO mailportal_follower;
GRANT SELECT (address, protocol, refusal) ON mail_web_logon TO mailportal_follower;
GRANT INSERT, SELECT (id, login_mask, node, due_at)
   ON accounts_cutoff TO mailportal_follower;

-- Of these three tables a privilege is too much: with it, whoever has a node would take back
-- the counts of wrong web passwords, record what never happened, or have the portal send text
-- messages to any number. No policy of row security: it would stop later changes of columns.
CREATE OR REPLACE FUNCTION mailportal_follower_writes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_TABLE_NAME = 'accounts_budget' THEN
    IF NEW.key LIKE 'mail-guesses:%' AND (TG_OP = 'INSERT' OR OLD.key = NEW.key) THEN
      RETURN NEW;
    END IF;
  ELSIF TG_TABLE_NAME = 'accounts_securityevent' THEN
    IF NEW.kind IN ('first-used', 'new-network', 'revoked-tried', 'guessed') THEN
      RETURN NEW;
    END IF;
  ELSIF NEW.number = '' THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'mailportal_follower may not write this' USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE OR REPLACE TRIGGER mailportal_follower_writes BEFORE INSERT OR UPDATE ON accounts_budget
  FOR EACH ROW WHEN (current_user = 'mailportal_follower')
  EXECUTE FUNCTION mailportal_follower_writes();
CREATE OR REPLACE TRIGGER mailportal_follower_writes BEFORE INSERT ON accounts_securityevent
  FOR EACH ROW WHEN (current_user = 'mailportal_follower')
  EXECUTE FUNCTION mailportal_follower_writes();
CREATE OR REPLACE TRIGGER mailportal_follower_writes BEFORE INSERT ON accounts_notification
  FOR EACH ROW WHEN (current_user = 'mailportal_follower')
  EXECUTE FUNCTION mailportal_follower_writes();
