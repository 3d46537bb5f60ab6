package sqlite

import (
	"database/sql"
	"encoding/json"
	"errors"

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
	_, err = t.exec(`INSERT INTO stops (dataset, doc) VALUES (?, ?) ON CONFLICT (dataset) DO UPDATE SET doc = excluded.doc`, s.Dataset, string(doc))
	return err
}

// LiftStop implements workflow.Stops.
func (t *tx) LiftStop(dataset string) error {
	_, err := t.exec(`DELETE FROM stops WHERE dataset = ?`, dataset)
	return err
}

// Stop implements workflow.Stops.
func (t *tx) Stop(dataset string) (*change.Stop, error) {
	var doc []byte
	err := t.row(`SELECT doc FROM stops WHERE dataset = ?`, dataset).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fault(err)
	}
	return store.Read[change.Stop](doc)
}

var _ workflow.Stops = (*tx)(nil)
