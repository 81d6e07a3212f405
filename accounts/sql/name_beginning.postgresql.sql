-- By what administrators look mailboxes up besides the address: the beginning of the
-- name, in capitals or not. (SQLite looks at every row for that, with or without.)

CREATE INDEX account_name_beginning
  ON accounts_account (UPPER(name::text) text_pattern_ops);

-- Undo:
DROP INDEX account_name_beginning;
