-- The index for searches of mailboxes by the beginning of their name, regardless of case.
-- (SQLite reads every row for such a search, with or without an index.)

CREATE INDEX account_name_beginning
  ON accounts_account (UPPER(name::text) text_pattern_ops);

-- Undo:
DROP INDEX account_name_beginning;
