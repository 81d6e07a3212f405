-- Whoever is disabled is signed out of the portal, and stays so when they are enabled
-- again. A mailbox is disabled in many ways; here they all come by.

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
