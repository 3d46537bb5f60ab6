-- +goose Up
-- Each plan asks whether its maker has had a change applied before: whoever has made
-- thousands would have them all read.
CREATE INDEX changes_maker_state ON changes (maker, state, number);

-- +goose Down
DROP INDEX changes_maker_state;
