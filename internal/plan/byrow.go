package plan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"math/big"
	"slices"
	"strconv"

	"sutor/internal/errs"
	"sutor/internal/expr"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// ByRow is what stands behind a plan that [Reference] made: all its rows, in memory.
type ByRow struct {
	Canonical []byte // the canonical rows CSV
	r         *reference
}

// Len is the number of rows.
func (m *ByRow) Len() int64 { return int64(len(m.r.deltas)) }

// FrozenRow is a row of plan.parquet (package documentation, "Files"); nil is NULL.
type FrozenRow struct {
	Op, Mask           string
	Line               int64   // 0 for a row of no file
	Why                *string // of a row that a reversal leaves alone
	Key, Before, After []*string
}

// Frozen gives the rows of plan.parquet in their order.
func (m *ByRow) Frozen() iter.Seq[FrozenRow] {
	return func(yield func(FrozenRow) bool) {
		for _, d := range m.r.deltas {
			row := FrozenRow{Op: string(d.op), Mask: d.mask(), Line: max(d.number, 0), Key: d.key, Before: d.before, After: d.after}
			if d.why != "" {
				row.Why = &d.why
			}
			if !yield(row) {
				return
			}
		}
	}
}

// Hits writes the lines behind the findings ([Outcome].Hits).
func (m *ByRow) Hits(out io.Writer) error {
	type hit struct {
		line    int64
		finding int
	}
	var all []hit
	for i, c := range m.r.found() {
		for line := range c.hits {
			if line > 0 {
				all = append(all, hit{line, i})
			}
		}
	}
	slices.SortFunc(all, func(a, b hit) int { return cmp.Or(cmp.Compare(a.line, b.line), a.finding-b.finding) })
	w := record.NewWriter(out)
	for _, h := range all {
		w.Number(h.line)
		w.Number(int64(h.finding))
		if err := w.End(); err != nil {
			return err
		}
	}
	return w.Flush()
}

// ErrMeasure is that a measure has no exact sum, which [ByRow.Touched] does not make.
var ErrMeasure = errors.New("plan: the measure has no exact sum")

// Touched looks up the rows of a related table that belong to the updated and deleted
// rows, and adds them up as they come.
func (m *ByRow) Touched(ctx context.Context, im Impact, live driver.Fetcher) (t Touched, err error) {
	look := im.Lookup()
	columns := look.Columns
	sum, err := newSum(im.Measure, columns)
	if err != nil {
		return t, err
	}
	asked, err := m.before(im)
	if err != nil {
		return t, err
	}
	err = m.r.stream(ctx, live, look, asked, func(_ int64, values []*string) {
		truth := expr.True
		if im.Where != nil {
			truth = im.Where.Judge(related{columns, values})
		}
		switch truth {
		case expr.True:
			t.Rows++
			sum.add(values)
		case expr.Unknown:
			t.Unknown++
		}
	})
	t.Sum = sum.String()
	return t, err
}

// before gives the different values that related rows are looked up by, each with the
// number of the first row that has them.
func (m *ByRow) before(im Impact) (map[int64][]*string, error) {
	r := m.r
	asked, met := map[int64][]*string{}, map[string]bool{}
	for i, d := range r.deltas {
		if im.Deletes != nil && d.op != driver.Delete && d.why != WhyReferred(*im.Deletes) || im.Deletes == nil && d.op != driver.Update && d.op != driver.Delete {
			continue
		}
		var values []*string
		for _, name := range im.Of {
			if k := r.spec.Key.Index(name); k >= 0 {
				values = append(values, d.key[k])
			} else if j := r.spec.Judged.Index(name); j >= 0 {
				values = append(values, d.before[j])
			} else {
				return nil, errs.New(errs.Invalid, "The column %s is not part of the plan.", name).WithMend("Match another column.")
			}
		}
		if id := identity(values); !slices.Contains(values, nil) && !met[id] {
			met[id], asked[int64(i+1)] = true, values
		}
	}
	return asked, nil
}

// related is a row of a related table, as an impact's condition sees it.
type related struct {
	columns record.Schema
	values  []*string
}

func (r related) Column(_ expr.Side, name string) (string, bool) {
	if i := r.columns.Index(name); i >= 0 && r.values[i] != nil {
		return *r.values[i], true
	}
	return "", false
}

func (r related) Op() string        { return "" }
func (r related) Changed() []string { return nil }

// sum adds up the values of a column exactly.
type sum struct {
	column int // -1 for none
	scale  int
	any    bool
	total  big.Int // in units of the last digit
}

// newSum takes integers, and decimals of a scale; others are ErrMeasure.
func newSum(measure string, columns record.Schema) (*sum, error) {
	if measure == "" {
		return &sum{column: -1}, nil
	}
	s := &sum{column: columns.Index(measure)}
	switch t := columns[s.column].Type; {
	case t.Kind == record.Int:
	case t.Kind == record.Decimal && t.Scale >= 0 && t.Scale <= 38:
		s.scale = t.Scale
	default:
		return nil, ErrMeasure
	}
	return s, nil
}

func (s *sum) add(values []*string) {
	if s.column < 0 || values[s.column] == nil {
		return
	}
	x, ok := new(big.Rat).SetString(*values[s.column])
	if !ok {
		return // not a number (NaN)
	}
	x.Mul(x, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(s.scale)), nil)))
	s.total.Add(&s.total, x.Num()) // a value of the column has no more digits than its scale
	s.any = true
}

// String gives the sum with as many digits as the column has.
func (s *sum) String() string {
	switch {
	case s.column < 0:
		return ""
	case !s.any:
		return "0"
	}
	units := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(s.scale)), nil)
	return new(big.Rat).SetFrac(&s.total, units).FloatString(s.scale)
}

// facts tells what the deltas do to each judged column, as the engine does.
func (r *reference) facts() []Facts {
	all := make([]Facts, len(r.spec.Judged))
	for j, c := range r.spec.Judged {
		f := &all[j]
		f.Column = c.Name
		number := c.Type.Kind == record.Int || c.Type.Kind == record.Decimal || c.Type.Kind == record.Float
		for _, d := range r.deltas {
			if d.op == Kept || d.op == Impossible || !d.writes[j] {
				continue
			}
			f.Written++
			if d.op != driver.Update {
				continue
			}
			f.Updated++
			if number && jumps(d.before[j], d.after[j], 3*r.spec.Spread[c.Name]) {
				f.Jumps++
			}
		}
		if number {
			f.Spread = spread(r.met, j)
		}
	}
	return all
}

// jumps tells whether a number moves by more than half of what it was, and by more
// than far.
func jumps(before, after *string, far float64) bool {
	was, ok := float(before)
	is, ok2 := float(after)
	return ok && ok2 && above(math.Abs(is-was), max(math.Abs(was)/2, far))
}

// above compares as SQL does: nothing is above NaN, which is above all else.
func above(a, b float64) bool { return a > b || math.IsNaN(a) && !math.IsNaN(b) }

// spread is the distance between the quartiles of a column's values, interpolated; 0
// without any.
func spread(rows [][]*string, j int) float64 {
	var all []float64
	for _, values := range rows {
		if x, ok := float(values[j]); ok {
			all = append(all, x)
		}
	}
	if len(all) == 0 {
		return 0
	}
	slices.SortFunc(all, func(a, b float64) int {
		if math.IsNaN(a) || math.IsNaN(b) { // NaN comes last
			return -cmp.Compare(a, b)
		}
		return cmp.Compare(a, b)
	})
	quartile := func(share float64) float64 {
		at := float64(len(all)-1) * share
		low, high := all[int(math.Floor(at))], all[int(math.Ceil(at))]
		if low == high {
			return low
		}
		return low + (high-low)*(at-math.Floor(at))
	}
	return quartile(0.75) - quartile(0.25)
}

// float reads canonical text as a floating point number.
func float(v *string) (float64, bool) {
	if v == nil {
		return 0, false
	}
	x, err := strconv.ParseFloat(*v, 64)
	return x, err == nil
}

// stream asks the system for rows by numbered values and hands them over as they come,
// made canonical; none is kept.
func (r *reference) stream(ctx context.Context, live driver.Fetcher, l driver.Lookup, asked map[int64][]*string, do func(n int64, values []*string)) error {
	up, err := numbered(asked)
	if err != nil {
		return err
	}
	in, out := io.Pipe()
	read := make(chan error, 1)
	go func() {
		var err error
		defer func() {
			in.CloseWithError(err) // so that whoever writes does not wait
			read <- err
		}()
		defer errs.Caught(&err)
		err = each(in, 1+len(l.Columns), func(n int64, values []*string) {
			for i, c := range l.Columns {
				values[i] = canonicalLive(c.Type, values[i])
			}
			do(n, values)
		})
	}()
	sent, _, err := live.Fetch(ctx, l, up, out)
	out.CloseWithError(err) // nil: the end
	if rerr := <-read; err == nil {
		err = rerr
	}
	if err == nil && sent != int64(len(asked)) {
		err = fmt.Errorf("plan: %d keys were written, %d were sent", len(asked), sent)
	}
	return err
}
