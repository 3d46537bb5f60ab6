package duck

import (
	"context"
	"fmt"
	"math"
)

// Spread is how the values of a number column lie in the rows that a plan writes,
// before and after: a picture, made with floating point, and nothing that is decided on.
type Spread struct {
	Rows int64 // that have a value before or after
	// Bins lie side by side and are equally wide; what lies outside of them is counted
	// in the first or the last.
	From, Width   float64
	Before, After []int64
	BeforeAll     Summary
	AfterAll      Summary
}

// Summary is one side of a spread; without values all is 0.
type Summary struct {
	Values              int64
	Least, Middle, Most float64
}

// spreadBins is about how many bins a spread has.
const spreadBins = 16

// Spread gives the spread of a judged number column over rows of a plan.
func (e *Engine) Spread(ctx context.Context, f Frozen, s Selection, column string) (out Spread, err error) {
	j := f.Manifest.JudgedSchema().Index(column)
	if j < 0 {
		return out, fmt.Errorf("the plan judges no column %q", column)
	}
	err = e.look(ctx, f.Parquet, f, s, func(o *openPlan, where string) error {
		sel, err := o.selected(ctx, where)
		if err == nil {
			err = o.await(ctx, sel)
		}
		if err != nil {
			return err
		}
		cells := fmt.Sprintf(`(SELECT try_cast(b%d AS DOUBLE) AS b, try_cast(a%d AS DOUBLE) AS a FROM read_parquet(%s) WHERE op IN ('insert', 'update', 'delete') AND %s)`, j, j, text(f.Parquet), among("n", `SELECT n FROM `+sel.table, f.all()))
		return o.session.spread(ctx, cells, &out)
	})
	return out, err
}

// spread looks how far values lie apart, then counts them.
func (s *Session) spread(ctx context.Context, cells string, out *Spread) error {
	var low, high *float64
	var sides [2][4]*float64
	err := s.query(ctx, `SELECT count(*) FILTER (b IS NOT NULL OR a IS NOT NULL), count(b), min(b), median(b), max(b), count(a), min(a), median(a), max(a),
		least(quantile_cont(b, 0.01), quantile_cont(a, 0.01)), greatest(quantile_cont(b, 0.99), quantile_cont(a, 0.99)) FROM `+cells, func(scan func(...any) error) error {
		return scan(&out.Rows, &out.BeforeAll.Values, &sides[0][0], &sides[0][1], &sides[0][2], &out.AfterAll.Values, &sides[1][0], &sides[1][1], &sides[1][2], &low, &high)
	})
	if err != nil || low == nil || high == nil || !finite(*low, *high) {
		return err
	}
	for i, side := range []*Summary{&out.BeforeAll, &out.AfterAll} {
		for k, to := range []*float64{&side.Least, &side.Middle, &side.Most} {
			if v := sides[i][k]; v != nil {
				*to = *v
			}
		}
	}
	var n int
	out.From, out.Width, n = bins(*low, *high)
	out.Before, out.After = make([]int64, n), make([]int64, n)
	for side, counts := range map[string][]int64{"b": out.Before, "a": out.After} {
		at := fmt.Sprintf(`CAST(least(greatest(floor((%s - (%g)) / %g), 0), %d) AS BIGINT)`, side, out.From, out.Width, n-1)
		err := s.query(ctx, `SELECT `+at+` AS bin, count(*) FROM `+cells+` WHERE `+side+` IS NOT NULL AND NOT isnan(`+side+`) GROUP BY bin`, func(scan func(...any) error) error {
			var bin, count int64
			err := scan(&bin, &count)
			if err == nil && bin >= 0 && bin < int64(n) {
				counts[bin] = count
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func finite(all ...float64) bool {
	for _, x := range all {
		if math.IsNaN(x) || math.IsInf(x, 0) {
			return false
		}
	}
	return true
}

// bins divides a range into about spreadBins parts whose edges are round numbers.
func bins(low, high float64) (from, width float64, n int) {
	if high <= low {
		high = low + max(1, math.Abs(low)/1000)
	}
	rough := (high - low) / spreadBins
	power := math.Pow(10, math.Floor(math.Log10(rough)))
	width = 10 * power
	for _, nice := range []float64{1, 2, 2.5, 5} {
		if rough <= nice*power {
			width = nice * power
			break
		}
	}
	from = math.Floor(low/width) * width
	n = int(math.Floor((high-from)/width)) + 1
	return from, width, min(n, 4*spreadBins)
}
