package duck

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/change"
	"sutor/internal/plan"
)

// What rows of the file are found by, and which of them are new without a key: the
// SQL behind plan.Spec's By and Unnumbered.

// by gives the places in cols of what rows are found by.
func (r *run) by() (places []int) {
	for _, c := range r.spec.By() {
		places = append(places, slices.IndexFunc(r.cols, func(col column) bool { return col.Name == c.Name }))
	}
	return places
}

// asked lists the values v<i> that rows are found by.
func (r *run) asked() (values []string) {
	for _, i := range r.by() {
		values = append(values, fmt.Sprintf("v%d", i))
	}
	return values
}

// foundBy lists the columns of met and rows with what rows are found by, as the
// system has it where it was found.
func (r *run) foundBy() []string {
	if r.spec.Match == nil {
		return names("k", r.nk)
	}
	return names("d", len(r.spec.Match))
}

// shown is the sample of a row of met or rows: what it is found by, or nothing.
func (r *run) shown() string {
	sample := `concat_ws(', '` + comma(r.foundBy()) + `)`
	if r.spec.Given == "" {
		return sample
	}
	return `CASE WHEN ` + strings.Join(r.foundBy(), " IS NOT NULL AND ") + ` IS NOT NULL THEN ` + sample + ` END`
}

// shownKey is the sample of a delta: its key, or nothing where it has none yet.
func (r *run) shownKey() string {
	sample := `concat_ws(', '` + list(r.nk, "k#") + `)`
	if r.spec.Given == "" {
		return sample
	}
	return `CASE WHEN COALESCE(` + strings.Join(names("k", r.nk), ", ") + `) IS NOT NULL THEN ` + sample + ` END`
}

// keyed is the condition under which a row of cells has what it is found by.
func (r *run) keyed() string {
	return "defect IS NULL AND " + strings.Join(r.asked(), " IS NOT NULL AND ") + " IS NOT NULL" + r.andNumbered()
}

// unnumbered is the condition under which a row of cells is a new one whose key the
// system gives.
func (r *run) unnumbered() string {
	if !r.spec.Unnumbered() {
		return "false"
	}
	parts := []string{"defect IS NULL"}
	for i, c := range r.cols[:r.nk] {
		switch {
		case c.Name != r.spec.Given:
			parts = append(parts, fmt.Sprintf("COALESCE(v%d, '') <> ''", i))
		case c.source >= 0:
			parts = append(parts, fmt.Sprintf("COALESCE(v%d, '') = '' AND p%d IS NULL", i, i))
		}
	}
	return strings.Join(parts, " AND ")
}

func (r *run) andNumbered() string {
	if !r.spec.Unnumbered() {
		return ""
	}
	return " AND NOT (" + r.unnumbered() + ")"
}

// means is the condition under which a row of cells means a row of the table.
func (r *run) means() string {
	if !r.spec.Unnumbered() {
		return r.keyed()
	}
	return "((" + r.keyed() + ") OR (" + r.unnumbered() + "))"
}

// newKey is the value of a column of the key that a row of cells has as a new one:
// NULL where the file gives none.
func (r *run) newKey(i int) string {
	switch {
	case r.cols[i].source < 0:
		return "NULL::VARCHAR"
	case r.spec.Match != nil || r.spec.Unnumbered() && r.cols[i].Name == r.spec.Given:
		return fmt.Sprintf("NULLIF(c.v%d, '')", i)
	}
	return fmt.Sprintf("c.v%d", i)
}

// liveName is how live calls the value of a column.
func (r *run) liveName(i int) string {
	if i < r.nk {
		return fmt.Sprintf("k%d", i)
	}
	return fmt.Sprintf("l%d", i-r.nk)
}

// metBySome are the rows of met that have something to be found by.
func (r *run) metBySome() string {
	if !r.spec.Unnumbered() {
		return "met"
	}
	return `(SELECT * FROM met WHERE ` + strings.Join(r.foundBy(), " IS NOT NULL AND ") + ` IS NOT NULL)`
}

// checkMatch checks the keys of rows that are found by something else, and tells of
// new rows whose key the system gives.
func (r *run) checkMatch(ctx context.Context) error {
	if r.spec.Match != nil {
		if err := r.checkOtherKeys(ctx); err != nil {
			return err
		}
	}
	if r.spec.Match == nil && !r.spec.Unnumbered() || r.spec.Options.Mode == change.Update || !r.spec.Allow["insert"] {
		return nil
	}
	for i, c := range r.spec.Key {
		f := plan.KeylessFinding(c)
		if c.Name == r.spec.Given {
			f = plan.GivenFinding(c)
		}
		if err := r.hit(ctx, f, "met", fmt.Sprintf("NOT found AND k%d IS NULL", i), r.shown()); err != nil {
			return err
		}
	}
	return nil
}

// checkOtherKeys: rows that are found by something else must not give the key of
// another, and must have one.
func (r *run) checkOtherKeys(ctx context.Context) error {
	for i, c := range r.spec.Key {
		from, where := "met", "false"
		if r.cols[i].source >= 0 && r.spec.Match.Index(c.Name) < 0 {
			from = fmt.Sprintf(`(SELECT m.line, m.found, m.k%[1]d, c.v%[1]d FROM met m JOIN cells c ON c.line = m.line)`, i)
			where = fmt.Sprintf("found AND COALESCE(v%[1]d, '') <> '' AND v%[1]d IS DISTINCT FROM k%[1]d", i)
		}
		if err := r.hit(ctx, plan.OtherKeyFinding(c), from, where, map[bool]string{true: fmt.Sprintf("v%d", i)}[from != "met"]); err != nil {
			return err
		}
		if err := r.hit(ctx, plan.NamelessFinding(c), "met", fmt.Sprintf("found AND k%d IS NULL", i), r.shown()); err != nil {
			return err
		}
	}
	return nil
}
