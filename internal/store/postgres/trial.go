package postgres

import (
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5"

	"sutor/internal/change"
	"sutor/internal/store"
	"sutor/internal/workflow"
)

// TakeTurn implements workflow.Trials. Two names with one hash wait for each other,
// which does no harm.
func (t *tx) TakeTurn(dataset string) error {
	return t.run(`SELECT pg_catalog.pg_advisory_xact_lock('trials'::regclass::oid::int4, pg_catalog.hashtext($1))`, dataset)
}

// SaveTrial implements workflow.Trials.
func (t *tx) SaveTrial(s change.Trying) error {
	doc, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO trials (dataset, doc) VALUES ($1, $2) ON CONFLICT (dataset) DO UPDATE SET doc = excluded.doc`, s.Dataset, string(doc))
	return err
}

// EndTrial implements workflow.Trials.
func (t *tx) EndTrial(dataset string) error {
	_, err := t.exec(`DELETE FROM trials WHERE dataset = $1`, dataset)
	return err
}

// Trial implements workflow.Trials.
func (t *tx) Trial(dataset string) (*change.Trying, error) {
	var doc []byte
	err := t.row(`SELECT doc FROM trials WHERE dataset = $1`, dataset).Scan(&doc)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fault(err)
	}
	return store.Read[change.Trying](doc)
}

var _ workflow.Trials = (*tx)(nil)
