package workflow

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/guard"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/system/driver"
)

// impactTime bounds the looking up of one impact, unless Deps says otherwise: people
// wait for the plan.
const impactTime = 30 * time.Second

// describer gives the structure of a system's tables.
type describer interface {
	Describe(ctx context.Context, table record.Table) (driver.Table, error)
}

// compileImpact compiles one impact of a dataset against both tables. What does
// not fit is told with its place in the Compact.
func compileImpact(ctx context.Context, c *compact.Compact, d *compact.Dataset, i int, t driver.Table, sys describer) (plan.Impact, []compact.Problem, error) {
	def := d.Impact[i]
	k := &compiler{c: c, d: d, t: t}
	at := d.Path.To("impact", fmt.Sprint(i))
	related, err := sys.Describe(ctx, def.Table)
	if errs.KindOf(err) == errs.Invalid {
		public := errs.Public(err)
		k.problem(at.To("table"), public.Message, public.Mend)
		return plan.Impact{}, k.problems, nil
	}
	if err != nil {
		return plan.Impact{}, nil, err
	}
	im := plan.Impact{Table: related.Table, Measure: def.Measure}
	k.match(&im, at, def, related)
	k.where(&im, def, related)
	k.measure(&im, at, related)
	return im, k.problems, nil
}

// match: each pair exists, and can be equal.
func (k *compiler) match(im *plan.Impact, at compact.Path, def compact.Impact, related driver.Table) {
	for _, theirs := range sortedKeys(def.Match) {
		ours, path := def.Match[theirs], at.To("match", theirs)
		i, j := related.Columns.Index(theirs), k.t.Columns.Index(ours)
		switch {
		case i < 0:
			k.noColumn(path, theirs, related)
			continue
		case j < 0:
			k.missing(path, ours)
			continue
		}
		if a, b := related.Columns[i].Type, k.t.Columns[j].Type; a.Kind != b.Kind || a.Kind == record.Unsupported || a.Kind == record.Native && a.Native != b.Native {
			k.problem(path, fmt.Sprintf("%s of %s is %s and %s is %s: they cannot be compared.", theirs, def.Table, a.Article(), ours, b.Article()),
				"Match columns of one type.")
			continue
		}
		im.By, im.Of = append(im.By, related.Columns[i]), append(im.Of, ours)
	}
}

func (k *compiler) where(im *plan.Impact, def compact.Impact, related driver.Table) {
	if def.Where.Text == "" {
		return
	}
	condition, err := guard.CompileTable(def.Where.Text, related.Columns)
	if !k.ruleProblem(def.Where, err) {
		return
	}
	im.Where = &condition
	for _, ref := range condition.Refs() {
		im.Reads = append(im.Reads, related.Columns[related.Columns.Index(ref.Name)])
	}
}

// mostSummed is how many digits the engine's sums keep.
const mostSummed = 38

func (k *compiler) measure(im *plan.Impact, at compact.Path, related driver.Table) {
	if im.Measure == "" {
		return
	}
	i := related.Columns.Index(im.Measure)
	if i < 0 {
		k.noColumn(at.To("measure"), im.Measure, related)
		return
	}
	c := related.Columns[i]
	if !slices.Contains([]record.Kind{record.Int, record.Decimal, record.Float}, c.Type.Kind) {
		k.problem(at.To("measure"), fmt.Sprintf("%s is %s: it cannot be added up.", c.Name, c.Type.Article()), "Name a number column, or leave it out.")
		return
	}
	if c.Type.Kind == record.Decimal && c.Type.Precision > mostSummed {
		k.problem(at.To("measure"), fmt.Sprintf("%s has %d digits, and sums here are exact up to %d.", c.Name, c.Type.Precision, mostSummed), "Name another column, or leave it out.")
		return
	}
	if im.Reads.Index(c.Name) < 0 {
		im.Reads = append(im.Reads, c)
	}
}

// moment is the one snapshot of a system in which the impacts of a plan are looked
// up, over all of its datasets: they stand side by side, and are added up in people's
// minds. It is opened at the first; what could not be opened is not tried again.
type moment struct {
	sys  *system.System
	snap *system.Snapshot
	err  error
}

func (m *moment) at(ctx context.Context) (*system.Snapshot, error) {
	if m.snap == nil && m.err == nil {
		m.snap, m.err = m.sys.Snapshot(ctx)
	}
	return m.snap, m.err
}

// close lets the moment go; the numbers have been read.
func (w *Workflow) close(m *moment) {
	if m.snap == nil {
		return
	}
	if err := m.snap.Close(); err != nil {
		w.Log.Warn("closing a snapshot", "system", m.sys.Name(), "error", errs.Detail(err))
	}
}

// impacts looks up what a plan touches in related tables. What cannot be found
// out, or takes too long, is told as unknown: it is an answer, and no reason to
// have no plan.
func (w *Workflow) impacts(ctx context.Context, comp *compact.Compact, p *drafted, out *plan.Outcome, m *moment) ([]change.Impact, error) {
	var all []change.Impact
	for i, def := range p.d.Impact {
		all = append(all, w.found(ctx, p.d, def.Label, func(short context.Context) (plan.Touched, error) {
			im, problems, err := compileImpact(short, comp, p.d, i, p.table, p.sys)
			if err == nil && len(problems) > 0 {
				err = errs.New(errs.Invalid, "%s", problems[0].Message)
			}
			if err != nil {
				return plan.Touched{}, err
			}
			return touched(short, p, out, im, m, i)
		}))
	}
	cascades, labels := plan.Cascades(p.table)
	for i, im := range cascades {
		if out.Manifest.Counts.Delete+out.Manifest.Counts.Impossible == 0 {
			break
		}
		found := w.found(ctx, p.d, labels[i], func(short context.Context) (plan.Touched, error) {
			return touched(short, p, out, im, m, len(p.d.Impact)+i)
		})
		if found.Rows > 0 || found.Unknown != "" {
			all = append(all, found)
		}
	}
	return all, ctx.Err()
}

func touched(ctx context.Context, p *drafted, out *plan.Outcome, im plan.Impact, m *moment, no int) (plan.Touched, error) {
	snap, err := m.at(ctx)
	if err != nil {
		return plan.Touched{}, err
	}
	return p.session.Touched(ctx, out, im, snap, no)
}

// found looks one impact up, for as long as it may take.
func (w *Workflow) found(ctx context.Context, d *compact.Dataset, label string, look func(context.Context) (plan.Touched, error)) change.Impact {
	out := change.Impact{Label: label}
	limit := cmp.Or(w.ImpactTime, impactTime)
	short, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	touched, err := look(short)
	switch {
	case err != nil && short.Err() != nil:
		out.Unknown = fmt.Sprintf("Unknown: looking it up took longer than %s.", limit)
	case err != nil:
		w.Log.Warn("impact unknown", "dataset", d.Name, "impact", label, "error", errs.Detail(err))
		out.Unknown = "Unknown: " + errs.Public(err).Message
	default:
		out.Rows, out.Measure, out.Unjudged = touched.Rows, touched.Sum, touched.Unknown
	}
	return out
}
