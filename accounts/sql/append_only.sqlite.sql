-- Security events are written once: nobody changes or deletes one. Only the link to a
-- mailbox may go, when the mailbox does. Tests try every column.
--
-- SQLite has a table made anew by most changes of a column, and the triggers go with the
-- old one: a migration that makes such a change undoes this before, and runs it after.

CREATE TRIGGER accounts_securityevent_update BEFORE UPDATE ON accounts_securityevent
WHEN NEW.account_id IS NOT NULL
  OR NEW.id IS NOT OLD.id
  OR NEW.at IS NOT OLD.at
  OR NEW.kind IS NOT OLD.kind
  OR NEW.address IS NOT OLD.address
  OR NEW.domain IS NOT OLD.domain
  OR NEW.actor IS NOT OLD.actor
  OR NEW.network_address IS NOT OLD.network_address
  OR NEW.detail IS NOT OLD.detail
  OR NEW.reason IS NOT OLD.reason
BEGIN
  SELECT RAISE(ABORT, 'security events are never changed');
END;

CREATE TRIGGER accounts_securityevent_delete BEFORE DELETE ON accounts_securityevent
BEGIN
  SELECT RAISE(ABORT, 'security events are never changed');
END;

-- Undo:
DROP TRIGGER accounts_securityevent_update;
DROP TRIGGER accounts_securityevent_delete;
