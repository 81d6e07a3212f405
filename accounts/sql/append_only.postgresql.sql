-- The audit log is append-only: triggers refuse to change or delete a security event.
-- Only its link to the mailbox may become NULL, when the mailbox is deleted. Tests try
-- every column.

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

-- The portal owns the table, so it could grant itself the rights again, but not by
-- mistake. (PostgreSQL needs the right to update one column to check foreign keys.)
REVOKE UPDATE, DELETE, TRUNCATE ON accounts_securityevent FROM CURRENT_USER;
GRANT UPDATE (account_id) ON accounts_securityevent TO CURRENT_USER;

-- Undo:
GRANT UPDATE, DELETE, TRUNCATE ON accounts_securityevent TO CURRENT_USER;
DROP TRIGGER accounts_securityevent_table ON accounts_securityevent;
DROP TRIGGER accounts_securityevent_rows ON accounts_securityevent;
DROP FUNCTION accounts_securityevent_refuse();
