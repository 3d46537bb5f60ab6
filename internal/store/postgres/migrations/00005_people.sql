-- +goose Up
-- What each maker's changes came to, and the level that this gives.
CREATE TABLE standings (
  person TEXT PRIMARY KEY,
  doc    TEXT NOT NULL
);

-- Who decides in whose place, and for how long.
CREATE TABLE deputies (
  id  TEXT PRIMARY KEY,
  doc TEXT NOT NULL
);

-- +goose Down
DROP TABLE deputies;
DROP TABLE standings;
