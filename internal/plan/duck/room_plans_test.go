package duck_test

import (
	"testing"
	"time"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/expr"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// TestEveryPlanAsksForRoom: a plan that there is no disk for is refused, whatever it is
// made of: a file, rows that a rule picks, a part of the table, or an applied plan.
func TestEveryPlanAsksForRoom(t *testing.T) {
	t.Parallel()
	there, then, file := renamed()
	e, err := duck.New(duck.Options{Dir: t.TempDir()})
	must(t, err)
	t.Cleanup(e.Close)
	s, err := e.Session(t.Context())
	must(t, err)
	t.Cleanup(s.Close)
	spec := stockSpec()
	quiet := func(string, int64, int64) {}
	rev := applied(t, s, spec, there, file)
	for _, c := range []struct {
		name string
		free int64 // too little
		make func() error
	}{
		{"a file", 1000, func() error {
			_, err := s.Build(t.Context(), spec, stage(t, s, file), there.system(t), quiet)
			return err
		}},
		{"a part of the table", 300_000, func() error { // enough for the file
			spec := stockSpec()
			spec.Options.Mode, spec.Within = change.Sync, &plan.Part{Where: everything(t), MaxDeletes: 100}
			_, err := s.Build(t.Context(), spec, stage(t, s, file), there.system(t), quiet)
			return err
		}},
		{"a rule", 1000, func() error {
			spec := stockSpec()
			spec.Sources, spec.Columns, spec.Rule = []plan.Source{{Name: "price", Column: "price"}}, nil, &plan.Rule{Where: everything(t), Set: []plan.Assign{{Column: "price", Null: true}}}
			_, err := s.Build(t.Context(), spec, "", there.system(t), quiet)
			return err
		}},
		{"an undo", 1000, func() error {
			spec := stockSpec()
			spec.Sources, spec.Columns = nil, nil
			_, err := s.Reverse(t.Context(), spec, rev, then.system(t), quiet)
			return err
		}},
	} {
		for free, kind := range map[int64]errs.Kind{c.free: errs.Unavailable, 1 << 40: 0} {
			s.Forget(t.Context())
			e.LeaveFree(free)
			err := c.make()
			if kind == 0 {
				must(t, err)
			} else if errs.KindOf(err) != kind {
				t.Errorf("%s, with %d bytes left: %v", c.name, free, err)
			}
		}
	}
}

// stockSpec is what plans of items are made by.
func stockSpec() plan.Spec {
	spec := plan.Spec{Table: driver.Table{Table: record.Table{Name: "item"}, Columns: itemColumns, PrimaryKey: []string{"id"}}, Key: itemColumns[:1], Judged: itemColumns[1:],
		Columns: itemColumns.Names(), Location: time.UTC, Options: change.Options{Mode: change.Upsert}, Allow: map[driver.Op]bool{"insert": true, "update": true, "delete": true}}
	for i, c := range itemColumns {
		spec.Sources = append(spec.Sources, plan.Source{File: i, Name: c.Name, Column: c.Name})
	}
	return spec
}

// everything holds for every item.
func everything(t *testing.T) expr.Condition {
	t.Helper()
	id, err := expr.Col(expr.Whole, itemColumns[0])
	must(t, err)
	same, err := expr.Compare(expr.Equal, id, id)
	must(t, err)
	all, err := expr.NewCondition(same)
	must(t, err)
	return all
}
