package postgres

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"sutor/internal/change"
	"sutor/internal/store"
	"sutor/internal/workflow"
)

// NewID implements workflow.Changes: 1001, 1002, …; a number given out in a
// transaction that is rolled back is given out again. Others who want one wait.
func (t *tx) NewID() (change.ID, error) {
	var n int64
	t.wrote = true
	err := t.row(`INSERT INTO counters (name, value) VALUES ('change', $1)
		ON CONFLICT (name) DO UPDATE SET value = counters.value + 1 RETURNING value`, store.FirstID).Scan(&n)
	return change.ID(strconv.FormatInt(n, 10)), fault(err)
}

// CreateChange implements workflow.Changes.
func (t *tx) CreateChange(c *change.Change) error {
	t.saved = append(t.saved, c.ID)
	return store.Create(c, func(doc string) error {
		_, err := t.exec(`INSERT INTO changes (id, dataset, state, maker, input, content, created, version, doc) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			c.ID, c.Dataset, c.State, c.Maker, store.InputOf(c), store.ContentOf(c), store.TimeText(c.CreatedAt), c.Version, doc)
		if err != nil {
			return err
		}
		return t.saveMembers(c)
	})
}

// saveMembers keeps what the members of a family are searched for.
func (t *tx) saveMembers(c *change.Change) error {
	for _, m := range store.Members(c) {
		_, err := t.exec(`INSERT INTO members (change, dataset, input, content) VALUES ($1, $2, $3, $4)
			ON CONFLICT (change, dataset) DO UPDATE SET input = excluded.input, content = excluded.content`,
			text(c.ID), m.Dataset, store.InputOf(m), store.ContentOf(m))
		if err != nil {
			return err
		}
	}
	return nil
}

// SaveChange implements workflow.Changes.
func (t *tx) SaveChange(c *change.Change) error {
	t.saved = append(t.saved, c.ID)
	return store.Save(c, func(doc string) error {
		n, err := t.exec(`UPDATE changes SET dataset = $1, state = $2, maker = $3, input = $4, content = $5, version = $6, doc = $7 WHERE id = $8 AND version = $9`,
			c.Dataset, c.State, c.Maker, store.InputOf(c), store.ContentOf(c), c.Version, doc, text(c.ID), c.Version-1)
		if err != nil {
			return err
		}
		if n == 1 {
			return t.saveMembers(c)
		}
		if _, err := t.Change(c.ID); err != nil {
			return err
		}
		return store.Stale(c.ID)
	})
}

// Change implements workflow.Changes. Inside Do the change is locked.
func (t *tx) Change(id change.ID) (*change.Change, error) {
	query := `SELECT doc FROM changes WHERE id = $1`
	if t.locks {
		query += ` FOR UPDATE`
	}
	var doc []byte
	if err := t.row(query, text(id)).Scan(&doc); err != nil {
		return nil, found(err, store.NoChange(id))
	}
	return store.Decode(doc)
}

// Changes implements workflow.Changes.
func (t *tx) Changes(f workflow.Filter) ([]*change.Change, error) {
	where, args, err := t.where(f)
	if err != nil {
		return nil, err
	}
	limit := f.Limit
	if limit <= 0 {
		limit = store.Page
	}
	var list []*change.Change
	err = t.each(func(row pgx.Row) error {
		var doc []byte
		if err := row.Scan(&doc); err != nil {
			return err
		}
		c, err := store.Decode(doc)
		list = append(list, c)
		return err
	}, `SELECT doc FROM changes WHERE `+where+fmt.Sprintf(` ORDER BY number DESC LIMIT %d`, limit), args...)
	return list, err
}

// where makes a filter's condition, out of fixed texts only.
func (t *tx) where(f workflow.Filter) (string, []any, error) {
	parts, args := []string{"true"}, []any{}
	add := func(part string, arg any) {
		args = append(args, arg)
		parts = append(parts, fmt.Sprintf(part, len(args)))
	}
	if len(f.States) > 0 {
		add("state = ANY ($%d)", texts(f.States))
	}
	if f.Maker != "" {
		add("maker = $%d", text(f.Maker))
	}
	var of []string // of the change itself, or of one member of a family
	add = func(part string, arg any) {
		args = append(args, arg)
		of = append(of, fmt.Sprintf(part, len(args)))
	}
	if f.Datasets != nil {
		add("dataset = ANY ($%d)", texts(f.Datasets))
	}
	if f.Input != "" {
		add("input = $%d", text(f.Input))
	}
	if f.Content != "" {
		add("content = $%d", text(f.Content))
	}
	if len(of) > 0 {
		one := strings.Join(of, " AND ")
		parts = append(parts, "("+one+" OR id IN (SELECT change FROM members WHERE "+one+"))")
	}
	if f.Before != "" {
		var number int64
		if err := t.row(`SELECT number FROM changes WHERE id = $1`, text(f.Before)).Scan(&number); err != nil {
			return "", nil, found(err, store.NoChange(f.Before))
		}
		args = append(args, number)
		parts = append(parts, fmt.Sprintf("number < $%d", len(args)))
	}
	return strings.Join(parts, " AND "), args, nil
}
