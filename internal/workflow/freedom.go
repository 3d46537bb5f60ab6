package workflow

import (
	"fmt"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/expr"
	"sutor/internal/guard"
)

// figures gives change rules what they are judged on.
func figures(maker access.Email, c change.Counts, tableRows int64, risk change.Risk) guard.Change {
	return guard.Change{Rows: c.Written(), Inserts: c.Insert, Updates: c.Update, Deletes: c.Delete, TableRows: tableRows,
		Risk: risk.Score, Maker: maker}
}

// freedom says why the maker may go ahead without the owner; "" if they may not.
// A freedom must hold for certain: unknown is not enough.
func (w *Workflow) freedom(tx Tx, comp *compact.Compact, c *change.Change) (string, error) {
	why := ""
	for _, one := range c.ByDataset() { // of a family all must hold, judged by the risk of the whole
		free, err := w.freedomOn(tx, comp, one, c.Plan.Risk)
		if err != nil || free == "" {
			return "", err
		}
		why = free
	}
	return why, nil
}

// freedomOn is freedom over one dataset.
func (w *Workflow) freedomOn(tx Tx, comp *compact.Compact, c *change.Change, risk change.Risk) (string, error) {
	d, there := comp.Dataset(c.Dataset)
	maker, known := comp.Principal(c.Maker)
	if !there || !known {
		return "", nil
	}
	level, err := w.levelNow(tx, maker)
	if err != nil {
		return "", err
	}
	for _, f := range d.Freedom {
		rule, err := guard.CompileChange(freedomRule(f))
		if err != nil || !level.AtLeast(f.Level) {
			continue
		}
		if rule.Eval(figures(c.Maker, c.Plan.Counts, c.Plan.TableRows, risk)) == expr.True {
			return fmt.Sprintf("The Compact lets makers of level %s go ahead where %s.", f.Level, f.When.Text), nil
		}
	}
	return "", nil
}
