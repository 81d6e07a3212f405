-- The audit log is append-only: triggers refuse to change or delete a security event.
-- Only its link to the mailbox may become NULL, when the mailbox is deleted. Tests try
-- every column.
--
-- On SQLite, most changes of a column replace the table and drop its triggers. A migration
-- with such a change reverses this script before it, and runs it again after it.

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
