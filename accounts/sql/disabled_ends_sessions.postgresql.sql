-- Disabling a mailbox ends its portal sessions for good, even if it is enabled again. A
-- trigger does this, because a mailbox can be disabled in many ways.

CREATE FUNCTION accounts_account_disable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.sessions_ended := GREATEST(NEW.sessions_ended, OLD.sessions_ended + 1);
  RETURN NEW;
END $$;

CREATE TRIGGER accounts_account_disable BEFORE UPDATE ON accounts_account
  FOR EACH ROW WHEN (OLD.is_active AND NOT NEW.is_active)
  EXECUTE FUNCTION accounts_account_disable();

-- Undo:
DROP TRIGGER accounts_account_disable ON accounts_account;
DROP FUNCTION accounts_account_disable();
