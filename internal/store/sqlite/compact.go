package sqlite

import (
	"time"

	"sutor/internal/record"
	"sutor/internal/store"
)

// InForce implements workflow.Compacts.
func (t *tx) InForce() (d record.Digest, err error) {
	_, err = scanned(t.row(`SELECT digest FROM compact_in_force ORDER BY number DESC LIMIT 1`), &d)
	return d, err
}

// CompactText implements workflow.Compacts.
func (t *tx) CompactText(d record.Digest) ([]byte, error) {
	var text []byte
	err := t.row(`SELECT text FROM compacts WHERE digest = ?`, d).Scan(&text)
	return text, found(err, store.NoCompact(d))
}

// PutInForce implements workflow.Compacts. The digest must be the text's.
func (t *tx) PutInForce(d record.Digest, text []byte, at time.Time) error {
	if err := store.CheckCompact(d, text); err != nil {
		return err
	}
	if _, err := t.exec(`INSERT INTO compacts (digest, text) VALUES (?, ?) ON CONFLICT DO NOTHING`, d, text); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO compact_in_force (digest, since) VALUES (?, ?)`, d, store.TimeText(at))
	return err
}
