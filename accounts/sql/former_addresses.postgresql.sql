-- When a mailbox is renamed or deleted, triggers record its address as a former one, and
-- refuse it to every other mailbox until it is released. Tests try every way.
--
-- The triggers run AFTER the change, not BEFORE. If one transaction takes an address while
-- another is leaving it, the first waits for the second at the unique index of addresses.
-- Only after that can it see the former address. That needs READ COMMITTED: with a snapshot
-- from its beginning, the transaction would not see it. SERIALIZABLE does not help if the
-- other transaction does not use it too.
-- (TRUNCATE needs no trigger here: it would empty the audit log as well, and is refused.)

CREATE FUNCTION accounts_account_take() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('transaction_isolation') NOT LIKE 'read %' THEN
    RAISE EXCEPTION 'mailboxes get addresses in READ COMMITTED only' USING ERRCODE = 'object_not_in_prerequisite_state';
  END IF;
  IF EXISTS (SELECT FROM accounts_formeraddress WHERE address = NEW.address
             AND account_id IS DISTINCT FROM NEW.id) THEN
    RAISE EXCEPTION 'this address is a former one of another mailbox' USING ERRCODE = 'integrity_constraint_violation';
  END IF;
  DELETE FROM accounts_formeraddress WHERE address = NEW.address;
  RETURN NULL;
END $$;

CREATE FUNCTION accounts_account_leave() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    UPDATE accounts_formeraddress SET account_id = NULL WHERE account_id = OLD.id;
  END IF;
  INSERT INTO accounts_formeraddress (address, domain, left_at, because, account_id)
  VALUES (OLD.address, split_part(OLD.address, '@', 2), statement_timestamp(),
          CASE TG_OP WHEN 'DELETE' THEN 'deleted' ELSE 'renamed' END,
          CASE TG_OP WHEN 'DELETE' THEN NULL ELSE OLD.id END)
  ON CONFLICT (address) DO UPDATE
    SET left_at = EXCLUDED.left_at, because = EXCLUDED.because,
        account_id = EXCLUDED.account_id;
  RETURN NULL;
END $$;

CREATE TRIGGER accounts_account_leave_deleted AFTER DELETE ON accounts_account
  FOR EACH ROW EXECUTE FUNCTION accounts_account_leave();

CREATE TRIGGER accounts_account_leave_renamed AFTER UPDATE ON accounts_account
  FOR EACH ROW WHEN (OLD.address IS DISTINCT FROM NEW.address)
  EXECUTE FUNCTION accounts_account_leave();

CREATE TRIGGER accounts_account_take_made AFTER INSERT ON accounts_account
  FOR EACH ROW EXECUTE FUNCTION accounts_account_take();

CREATE TRIGGER accounts_account_take_renamed AFTER UPDATE ON accounts_account
  FOR EACH ROW WHEN (OLD.address IS DISTINCT FROM NEW.address)
  EXECUTE FUNCTION accounts_account_take();

-- Undo:
DROP TRIGGER accounts_account_take_renamed ON accounts_account;
DROP TRIGGER accounts_account_take_made ON accounts_account;
DROP TRIGGER accounts_account_leave_renamed ON accounts_account;
DROP TRIGGER accounts_account_leave_deleted ON accounts_account;
DROP FUNCTION accounts_account_leave();
DROP FUNCTION accounts_account_take();
