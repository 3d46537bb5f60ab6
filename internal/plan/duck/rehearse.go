package duck

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/system/driver"
)

// Rehearsed is what other rules say of a plan that exists.
type Rehearsed struct {
	Findings []finding.Finding // of what is allowed, of the rules of columns, of guardrails over rows
	Counts   change.Counts     // Insert, Update and Delete, without the rows that these rules refuse
	Written  []int64           // for each judged column, the rows that write it
}

// Rehearse judges the rows of a plan by the rules of spec, with the very checks
// that judge a plan in the making. Spec has the manifest's columns; its guardrails
// read no others. Rows that were refused when the plan was made are not in it.
func (s *Session) Rehearse(ctx context.Context, parquet string, m plan.Manifest, spec plan.Spec) (_ *Rehearsed, err error) {
	const name = "rehearsal"
	part, err := s.In(ctx, name)
	if err != nil {
		return nil, err
	}
	defer func() {
		if dropping := s.drop(ctx, name); err == nil {
			err = dropping
		}
	}()
	spec.Key, spec.Judged, spec.Options = m.KeySchema(), m.JudgedSchema(), m.Options
	r := &run{Session: part, spec: spec, nk: len(spec.Key), nj: len(spec.Judged)}
	for _, c := range m.Columns { // whether the file had a column, the mask tells
		r.cols = append(r.cols, column{Column: c, rule: spec.Rules[c.Name]})
	}
	for _, do := range []func(context.Context) error{r.stored(parquet), r.rehearseRows, r.judgeRows} {
		if err := do(ctx); err != nil {
			return nil, err
		}
	}
	return r.rehearsed(ctx)
}

// stored gives the plan's rows under the names that the checks know.
func (r *run) stored(parquet string) func(context.Context) error {
	masks, live := "", ""
	for j := range r.nj {
		masks += fmt.Sprintf(", substr(mask, %d, 1) = '1' AS m%d", j+1, j)
		live += fmt.Sprintf(", b%d AS l%d", j, j)
	}
	return func(ctx context.Context) error {
		return r.exec(ctx, `
			CREATE VIEW stored AS SELECT COALESCE(line, n) AS line, op, why`+list(r.nk, "k#")+list(r.nj, "b#")+list(r.nj, "a#")+masks+`
			FROM read_parquet(`+text(parquet)+`) WHERE op IN ('insert', 'update', 'delete');
			CREATE VIEW rows AS SELECT *, op = 'update' AS found`+live+` FROM stored WHERE op <> 'delete';
			CREATE TABLE hits (f INTEGER, line BIGINT, sample VARCHAR)`)
	}
}

// rehearseRows runs the checks of the Compact's rules, and leaves the rows that
// they refuse out of the deltas.
func (r *run) rehearseRows(ctx context.Context) error {
	for _, op := range []driver.Op{driver.Insert, driver.Update, driver.Delete} {
		if r.spec.Allow[op] {
			continue
		}
		if err := r.hit(ctx, plan.NotAllowedFinding(string(op)), "stored", "op = "+text(string(op)), `concat_ws(', '`+list(r.nk, "k#")+`)`); err != nil {
			return err
		}
	}
	var all []check
	for j := range r.nj {
		all = append(all, r.columnRules(r.cols[r.nk+j], j)...)
	}
	if err := r.hitAll(ctx, "rows", all); err != nil {
		return err
	}
	if err := r.checkLacking(ctx); err != nil {
		return err
	}
	for f, c := range r.checks {
		if !slices.Contains(finding.ByCompact, c.Guardrail) {
			if err := r.exec(ctx, fmt.Sprintf(`DELETE FROM hits WHERE f = %d`, f)); err != nil {
				return err
			}
		}
	}
	return r.exec(ctx, `CREATE VIEW deltas AS SELECT * FROM stored WHERE line NOT IN (SELECT line FROM hits WHERE f IN (`+r.invalidChecks()+`))`)
}

// checkLacking finds new rows without a value that the Compact requires.
func (r *run) checkLacking(ctx context.Context) error {
	for _, c := range r.spec.Table.Columns {
		if !r.spec.Rules[c.Name].Required || c.HasDefault || c.Generated || c.Identity != "" || r.spec.Key.Index(c.Name) >= 0 {
			continue
		}
		where := "NOT found"
		if j := r.spec.Judged.Index(c.Name); j >= 0 {
			where += fmt.Sprintf(" AND NOT m%d", j)
		}
		if err := r.hit(ctx, plan.RequiredFinding(c), "rows", where, ""); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) rehearsed(ctx context.Context) (out *Rehearsed, err error) {
	out = &Rehearsed{Written: make([]int64, r.nj)}
	if out.Findings, err = r.findings(ctx); err != nil {
		return nil, err
	}
	counts, into := "", []any{&out.Counts.Insert, &out.Counts.Update, &out.Counts.Delete}
	for j := range r.nj {
		counts += fmt.Sprintf(", count(*) FILTER (m%d)", j)
		into = append(into, &out.Written[j])
	}
	err = r.query(ctx, `SELECT count(*) FILTER (op = 'insert'), count(*) FILTER (op = 'update'), count(*) FILTER (op = 'delete')`+counts+` FROM deltas`,
		func(scan func(...any) error) error { return scan(into...) })
	return out, err
}

// drop takes a part of the session away.
func (s *Session) drop(ctx context.Context, name string) error {
	err := s.exec(ctx, `DROP SCHEMA `+name+` CASCADE`)
	files, _ := filepath.Glob(s.Path(filepath.Join(name, "*")))
	for _, path := range files {
		s.remove(path)
	}
	if removing := os.Remove(s.Path(name)); err == nil {
		err = removing
	}
	return err
}
