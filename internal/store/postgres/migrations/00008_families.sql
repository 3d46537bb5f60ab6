-- +goose Up
-- What members of a family, a change over several datasets, are searched for; a
-- change over one has that in changes.
CREATE TABLE members (
  change  text NOT NULL REFERENCES changes (id),
  dataset text NOT NULL,
  input   text,          -- digest of the proposed file
  content text,          -- digest of its rows
  PRIMARY KEY (change, dataset)
);
CREATE INDEX members_dataset ON members (dataset);

-- +goose Down
DROP TABLE members;
