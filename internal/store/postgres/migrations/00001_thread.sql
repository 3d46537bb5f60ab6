-- Times are text, in UTC, always with nine decimals, so that they are exact and
-- sort as text.

-- +goose Up
CREATE TABLE counters (
  name  text   PRIMARY KEY,
  value bigint NOT NULL -- the last one given out
);

-- One JSON document a change; the other columns repeat what is searched for.
CREATE TABLE changes (
  number  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- order of creation
  id      text   NOT NULL UNIQUE,
  dataset text   NOT NULL,
  state   text   NOT NULL,
  maker   text   NOT NULL,
  input   text,               -- digest of the proposed file
  created text   NOT NULL,
  version bigint NOT NULL,
  doc     json   NOT NULL     -- not jsonb, which keeps no \u0000 and no order
);
CREATE INDEX changes_dataset ON changes (dataset, number);
CREATE INDEX changes_state   ON changes (state, number);
CREATE INDEX changes_maker   ON changes (maker, number);
CREATE INDEX changes_input   ON changes (input, number) WHERE input IS NOT NULL;

CREATE TABLE compacts (
  digest text  PRIMARY KEY,
  text   bytea NOT NULL -- byte for byte
);
-- The last row is in force.
CREATE TABLE compact_in_force (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  digest text NOT NULL REFERENCES compacts,
  since  text NOT NULL
);

CREATE TABLE leaves (
  number   bigint PRIMARY KEY, -- place in the log, from 0
  subject  text   NOT NULL,    -- what chains of leaves are found by
  leaf     bytea  NOT NULL,
  envelope text                -- digest
);
CREATE INDEX leaves_subject ON leaves (subject, number);
CREATE TABLE hashes (
  number bigint PRIMARY KEY, -- tlog's order of stored hashes, from 0
  hash   bytea  NOT NULL CHECK (length(hash) = 32)
);
CREATE TABLE envelopes (
  digest text  PRIMARY KEY,
  salt   bytea NOT NULL,
  body   bytea NOT NULL
);
CREATE TABLE checkpoints (
  size bigint PRIMARY KEY,
  note bytea  NOT NULL
);

-- +goose StatementBegin
CREATE FUNCTION log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the log is append-only';
END $$;
-- +goose StatementEnd
CREATE TRIGGER leaves_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON leaves EXECUTE FUNCTION log_is_append_only();
CREATE TRIGGER hashes_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON hashes EXECUTE FUNCTION log_is_append_only();

CREATE TABLE tokens (
  id      text  PRIMARY KEY,
  person  text  NOT NULL,
  hash    bytea NOT NULL CHECK (length(hash) = 32),
  created text  NOT NULL,
  expires text  NOT NULL,
  revoked text
);
CREATE TABLE accounts (
  email   text PRIMARY KEY,
  hash    text NOT NULL, -- PHC string
  changed text NOT NULL
);
CREATE TABLE sessions (
  token   bytea PRIMARY KEY, -- SHA-256 of the cookie's
  data    bytea NOT NULL,
  expires text  COLLATE "C" NOT NULL
);
CREATE INDEX sessions_expires ON sessions (expires);

-- +goose Down
DROP TABLE sessions;
DROP TABLE accounts;
DROP TABLE tokens;
DROP TABLE checkpoints;
DROP TABLE envelopes;
DROP TABLE hashes;
DROP TABLE leaves;
DROP FUNCTION log_is_append_only;
DROP TABLE compact_in_force;
DROP TABLE compacts;
DROP TABLE changes;
DROP TABLE counters;
