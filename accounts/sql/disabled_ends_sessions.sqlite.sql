-- Whoever is disabled is signed out of the portal, and stays so when they are enabled
-- again. A mailbox is disabled in many ways; here they all come by.
--
-- SQLite has a table made anew by most changes of a column, and the triggers go with the
-- old one: a migration that makes such a change undoes this before, and runs it after.

CREATE TRIGGER accounts_account_disable AFTER UPDATE ON accounts_account
WHEN OLD.is_active AND NOT NEW.is_active
BEGIN
  UPDATE accounts_account
     SET sessions_ended = MAX(NEW.sessions_ended, OLD.sessions_ended + 1)
   WHERE id = NEW.id;
END;

-- Undo:
DROP TRIGGER accounts_account_disable;
