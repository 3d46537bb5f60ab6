-- +goose Up
-- The datasets on which a plan is being tried.
CREATE TABLE trials (
  dataset TEXT PRIMARY KEY,
  doc     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE trials;
