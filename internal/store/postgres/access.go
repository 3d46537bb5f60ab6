package postgres

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"sutor/internal/access"
	"sutor/internal/store"
	"sutor/internal/workflow"
)

// NewRequestID implements workflow.Accesses: a1, a2, …
func (t *tx) NewRequestID() (access.RequestID, error) {
	n, err := t.next("access")
	return access.RequestID(fmt.Sprintf("a%d", n)), err
}

// SaveRequest implements workflow.Accesses.
func (t *tx) SaveRequest(r *access.Request) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = t.exec(`INSERT INTO access_requests (number, id, person, dataset, state, doc)
		VALUES ((SELECT coalesce(max(number), 0) + 1 FROM access_requests), $1, $2, $3, $4, $5)
		ON CONFLICT (id) DO UPDATE SET state = excluded.state, doc = excluded.doc`, r.ID, r.Person, r.Dataset, r.State, string(doc))
	return err
}

// Request implements workflow.Accesses. Inside Do the request is locked.
func (t *tx) Request(id access.RequestID) (*access.Request, error) {
	query := `SELECT doc FROM access_requests WHERE id = $1`
	if t.locks {
		query += ` FOR UPDATE`
	}
	var doc []byte
	if err := t.row(query, text(id)).Scan(&doc); err != nil {
		return nil, found(err, store.NoRequest(id))
	}
	return store.Read[access.Request](doc)
}

// Requests implements workflow.Accesses.
func (t *tx) Requests(f workflow.RequestFilter) (list []*access.Request, err error) {
	err = t.each(func(row pgx.Row) error {
		r, err := read[access.Request](row)
		list = append(list, r)
		return err
	}, `SELECT doc FROM access_requests WHERE ($1::text = '' OR person = $2) AND ($3::boolean OR state = ANY ($4)) ORDER BY number DESC`,
		text(f.Person), text(f.Person), f.States == nil, texts(f.States))
	return list, err
}

// CountRead implements workflow.Reads.
func (t *tx) CountRead(r workflow.Read) error {
	_, err := t.exec(`INSERT INTO reads (period, person, dataset, change, calls, lines) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (period, person, dataset, change) DO UPDATE SET calls = reads.calls + excluded.calls, lines = reads.lines + excluded.lines`,
		store.TimeText(r.Period), r.Person, r.Dataset, r.Change, r.Calls, r.Rows)
	return err
}

// TakeReads implements workflow.Reads.
func (t *tx) TakeReads(before time.Time) (list []workflow.Read, err error) {
	t.wrote = true
	err = t.each(func(row pgx.Row) error {
		var r workflow.Read
		var period store.Time
		err := row.Scan(&period, &r.Person, &r.Dataset, &r.Change, &r.Calls, &r.Rows)
		r.Period = period.Time
		list = append(list, r)
		return err
	}, `DELETE FROM reads WHERE period < $1 RETURNING period, person, dataset, change, calls, lines`, store.TimeText(before))
	slices.SortFunc(list, workflow.Read.Compare)
	return list, err
}

var (
	_ workflow.Accesses = (*tx)(nil)
	_ workflow.Reads    = (*tx)(nil)
)
