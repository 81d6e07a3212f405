-- When a mailbox is renamed or deleted, triggers record its address as a former one, and
-- refuse it to every other mailbox until it is released. Tests try every way.
--
-- On SQLite, most changes of a column replace the table and drop its triggers. A migration
-- with such a change reverses this script before it, and runs it again after it.

CREATE TRIGGER accounts_account_leave_deleted AFTER DELETE ON accounts_account
BEGIN
  UPDATE accounts_formeraddress SET account_id = NULL WHERE account_id = OLD.id;
  INSERT INTO accounts_formeraddress (address, domain, left_at, because, account_id)
  VALUES (OLD.address, substr(OLD.address, instr(OLD.address, '@') + 1),
          strftime('%Y-%m-%d %H:%M:%f', 'now'), 'deleted', NULL)
  ON CONFLICT (address) DO UPDATE
    SET left_at = excluded.left_at, because = excluded.because,
        account_id = excluded.account_id;
END;

CREATE TRIGGER accounts_account_leave_renamed AFTER UPDATE ON accounts_account
WHEN OLD.address IS NOT NEW.address
BEGIN
  INSERT INTO accounts_formeraddress (address, domain, left_at, because, account_id)
  VALUES (OLD.address, substr(OLD.address, instr(OLD.address, '@') + 1),
          strftime('%Y-%m-%d %H:%M:%f', 'now'), 'renamed', OLD.id)
  ON CONFLICT (address) DO UPDATE
    SET left_at = excluded.left_at, because = excluded.because,
        account_id = excluded.account_id;
END;

CREATE TRIGGER accounts_account_take_made AFTER INSERT ON accounts_account
BEGIN
  SELECT RAISE(ABORT, 'this address is a former one of another mailbox')
    FROM accounts_formeraddress
   WHERE address = NEW.address AND account_id IS NOT NEW.id;
  DELETE FROM accounts_formeraddress WHERE address = NEW.address;
END;

CREATE TRIGGER accounts_account_take_renamed AFTER UPDATE ON accounts_account
WHEN OLD.address IS NOT NEW.address
BEGIN
  SELECT RAISE(ABORT, 'this address is a former one of another mailbox')
    FROM accounts_formeraddress
   WHERE address = NEW.address AND account_id IS NOT NEW.id;
  DELETE FROM accounts_formeraddress WHERE address = NEW.address;
END;

-- Undo:
DROP TRIGGER accounts_account_take_renamed;
DROP TRIGGER accounts_account_take_made;
DROP TRIGGER accounts_account_leave_renamed;
DROP TRIGGER accounts_account_leave_deleted;
