-- +goose Up
-- The datasets on which a plan is being tried.
CREATE TABLE trials (
  dataset TEXT PRIMARY KEY,
  doc     TEXT NOT NULL
);

-- +goose Down
DROP TABLE trials;
