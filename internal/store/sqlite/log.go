package sqlite

import (
	"database/sql"
	"encoding/json"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"

	"sutor/internal/evidence"
	"sutor/internal/record"
)

// logTree is the evidence log inside one transaction.
type logTree struct{ *tx }

// Size implements evidence.Tree.
func (l logTree) Size() (int64, error) { return l.next("leaves") }

// next gives the number of rows in a table numbered from 0 without gaps.
func (l logTree) next(table string) (int64, error) {
	var n int64
	err := l.row(`SELECT coalesce(max(number) + 1, 0) FROM ` + table).Scan(&n)
	return n, fault(err)
}

// Tail implements evidence.Tree.
func (l logTree) Tail(subject string) (leaf []byte, err error) {
	_, err = scanned(l.row(`SELECT leaf FROM leaves WHERE subject = `+text+` ORDER BY number DESC LIMIT 1`, subject), &leaf)
	return leaf, err
}

// Append implements evidence.Tree.
func (l logTree) Append(r evidence.Record) error {
	size, err := l.Size()
	if err != nil {
		return err
	}
	hashes, err := l.next("hashes")
	if err != nil {
		return err
	}
	if r.Index != size || r.HashIndex != hashes {
		return fmt.Errorf("leaf %d with hashes from %d does not follow a log of %d leaves and %d hashes", r.Index, r.HashIndex, size, hashes)
	}
	var envelope any
	if r.Digest != "" {
		envelope = r.Digest
	}
	if _, err := l.exec(`INSERT INTO leaves (number, subject, leaf, envelope) VALUES (?, ?, ?, ?)`, r.Index, r.Subject, r.Leaf, envelope); err != nil {
		return err
	}
	for i, h := range r.Hashes {
		if _, err := l.exec(`INSERT INTO hashes (number, hash) VALUES (?, ?)`, r.HashIndex+int64(i), h[:]); err != nil {
			return err
		}
	}
	if r.Envelope == nil {
		return nil
	}
	_, err = l.exec(`INSERT INTO envelopes (digest, salt, body) VALUES (?, ?, ?)`, r.Digest, r.Envelope.Salt, r.Envelope.Body)
	return err
}

// SaveCheckpoint implements evidence.Tree.
func (l logTree) SaveCheckpoint(size int64, note []byte) error {
	_, err := l.exec(`INSERT INTO checkpoints (size, note) VALUES (?, ?) ON CONFLICT (size) DO UPDATE SET note = excluded.note`, size, note)
	return err
}

// ReadHashes implements tlog.HashReader.
func (l logTree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	list, err := json.Marshal(indexes)
	if err != nil {
		return nil, err
	}
	known := make(map[int64]tlog.Hash, len(indexes))
	err = l.each(func(rows *sql.Rows) error {
		var number int64
		var hash []byte
		if err := rows.Scan(&number, &hash); err != nil {
			return err
		}
		known[number] = tlog.Hash(hash) // the schema holds the length
		return nil
	}, `SELECT number, hash FROM hashes WHERE number IN (SELECT value FROM json_each(?))`, string(list))
	if err != nil {
		return nil, err
	}
	out := make([]tlog.Hash, len(indexes))
	for i, n := range indexes {
		h, ok := known[n]
		if !ok {
			return nil, evidence.NoHash(n)
		}
		out[i] = h
	}
	return out, nil
}

// Leaves implements evidence.Reader.
func (l logTree) Leaves(from int64, max int) ([][]byte, error) {
	size, err := l.Size()
	if err != nil {
		return nil, err
	}
	if from < 0 || from > size {
		return nil, fmt.Errorf("the log has no leaf %d", from)
	}
	var leaves [][]byte
	err = l.each(func(rows *sql.Rows) error {
		var leaf []byte
		err := rows.Scan(&leaf)
		leaves = append(leaves, leaf)
		return err
	}, `SELECT leaf FROM leaves WHERE number >= ? ORDER BY number LIMIT ?`, from, max)
	return leaves, err
}

// Chain implements evidence.Reader.
func (l logTree) Chain(subject string) ([]int64, error) {
	var chain []int64
	err := l.each(func(rows *sql.Rows) error {
		var number int64
		err := rows.Scan(&number)
		chain = append(chain, number)
		return err
	}, `SELECT number FROM leaves WHERE subject = ? ORDER BY number`, subject)
	return chain, err
}

// Envelope implements evidence.Reader.
func (l logTree) Envelope(d record.Digest) (*evidence.Envelope, error) {
	e := new(evidence.Envelope)
	there, err := scanned(l.row(`SELECT salt, body FROM envelopes WHERE digest = ?`, d), &e.Salt, &e.Body)
	if !there {
		return nil, err
	}
	return e, nil
}

// Checkpoints implements evidence.Reader.
func (l logTree) Checkpoints(size int64, max int) ([]evidence.Saved, error) {
	var list []evidence.Saved
	err := l.each(func(rows *sql.Rows) error {
		var s evidence.Saved
		err := rows.Scan(&s.Size, &s.Note)
		list = append(list, s)
		return err
	}, `SELECT size, note FROM checkpoints WHERE size >= ? ORDER BY size LIMIT ?`, size, max)
	return list, err
}

// Erase implements evidence.Eraser.
func (l logTree) Erase(d record.Digest) (bool, error) {
	n, err := l.exec(`DELETE FROM envelopes WHERE digest = ?`, d)
	return n == 1, err
}

var _ evidence.Store = logTree{}
