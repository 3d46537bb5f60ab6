package plan

import (
	"slices"

	"sutor/internal/change"
	"sutor/internal/expr"
	"sutor/internal/system/driver"
)

// keepInside takes the live rows away that the maker may not see.
func (r *reference) keepInside(found map[int64][][]*string) {
	if r.spec.Only == nil {
		return
	}
	r.beyond = map[int64]bool{}
	for n, rows := range found {
		for _, values := range rows {
			r.beyond[n] = r.beyond[n] || !r.inside(values[:len(r.spec.Key)], values[len(r.spec.Key):])
		}
		if r.beyond[n] {
			delete(found, n)
		}
	}
}

// inside tells whether the maker may see a row, for certain.
func (r *reference) inside(key, judged []*string) bool {
	row := expr.Row{Values: map[expr.Ref]string{}}
	for i, c := range slices.Concat(r.spec.Key, r.spec.Judged) {
		if v := slices.Concat(key, judged)[i]; v != nil {
			row.Values[expr.Ref{Side: expr.Whole, Name: c.Name}] = *v
		}
	}
	return r.spec.Only.Judge(row) == expr.True
}

// outside tells whether a row is, or would be, none that the maker may see.
func (r *reference) outside(row *row) bool {
	if !row.found && (r.beyond[row.number] || r.spec.Options.Mode == change.Update || !r.spec.Allow[driver.Insert]) {
		return true
	}
	if given := r.spec.GivenJudged(); given >= 0 && !row.found && row.key[given] == nil {
		return true
	}
	writes := !row.found || slices.Contains(row.writes, true)
	return writes && !r.inside(row.key, row.after)
}
