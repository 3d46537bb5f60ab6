-- +goose Up
-- What members of a family, a change over several datasets, are searched for; a
-- change over one has that in changes.
CREATE TABLE members (
  change  TEXT NOT NULL REFERENCES changes (id),
  dataset TEXT NOT NULL,
  input   TEXT,          -- digest of the proposed file
  content TEXT,          -- digest of its rows
  PRIMARY KEY (change, dataset)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_dataset ON members (dataset);

-- +goose Down
DROP TABLE members;
