package postgres

import (
	"encoding/json"
	"errors"

	"github.com/jackc/pgx/v5"

	"sutor/internal/change"
	"sutor/internal/store"
	"sutor/internal/workflow"
)

// SaveStop implements workflow.Stops.
func (t *tx) SaveStop(s change.Stop) error {
	doc, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO stops (dataset, doc) VALUES ($1, $2) ON CONFLICT (dataset) DO UPDATE SET doc = excluded.doc`, s.Dataset, string(doc))
	return err
}

// LiftStop implements workflow.Stops.
func (t *tx) LiftStop(dataset string) error {
	_, err := t.exec(`DELETE FROM stops WHERE dataset = $1`, dataset)
	return err
}

// Stop implements workflow.Stops.
func (t *tx) Stop(dataset string) (*change.Stop, error) {
	var doc []byte
	err := t.row(`SELECT doc FROM stops WHERE dataset = $1`, dataset).Scan(&doc)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fault(err)
	}
	return store.Read[change.Stop](doc)
}

var _ workflow.Stops = (*tx)(nil)
