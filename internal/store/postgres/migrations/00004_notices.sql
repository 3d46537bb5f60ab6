-- +goose Up
-- What people were told; one row a person.
CREATE TABLE notices (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person text NOT NULL,
  change text NOT NULL,   -- what it is about; '' for none
  read   text,            -- when; NULL if not yet
  mail   bigint NOT NULL, -- the mail that carries it; 0 if none does yet
  doc    json NOT NULL
);
CREATE INDEX notices_person   ON notices (person, number);
CREATE INDEX notices_unread   ON notices (person, number) WHERE read IS NULL;
CREATE INDEX notices_change   ON notices (change, number);
CREATE INDEX notices_unmailed ON notices (number) WHERE mail = 0;

-- Mails, each to one person, until they are sent and after.
CREATE TABLE mails (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person text NOT NULL,
  due    text NOT NULL, -- when to try next; whoever tries moves it on first
  done   text,          -- when it was sent or given up; NULL until then
  doc    json NOT NULL
);
CREATE INDEX mails_due    ON mails (due) WHERE done IS NULL;
CREATE INDEX mails_person ON mails (person, number);

-- +goose Down
DROP TABLE mails;
DROP TABLE notices;
