-- The portal's two roles, run by the database's administrator:
--
--     psql -X -v ON_ERROR_STOP=1 -f deploy/postgres/roles.sql
--
-- You can run it any number of times: before the first "migrate", which grants the mail
-- role its three views, and afterwards.
--
--   mailportal       owns the database "mailportal" and everything in it
--   mailportal_mail  Dovecot and Postfix: reads the two logon views and nothing else
--
-- Neither has a password: both come over the Unix socket, where PostgreSQL knows which
-- system user is calling (docs/operations.md has the commands). In pg_hba.conf, before the line "local all all peer":
--
--     local  mailportal  mailportal       peer
--     local  mailportal  mailportal_mail  peer  map=mailportal
--
-- and in pg_ident.conf:
--
--     mailportal  dovecot  mailportal_mail
--     mailportal  postfix  mailportal_mail

SELECT format('CREATE ROLE %I LOGIN', name)
  FROM unnest(ARRAY['mailportal', 'mailportal_mail']) AS name
 WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name)
\gexec

SELECT 'CREATE DATABASE mailportal OWNER mailportal'
 WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = 'mailportal')
\gexec

-- A look-up takes a fraction of a millisecond. If one takes seconds, PostgreSQL cancels it,
-- and the client is told to try again.
ALTER ROLE mailportal_mail SET statement_timeout = '2s';
ALTER ROLE mailportal_mail SET default_transaction_read_only = on;
ALTER ROLE mailportal_mail CONNECTION LIMIT 200;

-- The portal makes many short queries: starting further processes for a query, or
-- compiling it, would take longer than most queries, and processors from everybody else.
ALTER ROLE mailportal SET max_parallel_workers_per_gather = 0;
ALTER ROLE mailportal SET jit = off;

\connect mailportal

-- Only the owner can create anything here, even temporary tables.
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE TEMPORARY ON DATABASE mailportal FROM PUBLIC;

-- The views, if "migrate" has created them already.
SELECT format('GRANT SELECT ON %I TO mailportal_mail', relname)
  FROM pg_class
 WHERE relname IN ('mail_logon', 'mail_web_logon', 'mail_notice') AND relkind = 'v'
   AND relnamespace = 'public'::regnamespace
\gexec
