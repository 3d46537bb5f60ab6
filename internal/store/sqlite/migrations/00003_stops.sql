-- +goose Up
-- The emergency stops that hold.
CREATE TABLE stops (
  dataset TEXT PRIMARY KEY,
  doc     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- +goose Down
DROP TABLE stops;
