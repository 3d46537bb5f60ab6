-- Times are text, in UTC, always with nine decimals, so that they sort as text.

-- +goose Up
CREATE TABLE counters (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL -- the last one given out
) STRICT, WITHOUT ROWID;

-- One JSON document a change; the other columns repeat what is searched for.
CREATE TABLE changes (
  number  INTEGER PRIMARY KEY, -- order of creation
  id      TEXT NOT NULL UNIQUE,
  dataset TEXT NOT NULL,
  state   TEXT NOT NULL,
  maker   TEXT NOT NULL,
  input   TEXT,                -- digest of the proposed file
  created TEXT NOT NULL,
  version INTEGER NOT NULL,
  doc     TEXT NOT NULL
) STRICT;
CREATE INDEX changes_dataset ON changes (dataset, number);
CREATE INDEX changes_state   ON changes (state, number);
CREATE INDEX changes_maker   ON changes (maker, number);
CREATE INDEX changes_input   ON changes (input, number) WHERE input IS NOT NULL;

CREATE TABLE compacts (
  digest TEXT PRIMARY KEY,
  text   BLOB NOT NULL -- byte for byte
) STRICT;
-- The last row is in force.
CREATE TABLE compact_in_force (
  number INTEGER PRIMARY KEY,
  digest TEXT NOT NULL REFERENCES compacts,
  since  TEXT NOT NULL
) STRICT;

CREATE TABLE leaves (
  number   INTEGER PRIMARY KEY, -- place in the log, from 0
  subject  TEXT NOT NULL,       -- what chains of leaves are found by
  leaf     BLOB NOT NULL,
  envelope TEXT                 -- digest
) STRICT;
CREATE INDEX leaves_subject ON leaves (subject, number);
CREATE TABLE hashes (
  number INTEGER PRIMARY KEY, -- tlog's order of stored hashes, from 0
  hash   BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE TABLE envelopes (
  digest TEXT PRIMARY KEY,
  salt   BLOB NOT NULL,
  body   BLOB NOT NULL
) STRICT;
CREATE TABLE checkpoints (
  size INTEGER PRIMARY KEY,
  note BLOB NOT NULL
) STRICT;

-- +goose StatementBegin
CREATE TRIGGER leaves_stay BEFORE UPDATE ON leaves BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER leaves_remain BEFORE DELETE ON leaves BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER hashes_stay BEFORE UPDATE ON hashes BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER hashes_remain BEFORE DELETE ON hashes BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
-- +goose StatementEnd

CREATE TABLE tokens (
  id      TEXT PRIMARY KEY,
  person  TEXT NOT NULL,
  hash    BLOB NOT NULL CHECK (length(hash) = 32),
  created TEXT NOT NULL,
  expires TEXT NOT NULL,
  revoked TEXT
) STRICT;
CREATE TABLE accounts (
  email   TEXT PRIMARY KEY,
  hash    TEXT NOT NULL, -- PHC string
  changed TEXT NOT NULL
) STRICT;
CREATE TABLE sessions (
  token   BLOB PRIMARY KEY, -- SHA-256 of the cookie's
  data    BLOB NOT NULL,
  expires TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_expires ON sessions (expires);

-- +goose Down
DROP TABLE sessions;
DROP TABLE accounts;
DROP TABLE tokens;
DROP TABLE checkpoints;
DROP TABLE envelopes;
DROP TABLE hashes;
DROP TABLE leaves;
DROP TABLE compact_in_force;
DROP TABLE compacts;
DROP TABLE changes;
DROP TABLE counters;
