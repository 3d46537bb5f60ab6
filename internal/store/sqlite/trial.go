package sqlite

import (
	"database/sql"
	"encoding/json"
	"errors"

	"sutor/internal/change"
	"sutor/internal/store"
	"sutor/internal/workflow"
)

// TakeTurn implements workflow.Trials: units of work follow each other anyway.
func (t *tx) TakeTurn(string) error { return nil }

// SaveTrial implements workflow.Trials.
func (t *tx) SaveTrial(s change.Trying) error {
	doc, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO trials (dataset, doc) VALUES (?, ?) ON CONFLICT (dataset) DO UPDATE SET doc = excluded.doc`, s.Dataset, string(doc))
	return err
}

// EndTrial implements workflow.Trials.
func (t *tx) EndTrial(dataset string) error {
	_, err := t.exec(`DELETE FROM trials WHERE dataset = ?`, dataset)
	return err
}

// Trial implements workflow.Trials.
func (t *tx) Trial(dataset string) (*change.Trying, error) {
	var doc []byte
	err := t.row(`SELECT doc FROM trials WHERE dataset = ?`, dataset).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fault(err)
	}
	return store.Read[change.Trying](doc)
}

var _ workflow.Trials = (*tx)(nil)
