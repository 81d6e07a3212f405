-- Disabling a mailbox ends its portal sessions for good, even if it is enabled again. A
-- trigger does this, because a mailbox can be disabled in many ways.
--
-- On SQLite, most changes of a column replace the table and drop its triggers. A migration
-- with such a change reverses this script before it, and runs it again after it.

CREATE TRIGGER accounts_account_disable AFTER UPDATE ON accounts_account
WHEN OLD.is_active AND NOT NEW.is_active
BEGIN
  UPDATE accounts_account
     SET sessions_ended = MAX(NEW.sessions_ended, OLD.sessions_ended + 1)
   WHERE id = NEW.id;
END;

-- Undo:
DROP TRIGGER accounts_account_disable;
