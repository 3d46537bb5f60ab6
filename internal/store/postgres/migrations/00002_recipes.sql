-- +goose Up
ALTER TABLE changes ADD COLUMN content text; -- digest of the proposed file's rows
CREATE INDEX changes_content ON changes (content, number) WHERE content IS NOT NULL;

-- One JSON document a recipe, and one a version of it, which never changes.
CREATE TABLE recipes (
  id      text PRIMARY KEY,
  dataset text NOT NULL,
  name    text NOT NULL,
  author  text NOT NULL,
  shared  boolean NOT NULL,
  removed boolean NOT NULL,
  doc     json NOT NULL
);
CREATE UNIQUE INDEX recipes_own    ON recipes (dataset, author, name) WHERE NOT removed;
CREATE UNIQUE INDEX recipes_shared ON recipes (dataset, name) WHERE shared AND NOT removed;
CREATE TABLE recipe_versions (
  recipe  text NOT NULL REFERENCES recipes,
  version bigint NOT NULL,
  doc     json NOT NULL,
  PRIMARY KEY (recipe, version)
);

-- What was decided about columns: the last of each person, dataset and header.
CREATE TABLE memories (
  dataset    text NOT NULL,
  person     text NOT NULL,
  header     text NOT NULL, -- digest of the header's names
  department text NOT NULL,
  number     bigint NOT NULL, -- order of remembering
  doc        json NOT NULL,
  PRIMARY KEY (dataset, person, header)
);
CREATE INDEX memories_number ON memories (dataset, number);

-- +goose Down
DROP TABLE memories;
DROP TABLE recipe_versions;
DROP TABLE recipes;
DROP INDEX changes_content;
ALTER TABLE changes DROP COLUMN content;
DELETE FROM counters WHERE name IN ('recipe', 'memory');
