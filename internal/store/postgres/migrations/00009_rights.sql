-- +goose Up
-- Who asked to see what, and what came of it.
CREATE TABLE access_requests (
  number  bigint PRIMARY KEY,
  id      text NOT NULL UNIQUE,
  person  text NOT NULL,
  dataset text NOT NULL,
  state   text NOT NULL,
  doc     json NOT NULL
);
CREATE INDEX access_requests_person ON access_requests (person, state);

-- What people read in an hour that is not over, or not yet in the log.
CREATE TABLE reads (
  period  text NOT NULL, -- its first moment
  person  text NOT NULL,
  dataset text NOT NULL,
  change  text NOT NULL, -- '' for live rows
  calls   bigint NOT NULL,
  lines   bigint NOT NULL,
  PRIMARY KEY (period, person, dataset, change)
);

-- +goose Down
DROP TABLE reads;
DROP TABLE access_requests;
DELETE FROM counters WHERE name = 'access';
