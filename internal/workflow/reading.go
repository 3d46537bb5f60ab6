package workflow

import (
	"context"
	"encoding/json"
	"io"
	"math"
	"strconv"

	"sutor/internal/access"
	"sutor/internal/errs"
	"sutor/internal/expr"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/system/driver"
)

// reading is somebody's look at the live rows of a dataset: the columns and the
// rows that they see, and no others. There is no other way to live rows for people
// (TestLiveRowsAreReadThroughSight): the system is asked for no more than it must
// give, and what it gives is judged again here.
type reading struct {
	sight
	sys     *system.System
	table   driver.Table
	key     record.Schema
	columns record.Schema // the key, then the others that can be read and are seen
	only    *expr.Condition
}

// reading opens a dataset for somebody who may do the action; what says in words
// what they want to do with its rows.
func (w *Workflow) reading(ctx context.Context, p access.Principal, name string, a access.Action, what string) (*reading, error) {
	var ad access.Dataset
	err := w.Store.View(ctx, func(tx Tx) (err error) {
		if p, err = w.today(tx, p); err != nil {
			return err
		}
		ad, err = w.seen(p, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !access.May(p, a, ad) {
		return nil, errs.New(errs.Forbidden, "Your roles do not let you %s the rows of %s.", what, name).
			WithMend("Ask somebody of the department %s.", ad.Department)
	}
	d, _ := w.Compact().Dataset(name)
	sys, err := w.Systems.System(d.System)
	if err != nil {
		return nil, err
	}
	table, err := sys.Describe(ctx, d.Table)
	if err != nil {
		return nil, err
	}
	return w.look(w.sight(p, name), sys, table)
}

// look is a reading by somebody whose rights were asked for already.
func (w *Workflow) look(s sight, sys *system.System, table driver.Table) (*reading, error) {
	r := &reading{sight: s, sys: sys, table: table, key: table.Columns.Pick(s.d.Key)}
	r.columns = append(append(r.columns, r.key...), s.columns(readable(table, s.d.Key))...)
	var err error
	r.only, err = s.only(table.Columns)
	return r, err
}

// each gives the rows that the person sees, in key order: the fields of columns.
func (r *reading) each(ctx context.Context, columns record.Schema, do func([]record.Field) error) error {
	if r.only == nil {
		return pipeRows(func(out io.Writer) error {
			_, err := r.sys.Export(ctx, r.table.Table, r.key, columns, out)
			return err
		}, do)
	}
	return r.sifted(ctx, r.key, columns, do)
}

// sifted asks the system for the rows that may be seen, and judges each again.
func (r *reading) sifted(ctx context.Context, key, columns record.Schema, do func([]record.Field) error) error {
	all := withRead(columns, r.table.Columns, r.only)
	return pipeRows(func(out io.Writer) error {
		_, err := r.sys.Select(ctx, r.table.Table, r.only.Narrow(expr.Whole, r.table.Columns), key, all, out)
		return err
	}, func(fields []record.Field) error {
		if r.only.Judge(liveRow{all, fields}) != expr.True {
			return nil
		}
		return do(fields[:len(columns)])
	})
}

// fitting gives the rows that the person sees and that a condition certainly is for, in
// key order: the fields of the reading's columns. The system sifts, and each is judged
// again.
func (r *reading) fitting(ctx context.Context, condition expr.Condition, do func([]record.Field) error) error {
	all := withRead(r.columns, r.table.Columns, &condition, r.only)
	narrow := condition.Narrow(expr.Whole, r.table.Columns)
	if r.only != nil {
		narrow = record.Filter{All: []record.Filter{narrow, r.only.Narrow(expr.Whole, r.table.Columns)}}
	}
	return pipeRows(func(out io.Writer) error {
		_, err := r.sys.Select(ctx, r.table.Table, narrow, r.key, all, out)
		return err
	}, func(fields []record.Field) error {
		row := liveRow{all, fields}
		if condition.Judge(row) != expr.True || r.only != nil && r.only.Judge(row) != expr.True {
			return nil
		}
		return do(fields[:len(r.columns)])
	})
}

// withRead adds to columns those that conditions read.
func withRead(columns, table record.Schema, conditions ...*expr.Condition) record.Schema {
	out := append(record.Schema{}, columns...)
	for _, c := range conditions {
		if c == nil {
			continue
		}
		for _, ref := range c.Refs() {
			if i := table.Index(ref.Name); i >= 0 && out.Index(ref.Name) < 0 {
				out = append(out, table[i])
			}
		}
	}
	return out
}

// shown gives a row for the person, of which these columns come first; of a masked
// value only what its mask lets through.
func (r *reading) shown(columns record.Schema, fields []record.Field) map[string]json.RawMessage {
	row := map[string]json.RawMessage{}
	for i, c := range columns {
		row[c.Name] = value(c.Type, fields[i].Ptr())
		if mask := r.Of(c.Name); mask != access.NoMask && !fields[i].Null {
			row[c.Name] = plan.CanonicalJSON(mask.Of(string(fields[i].Text)))
		}
	}
	return row
}

// liveRow is a row of a system as conditions over a table judge it.
type liveRow struct {
	columns record.Schema
	fields  []record.Field
}

// Column implements expr.Env.
func (l liveRow) Column(_ expr.Side, name string) (string, bool) {
	i := l.columns.Index(name)
	if i < 0 || l.fields[i].Null {
		return "", false
	}
	text := string(l.fields[i].Text)
	if t := l.columns[i].Type; t.Kind == record.Float { // which each system prints in its own way
		x, err := strconv.ParseFloat(text, t.Bits)
		return record.FormatFloat(x, t.Bits), err == nil || math.IsInf(x, 0)
	}
	return text, true
}

// Op implements expr.Env: nothing happens to the row.
func (liveRow) Op() string { return "" }

// Changed implements expr.Env.
func (liveRow) Changed() []string { return nil }
