package sqlite

import (
	"database/sql"
	"time"

	"sutor/internal/record"
	"sutor/internal/store"
	"sutor/internal/workflow"
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

// CompactVersions implements workflow.Compacts.
func (t *tx) CompactVersions(limit int) (list []workflow.CompactVersion, err error) {
	err = t.each(func(rows *sql.Rows) error {
		var v workflow.CompactVersion
		var since store.Time
		if err := rows.Scan(&v.Digest, &since); err != nil {
			return fault(err)
		}
		v.Since = since.Time
		list = append(list, v)
		return nil
	}, `SELECT digest, since FROM compact_in_force ORDER BY number DESC LIMIT ?`, limit)
	return list, err
}
