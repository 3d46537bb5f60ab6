package workflow

import (
	"context"
	"errors"
	"math"
	"slices"

	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
)

// neighbours are the plans of other changes of a dataset that wait, as files.
type neighbours struct {
	plans   []neighbour
	release func()
}

type neighbour struct {
	id      change.ID
	key     record.Schema
	parquet string
}

// files lists the plans' paths.
func (n neighbours) files() (paths []string) {
	for _, p := range n.plans {
		paths = append(paths, p.parquet)
	}
	return paths
}

// mostNeighbours bounds the plans that a new one is compared with: the newest.
const mostNeighbours = 20

// waiting opens the plans of the dataset's changes that wait for a decision or
// for their apply. One that is gone is left out: it waits no longer, or fails
// when its turn comes.
func (w *Workflow) waiting(ctx context.Context, c *change.Change) (n neighbours, err error) {
	var all []*change.Change
	err = w.Store.View(ctx, func(tx Tx) (err error) {
		all, err = tx.Changes(Filter{Datasets: []string{c.Dataset}, States: []change.State{change.Submitted, change.Approved}, Limit: mostNeighbours})
		return err
	})
	var releases []func()
	n.release = func() {
		for _, r := range releases {
			r()
		}
	}
	for _, other := range all {
		if other = other.On(c.Dataset); other == nil || other.ID == c.ID || other.Plan == nil {
			continue
		}
		m, parquet, release, err := w.openPlan(ctx, other.Plan.Digest)
		if errs.KindOf(err) == errs.NotFound {
			continue
		}
		if err != nil {
			n.release()
			return n, err
		}
		releases = append(releases, release)
		n.plans = append(n.plans, neighbour{other.ID, m.KeySchema(), parquet})
	}
	return n, err
}

// assess judges how risky a plan is, by itself and by the changes before and
// beside it.
func (w *Workflow) assess(ctx context.Context, comp *compact.Compact, d *compact.Dataset, c *change.Change, s *duck.Session, out *plan.Outcome, beside neighbours) (change.Risk, error) {
	in := change.RiskInput{Weights: d.Risk, Counts: out.Manifest.Counts, TableRows: out.Manifest.TableRows, Findings: out.Findings,
		At: w.Now().In(comp.Timezone), Reversal: c.IsReversal()}
	for _, f := range out.Facts {
		rule := d.Columns[f.Column]
		in.Columns = append(in.Columns, change.ColumnFacts{Column: f.Column, Label: labelOf(rule, f.Column), Critical: rule.Critical, Written: f.Written, Jumps: f.Jumps, Spread: finite(f.Spread)})
	}
	key := out.Manifest.KeySchema()
	for _, n := range beside.plans {
		if !slices.Equal(n.key.Names(), key.Names()) {
			continue
		}
		rows, err := s.Overlap(ctx, out.Parquet, n.parquet, len(key))
		if err != nil {
			return change.Risk{}, err
		}
		in.Waiting = append(in.Waiting, change.Overlap{Change: n.id, Rows: rows})
	}
	err := w.Store.View(ctx, func(tx Tx) error { return history(tx, c, out.Manifest.Columns.Names(), &in) })
	return change.RiskOf(in), err
}

// usualSpread gives how far the numbers of the dataset's columns usually lie apart.
func (w *Workflow) usualSpread(ctx context.Context, c *change.Change) (usual map[string]float64, err error) {
	var before [][]change.ColumnFacts
	err = w.Store.View(ctx, func(tx Tx) error {
		last, err := tx.Changes(Filter{Datasets: []string{c.Dataset}, States: []change.State{change.Applied, change.Undone}, Limit: change.UsualSize})
		for _, l := range last {
			if l.Plan != nil && l.Plan.Risk.Grounds != nil && l.ID != c.ID {
				before = append(before, l.Plan.Risk.Grounds.Columns)
			}
		}
		return err
	})
	return change.UsualSpread(before), err
}

// finite gives a number as it can be kept; of a column with an infinity or NaN there
// is no spread.
func finite(f float64) float64 {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return 0
	}
	return f
}

// history adds what the dataset's last applied changes were like.
func history(tx Tx, c *change.Change, columns []string, in *change.RiskInput) error {
	done := []change.State{change.Applied, change.Undone}
	last, err := tx.Changes(Filter{Datasets: []string{c.Dataset}, States: done, Limit: change.UsualSize})
	own, err2 := tx.Changes(Filter{Datasets: []string{c.Dataset}, States: done, Maker: c.Maker, Limit: 1})
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	in.FirstBy, in.NewLayout = len(own) == 0, len(last) > 0
	for _, before := range last {
		if before = before.On(c.Dataset); before == nil {
			continue
		}
		if before.Result != nil && !before.IsReversal() {
			in.Usual = append(in.Usual, before.Result.Applied)
		}
		if before.Plan != nil && slices.Equal(before.Plan.Columns, columns) {
			in.NewLayout = false
		}
	}
	return nil
}
