-- +goose Up
-- Who asked to see what, and what came of it.
CREATE TABLE access_requests (
  number  INTEGER PRIMARY KEY,
  id      TEXT NOT NULL UNIQUE,
  person  TEXT NOT NULL,
  dataset TEXT NOT NULL,
  state   TEXT NOT NULL,
  doc     TEXT NOT NULL
) STRICT;
CREATE INDEX access_requests_person ON access_requests (person, state);

-- What people read in an hour that is not over, or not yet in the log.
CREATE TABLE reads (
  period  TEXT NOT NULL, -- its first moment
  person  TEXT NOT NULL,
  dataset TEXT NOT NULL,
  change  TEXT NOT NULL, -- '' for live rows
  calls   INTEGER NOT NULL,
  lines   INTEGER NOT NULL,
  PRIMARY KEY (period, person, dataset, change)
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE reads;
DROP TABLE access_requests;
DELETE FROM counters WHERE name = 'access';
