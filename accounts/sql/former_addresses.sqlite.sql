-- An address that a mailbox leaves is recorded as a former one, whatever way the mailbox
-- went, and refused to every other mailbox until it is released. Tests try every way.
--
-- SQLite has a table made anew by most changes of a column, and the triggers go with the
-- old one: a migration that makes such a change undoes this before, and runs it after.

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
