package workflow

import (
	"context"
	"encoding/json"
	"errors"
	"io"

	"sutor/internal/access"
	"sutor/internal/expr"
	"sutor/internal/guard"
	"sutor/internal/record"
	"sutor/internal/wire"
)

// fittingShown is how many rows are shown of those that a condition is for.
const fittingShown = 10

// Fitting counts the rows of a dataset that the condition of a rule is for, as they
// are now, and shows the first. It reads the columns and rows that the person sees;
// what cannot be judged of a row makes it none of them, as in the plan of the rule.
func (w *Workflow) Fitting(ctx context.Context, p access.Principal, name, where string) (out wire.Fitting, err error) {
	r, err := w.reading(ctx, p, name, access.SeeRows, "see")
	if err != nil {
		return out, w.refused(ctx, p, "", "fitting", err)
	}
	named := r.sight.columns(r.table.Columns)
	condition, err := guard.CompileTable(where, named)
	if err != nil {
		return out, inExpression("The condition", err)
	}
	shown := r.columns
	asked := withRead(shown, r.table.Columns, &condition, r.only)
	narrow := condition.Narrow(expr.Whole, r.table.Columns)
	if r.only != nil {
		narrow = record.Filter{All: []record.Filter{narrow, r.only.Narrow(expr.Whole, r.table.Columns)}}
	}
	out = wire.Fitting{Columns: shown.Names(), First: []map[string]json.RawMessage{}}
	bounded, cancel := context.WithTimeout(ctx, liveTime)
	defer cancel()
	err = pipeRows(func(to io.Writer) error {
		_, err := r.sys.Select(bounded, r.table.Table, narrow, r.key, asked, to)
		return err
	}, func(fields []record.Field) error {
		row := liveRow{asked, fields}
		if condition.Judge(row) != expr.True || r.only != nil && r.only.Judge(row) != expr.True {
			return nil
		}
		if out.Rows++; len(out.First) < fittingShown {
			out.First = append(out.First, r.shown(shown, fields))
		}
		return nil
	})
	if bounded.Err() != nil && ctx.Err() == nil {
		out.More, err = true, nil // a count so far is an answer
	}
	return out, errors.Join(err, w.countRead(ctx, Read{Person: p.Email, Dataset: name, Rows: int64(len(out.First))}))
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
