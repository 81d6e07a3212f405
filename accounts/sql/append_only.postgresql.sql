-- Security events are written once: nobody changes or deletes one. Only the link to a
-- mailbox may go, when the mailbox does. Tests try every column.

CREATE FUNCTION accounts_securityevent_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF NEW.account_id IS NULL
       AND to_jsonb(NEW) - 'account_id' = to_jsonb(OLD) - 'account_id' THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'security events are never changed' USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER accounts_securityevent_rows
  BEFORE UPDATE OR DELETE ON accounts_securityevent
  FOR EACH ROW EXECUTE FUNCTION accounts_securityevent_refuse();

CREATE TRIGGER accounts_securityevent_table
  BEFORE TRUNCATE ON accounts_securityevent
  FOR EACH STATEMENT EXECUTE FUNCTION accounts_securityevent_refuse();

-- The portal owns the table: it could give itself the rights back, but not by mistake.
-- (PostgreSQL checks foreign keys with the right to update one column at least.)
REVOKE UPDATE, DELETE, TRUNCATE ON accounts_securityevent FROM CURRENT_USER;
GRANT UPDATE (account_id) ON accounts_securityevent TO CURRENT_USER;

-- Undo:
GRANT UPDATE, DELETE, TRUNCATE ON accounts_securityevent TO CURRENT_USER;
DROP TRIGGER accounts_securityevent_table ON accounts_securityevent;
DROP TRIGGER accounts_securityevent_rows ON accounts_securityevent;
DROP FUNCTION accounts_securityevent_refuse();
