package mem

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

const (
	defaultLockSeconds = 10
	maxConflicts       = 10_000 // that Write lists
)

// tx is the one transaction there can be.
type tx struct {
	db    *Database
	own   map[record.Table]*table // copies of the tables written to
	mark  map[record.Table]*table // of these, at the mark
	ended bool
}

// Begin takes the writer's place.
func (s *session) Begin(ctx context.Context, o driver.Options) (driver.Tx, error) {
	if err := s.Ping(ctx); err != nil {
		return nil, err
	}
	if o.LockSeconds <= 0 {
		o.LockSeconds = defaultLockSeconds
	}
	limit := time.NewTimer(time.Duration(o.LockSeconds) * time.Second)
	defer limit.Stop()
	select {
	case s.db.writer <- struct{}{}:
		return &tx{db: s.db, own: map[record.Table]*table{}}, nil
	case <-limit.C:
		return nil, errs.New(errs.Unavailable, "Somebody else is writing to the database.").WithMend("Try again in a moment.")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (x *tx) ID() string { return "" }

func (x *tx) Commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	x.db.mu.Lock()
	for name, t := range x.own {
		x.db.tables[name] = t
	}
	x.db.mu.Unlock()
	return x.Rollback(ctx)
}

// Rollback gives the writer's place back, once.
func (x *tx) Rollback(context.Context) error {
	if !x.ended {
		x.ended = true
		<-x.db.writer
	}
	return nil
}

// Check has nothing to judge: no constraint here is deferred.
func (x *tx) Check(ctx context.Context) error { return ctx.Err() }

// Mark keeps copies of what was written so far.
func (x *tx) Mark(ctx context.Context) error {
	x.mark = copies(x.own)
	return ctx.Err()
}

// Back takes copies of them again.
func (x *tx) Back(ctx context.Context) error {
	x.own = copies(x.mark)
	return ctx.Err()
}

func copies(tables map[record.Table]*table) map[record.Table]*table {
	out := map[record.Table]*table{}
	for name, t := range tables {
		out[name] = t.copied()
	}
	return out
}

// table gives the transaction's own copy of a table.
func (x *tx) table(name record.Table) (*table, error) {
	if t := x.own[name]; t != nil {
		return t, nil
	}
	t, err := x.db.committed(name, errs.Changed)
	if err != nil {
		return nil, err
	}
	x.own[name] = t.copied()
	return x.own[name], nil
}

// step is one Write.
type step struct {
	w            driver.Write
	t            *table
	key, columns []int            // places in the table
	index        map[string][]int // rows by key
	deleted      map[int]bool
	out          *record.Writer
	conflicts    []driver.Conflict
}

func (x *tx) Write(ctx context.Context, w driver.Write, rows io.Reader, stored io.Writer) (int64, []driver.Conflict, error) {
	if err := ctx.Err(); err != nil {
		return 0, nil, err
	}
	t, err := x.table(w.Table)
	if err != nil {
		return 0, nil, err
	}
	if t.ReadOnly != "" {
		return 0, nil, &driver.Refusal{Message: t.ReadOnly}
	}
	s := &step{w: w, t: t, deleted: map[int]bool{}, out: record.NewWriter(stored)}
	if s.key, err = t.positions(w.Key, errs.Changed); err != nil {
		return 0, nil, err
	}
	if s.columns, err = t.positions(w.Columns, errs.Changed); err != nil {
		return 0, nil, err
	}
	s.index = t.index(s.key)
	if _, err = eachRecord(rows, 2+len(w.Key)+2*len(w.Columns), s.row); err != nil || len(s.conflicts) > 0 {
		return 0, s.conflicts, err
	}
	s.sweep()
	if err := x.judge(t); err != nil {
		return 0, nil, err
	}
	return s.out.Rows(), nil, s.out.Flush()
}

// sweep takes the deleted rows out.
func (s *step) sweep() {
	var left []row
	for i, r := range s.t.rows {
		if !s.deleted[i] {
			left = append(left, r)
		}
	}
	s.t.rows = left
}

// row writes one row of the step, or notes a conflict.
func (s *step) row(n int64, values []*string) error {
	nk, nc := len(s.key), len(s.columns)
	mask, key, before, after := *values[0], values[1:1+nk], values[1+nk:1+nk+nc], values[1+nk+nc:]
	at, there := s.find(key)
	switch {
	case s.w.Op == driver.Insert && there:
		s.conflict(driver.Conflict{Number: n})
		return nil
	case s.w.Op == driver.Insert:
		return s.insert(n, mask, key, after)
	case !there || !same(s.t.rows[at].pick(s.columns), before),
		s.w.Op == driver.Delete && !same(s.t.rows[at].pick(s.key), key): // an undo could not give the live row's own back
		s.conflict(driver.Conflict{Number: n, Gone: !there})
		return nil
	case s.w.Op == driver.Delete:
		s.deleted[at] = true
		return s.store(n, s.t.rows[at])
	}
	changed, err := s.changed(s.t.rows[at], mask, after)
	if err != nil {
		return err
	}
	s.t.rows[at] = changed
	return s.store(n, changed)
}

// store gives back a row as it is, or was, stored.
func (s *step) store(n int64, r row) error {
	return s.t.write(s.out, n, slices.Concat(s.key, s.columns), r)
}

func (s *step) conflict(c driver.Conflict) {
	if len(s.conflicts) < maxConflicts {
		s.conflicts = append(s.conflicts, c)
	}
}

func (s *step) find(key []*string) (int, bool) {
	id, ok := s.t.identity(s.key, key)
	if !ok {
		return 0, false
	}
	for _, i := range s.index[id] {
		if !s.deleted[i] {
			return i, true
		}
	}
	return 0, false
}

func (s *step) insert(n int64, mask string, key, after []*string) error {
	given := map[string]*string{}
	for i, c := range s.w.Key {
		given[c.Name] = key[i]
	}
	for i, c := range s.w.Columns {
		if mask[i] == '1' {
			given[c.Name] = after[i]
		}
	}
	fresh, err := s.t.fresh(given, s.w.OverrideIdentity)
	if err != nil {
		return err
	}
	if id, ok := s.t.identity(s.key, fresh.pick(s.key)); ok {
		s.index[id] = append(s.index[id], len(s.t.rows))
	}
	s.t.rows = append(s.t.rows, fresh)
	return s.store(n, fresh)
}

// changed gives the row with the masked columns of after.
func (s *step) changed(old row, mask string, after []*string) (row, error) {
	r := slices.Clone(old)
	for i, at := range s.columns {
		if mask[i] != '1' {
			continue
		}
		c := s.t.Columns[at]
		if c.Generated || c.Identity == "always" {
			return nil, fillsItself(c)
		}
		r[at] = trimmed(c, after[i])
	}
	return r, s.t.complete(r)
}

// fresh makes a new row of the given values and what the system fills in.
func (t *table) fresh(given map[string]*string, override bool) (row, error) {
	r := make(row, len(t.Columns))
	for i, c := range t.Columns {
		v, ok := given[c.Name]
		switch {
		case ok && (c.Generated || c.Identity == "always" && !override):
			return nil, fillsItself(c)
		case ok:
			r[i] = trimmed(c, v)
		case c.Identity != "":
			t.last[c.Name]++
			text := strconv.FormatInt(t.last[c.Name], 10)
			r[i] = &text
		default:
			r[i] = t.Defaults[c.Name]
		}
	}
	return r, t.complete(r)
}

// complete computes the generated columns of a row and judges it by itself.
func (t *table) complete(r row) error {
	for i, c := range t.Columns {
		if formula := t.Generated[c.Name]; formula != nil {
			r[i] = formula(func(name string) *string { return r[t.Columns.Index(name)] })
		}
	}
	for i, c := range t.Columns {
		if r[i] == nil && !c.Nullable && !c.Generated {
			return &driver.Refusal{Constraint: "NOT NULL", Column: c.Name, Message: "The column " + c.Name + " needs a value."}
		}
	}
	return nil
}

func fillsItself(c record.Column) error {
	return &driver.Refusal{Column: c.Name, Message: "The system fills " + c.Name + " itself."}
}

// trimmed is how a value is stored: char(n) without the blanks at its end.
func trimmed(c record.Column, v *string) *string {
	if v == nil || !c.Type.Fixed {
		return v
	}
	text := strings.TrimRight(*v, " ")
	return &text
}

// same tells whether two rows have the same values, NULL being equal to NULL.
func same(a, b []*string) bool {
	return slices.EqualFunc(a, b, func(x, y *string) bool { return x == y || x != nil && y != nil && *x == *y })
}
