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

// waiting gives the dataset's changes that wait for a decision or for their apply, the
// newest ones.
func waiting(tx Tx, c *change.Change) ([]*change.Change, error) {
	return tx.Changes(Filter{Datasets: []string{c.Dataset}, States: []change.State{change.Submitted, change.Approved}, Limit: mostNeighbours})
}

// neighbours opens the plans of changes that wait. One that is gone is left out: it
// waits no longer, or fails when its turn comes.
func (w *Workflow) neighbours(ctx context.Context, c *change.Change, all []*change.Change) (n neighbours, err error) {
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
func (w *Workflow) assess(ctx context.Context, comp *compact.Compact, p *drafted, out *plan.Outcome) (change.Risk, error) {
	d, c := p.d, p.c
	in := change.RiskInput{Weights: d.Risk, Counts: out.Manifest.Counts, TableRows: out.Manifest.TableRows, Findings: out.Findings,
		At: w.Now().In(comp.Timezone), Reversal: c.IsReversal()}
	for _, f := range out.Facts {
		rule := d.Columns[f.Column]
		in.Columns = append(in.Columns, change.ColumnFacts{Column: f.Column, Label: labelOf(rule, f.Column), Critical: rule.Critical, Written: f.Written, Jumps: f.Jumps, Spread: finite(f.Spread)})
	}
	key := out.Manifest.KeySchema()
	for _, n := range p.beside.plans {
		if !slices.Equal(n.key.Names(), key.Names()) {
			continue
		}
		rows, err := p.session.Overlap(ctx, out.Parquet, n.parquet, len(key))
		if err != nil {
			return change.Risk{}, err
		}
		in.Waiting = append(in.Waiting, change.Overlap{Change: n.id, Rows: rows})
	}
	p.past.ground(out.Manifest.Columns.Names(), &in)
	return change.RiskOf(in), nil
}

// past is what was applied to a dataset, as far as a plan is compared with it.
type past struct {
	last    []*change.Change // over the dataset alone, newest first; without the change that is planned
	firstBy bool             // nothing of the maker was applied yet
}

func pastOf(tx Tx, c *change.Change) (p past, err error) {
	done := []change.State{change.Applied, change.Undone}
	last, err := tx.Changes(Filter{Datasets: []string{c.Dataset}, States: done, Limit: change.UsualSize})
	for _, before := range last {
		if before = before.On(c.Dataset); before != nil && before.ID != c.ID {
			p.last = append(p.last, before)
		}
	}
	own, err2 := tx.Changes(Filter{Datasets: []string{c.Dataset}, States: done, Maker: c.Maker, Limit: 1})
	p.firstBy = len(own) == 0
	return p, errors.Join(err, err2)
}

// spread gives how far the numbers of the dataset's columns usually lie apart.
func (p past) spread() map[string]float64 {
	var before [][]change.ColumnFacts
	for _, l := range p.last {
		if l.Plan != nil && l.Plan.Risk.Grounds != nil {
			before = append(before, l.Plan.Risk.Grounds.Columns)
		}
	}
	return change.UsualSpread(before)
}

// finite gives a number as it can be kept; of a column with an infinity or NaN there
// is no spread.
func finite(f float64) float64 {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		return 0
	}
	return f
}

// ground adds what the last changes were like to the grounds of a risk.
func (p past) ground(columns []string, in *change.RiskInput) {
	in.FirstBy, in.NewLayout = p.firstBy, len(p.last) > 0
	for _, before := range p.last {
		if before.Result != nil && !before.IsReversal() {
			in.Usual = append(in.Usual, before.Result.Applied)
		}
		if before.Plan != nil && slices.Equal(before.Plan.Columns, columns) {
			in.NewLayout = false
		}
	}
}

// usual compares impacts with what the last changes touched.
func (p past) usual(all []change.Impact) {
	for i := range all {
		var rows []int64
		for _, before := range p.last {
			if before.Plan == nil {
				continue
			}
			for _, im := range before.Plan.Impact {
				if im.Label == all[i].Label && im.Unknown == "" {
					rows = append(rows, im.Rows)
				}
			}
		}
		if slices.Sort(rows); len(rows) > 0 && all[i].Unknown == "" {
			all[i].Usual = &change.Usual{Changes: len(rows), Median: rows[len(rows)/2], Most: rows[len(rows)-1]}
		}
	}
}
