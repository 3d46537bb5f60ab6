package postgres

import (
	"time"

	"github.com/jackc/pgx/v5"

	"sutor/internal/record"
	"sutor/internal/store"
	"sutor/internal/workflow"
)

// InForce implements workflow.Compacts. Inside Do it stays so until its end: many
// may rely on that at once, and who puts another one in force waits for them.
func (t *tx) InForce() (d record.Digest, err error) {
	if t.locks {
		if err := t.run(`SELECT pg_catalog.pg_advisory_xact_lock_shared('compact_in_force'::regclass::oid::bigint)`); err != nil {
			return "", err
		}
	}
	_, err = scanned(t.row(`SELECT digest FROM compact_in_force ORDER BY number DESC LIMIT 1`), &d)
	return d, err
}

// CompactText implements workflow.Compacts.
func (t *tx) CompactText(d record.Digest) ([]byte, error) {
	var content []byte
	err := t.row(`SELECT text FROM compacts WHERE digest = $1`, text(d)).Scan(&content)
	return content, found(err, store.NoCompact(d))
}

// PutInForce implements workflow.Compacts. The digest must be the text's. Of two
// that asked what is in force, and both go on to change it, one is run again.
func (t *tx) PutInForce(d record.Digest, content []byte, at time.Time) error {
	if err := store.CheckCompact(d, content); err != nil {
		return err
	}
	if err := t.run(`SELECT pg_catalog.pg_advisory_xact_lock('compact_in_force'::regclass::oid::bigint)`); err != nil {
		return err
	}
	if _, err := t.exec(`INSERT INTO compacts (digest, text) VALUES ($1, $2) ON CONFLICT DO NOTHING`, d, content); err != nil {
		return err
	}
	_, err := t.exec(`INSERT INTO compact_in_force (digest, since) VALUES ($1, $2)`, d, store.TimeText(at))
	return err
}

// CompactVersions implements workflow.Compacts.
func (t *tx) CompactVersions(limit int) (list []workflow.CompactVersion, err error) {
	err = t.each(func(row pgx.Row) error {
		var v workflow.CompactVersion
		var since store.Time
		if err := row.Scan(&v.Digest, &since); err != nil {
			return fault(err)
		}
		v.Since = since.Time
		list = append(list, v)
		return nil
	}, `SELECT digest, since FROM compact_in_force ORDER BY number DESC LIMIT $1`, limit)
	return list, err
}
