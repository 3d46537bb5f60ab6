-- +goose Up
ALTER TABLE changes ADD COLUMN content TEXT; -- digest of the proposed file's rows
CREATE INDEX changes_content ON changes (content, number) WHERE content IS NOT NULL;

-- One JSON document a recipe, and one a version of it, which never changes.
CREATE TABLE recipes (
  id      TEXT PRIMARY KEY,
  dataset TEXT NOT NULL,
  name    TEXT NOT NULL,
  author  TEXT NOT NULL,
  shared  INTEGER NOT NULL,
  removed INTEGER NOT NULL,
  doc     TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX recipes_own    ON recipes (dataset, author, name) WHERE removed = 0;
CREATE UNIQUE INDEX recipes_shared ON recipes (dataset, name) WHERE shared = 1 AND removed = 0;
CREATE TABLE recipe_versions (
  recipe  TEXT NOT NULL REFERENCES recipes,
  version INTEGER NOT NULL,
  doc     TEXT NOT NULL,
  PRIMARY KEY (recipe, version)
) STRICT, WITHOUT ROWID;

-- What was decided about columns: the last of each person, dataset and header.
CREATE TABLE memories (
  dataset    TEXT NOT NULL,
  person     TEXT NOT NULL,
  header     TEXT NOT NULL, -- digest of the header's names
  department TEXT NOT NULL,
  number     INTEGER NOT NULL, -- order of remembering
  doc        TEXT NOT NULL,
  PRIMARY KEY (dataset, person, header)
) STRICT, WITHOUT ROWID;
CREATE INDEX memories_number ON memories (dataset, number);

-- +goose Down
DROP TABLE memories;
DROP TABLE recipe_versions;
DROP TABLE recipes;
DROP INDEX changes_content;
ALTER TABLE changes DROP COLUMN content;
DELETE FROM counters WHERE name IN ('recipe', 'memory');
