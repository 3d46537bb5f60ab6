package workflow

import (
	"context"
	"encoding/json"
	"errors"

	"sutor/internal/access"
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
	out = wire.Fitting{Columns: r.columns.Names(), First: []map[string]json.RawMessage{}}
	bounded, cancel := context.WithTimeout(ctx, liveTime)
	defer cancel()
	err = r.fitting(bounded, condition, func(fields []record.Field) error {
		if out.Rows++; len(out.First) < fittingShown {
			out.First = append(out.First, r.shown(r.columns, fields))
		}
		return nil
	})
	if bounded.Err() != nil && ctx.Err() == nil {
		out.More, err = true, nil // a count so far is an answer
	}
	return out, errors.Join(err, w.countRead(ctx, Read{Person: p.Email, Dataset: name, Rows: int64(len(out.First))}))
}
