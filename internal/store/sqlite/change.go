package sqlite

import (
	"database/sql"
	"encoding/json"
	"strconv"
	"strings"

	"sutor/internal/change"
	"sutor/internal/store"
	"sutor/internal/workflow"
)

// NewID implements workflow.Changes: 1001, 1002, …; a number given out in a
// transaction that is rolled back is given out again.
func (t *tx) NewID() (change.ID, error) {
	var n int64
	err := t.row(`INSERT INTO counters (name, value) VALUES ('change', ?)
		ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value`, store.FirstID).Scan(&n)
	return change.ID(strconv.FormatInt(n, 10)), fault(err)
}

// CreateChange implements workflow.Changes.
func (t *tx) CreateChange(c *change.Change) error {
	t.saved = append(t.saved, c.ID)
	return store.Create(c, func(doc string) error {
		_, err := t.exec(`INSERT INTO changes (id, dataset, state, maker, input, content, created, version, doc) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
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
		_, err := t.exec(`INSERT INTO members (change, dataset, input, content) VALUES (?, ?, ?, ?)
			ON CONFLICT (change, dataset) DO UPDATE SET input = excluded.input, content = excluded.content`,
			c.ID, m.Dataset, store.InputOf(m), store.ContentOf(m))
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
		n, err := t.exec(`UPDATE changes SET dataset = ?, state = ?, maker = ?, input = ?, content = ?, version = ?, doc = ? WHERE id = ? AND version = ?`,
			c.Dataset, c.State, c.Maker, store.InputOf(c), store.ContentOf(c), c.Version, doc, c.ID, c.Version-1)
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

// Change implements workflow.Changes.
func (t *tx) Change(id change.ID) (*change.Change, error) {
	var doc []byte
	err := t.row(`SELECT doc FROM changes WHERE id = ?`, id).Scan(&doc)
	if err != nil {
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
	order := "number"
	if len(f.States) > 0 {
		order = "+number" // SQLite would read all changes of a maker in this order sooner than find the few in a state
	}
	var list []*change.Change
	err = t.each(func(rows *sql.Rows) error {
		var doc []byte
		if err := rows.Scan(&doc); err != nil {
			return err
		}
		c, err := store.Decode(doc)
		list = append(list, c)
		return err
	}, `SELECT doc FROM changes WHERE number IN (SELECT number FROM changes WHERE `+where+` ORDER BY `+order+` DESC LIMIT `+strconv.Itoa(limit)+`) ORDER BY number DESC`, args...)
	return list, err
}

// where makes a filter's condition, out of fixed texts only.
func (t *tx) where(f workflow.Filter) (string, []any, error) {
	parts, args := []string{"true"}, []any{}
	add := func(part string, arg any) { parts, args = append(parts, part), append(args, arg) }
	part, of, err := ofMember(f)
	if err != nil {
		return "", nil, err
	}
	if part != "" { // of the change itself, or of one member of a family
		parts = append(parts, "("+part+" OR id IN (SELECT change FROM members WHERE "+part+"))")
		args = append(append(args, of...), of...)
	}
	if len(f.States) > 0 {
		list, err := json.Marshal(f.States)
		if err != nil {
			return "", nil, err
		}
		add("state IN (SELECT value FROM json_each(?))", string(list))
	}
	if f.Maker != "" {
		add("maker = "+text, f.Maker)
	}
	if f.Before != "" {
		var number int64
		if err := t.row(`SELECT number FROM changes WHERE id = ?`, f.Before).Scan(&number); err != nil {
			return "", nil, found(err, store.NoChange(f.Before))
		}
		add("number < ?", number)
	}
	return strings.Join(parts, " AND "), args, nil
}

// ofMember is what a filter says of a change's one dataset and its file.
func ofMember(f workflow.Filter) (string, []any, error) {
	var parts []string
	var args []any
	add := func(part string, arg any) { parts, args = append(parts, part), append(args, arg) }
	if f.Datasets != nil {
		list, err := json.Marshal(f.Datasets)
		if err != nil {
			return "", nil, err
		}
		add("dataset IN (SELECT value FROM json_each(?))", string(list))
	}
	if f.Input != "" {
		add("input = "+text, f.Input)
	}
	if f.Content != "" {
		add("content = "+text, f.Content)
	}
	return strings.Join(parts, " AND "), args, nil
}
