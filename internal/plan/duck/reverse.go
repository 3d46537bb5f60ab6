package duck

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Reversal says which applied plan is to be reversed, and from what.
type Reversal struct {
	Manifest plan.Manifest // of the applied plan
	Parquet  string        // its plan.parquet
	Stored   string        // the Parquet file that Stored wrote at its apply
	Columns  record.Schema // that file's columns
	Blind    string        // why rows that were inserted cannot be deleted: columns that cannot be read; "" if none
}

// Reverse makes the plan that undoes an applied one, from what was really
// stored: an update goes back in the columns it wrote, where all of them still
// hold what was stored; an inserted row is deleted, where it is still as it was
// stored in every column; a deleted row is inserted again, with the system's
// default in columns that were added since. Everything else is kept or
// impossible, row by row with its reason. plan.ReferenceReversal is its slow and
// obvious twin.
func (s *Session) Reverse(ctx context.Context, spec plan.Spec, rev Reversal, live plan.Live, tell Progress) (*plan.Outcome, error) {
	d, err := s.CompareReversal(ctx, spec, rev, live, tell)
	if err != nil {
		return nil, err
	}
	out, _, err := Finish(ctx, d)
	if err != nil {
		return nil, err
	}
	return out[0], nil
}

// CompareReversal is Compare for a plan that undoes an applied one.
func (s *Session) CompareReversal(ctx context.Context, spec plan.Spec, rev Reversal, live plan.Live, tell Progress) (*Draft, error) {
	r := &run{Session: s, spec: spec, live: live, tell: tell, nk: len(spec.Key), nj: len(spec.Judged), reversal: true}
	r.columns()
	for j := range r.nj {
		r.cols[r.nk+j].source = 0 // every judged column may be written back
	}
	ctx, cancel := context.WithCancel(ctx)
	defer func() { cancel(); r.ahead.end(); r.summing.end(); r.counting.drop() }()
	return &Draft{r: r}, r.steps(ctx, 0, []doing{
		{"reading what was applied", r.enough(rev.Parquet, rev.Stored)},
		{"reading what was applied", func(ctx context.Context) error { return r.readApplied(ctx, rev) }},
		{"reading what was applied", func(ctx context.Context) error { return r.askApplied(ctx, rev) }},
		{"reading what was applied", func(ctx context.Context) error { return r.foresee(ctx, rev) }},
		{"fetching live rows", r.fetchLive},
		{"comparing", func(ctx context.Context) error { return r.compareReversal(ctx, rev) }},
		{"comparing", r.counted},
	})
}

// readApplied makes the view cells of the applied rows, numbered by the plan's
// n in line (the lookup's number), with the key as stored.
func (r *run) readApplied(ctx context.Context, rev Reversal) error {
	forward := rev.Manifest.JudgedSchema()
	sel := ""
	for i := range r.nk {
		sel += fmt.Sprintf(", COALESCE(t.k%d, p.k%d) AS v%d", i, i, i)
	}
	dropped := r.droppedColumns(forward)
	for j, c := range r.spec.Judged {
		was, bit, stored := "NULL::VARCHAR", "false", "NULL::VARCHAR"
		if f := forward.Index(c.Name); f >= 0 {
			was, bit = fmt.Sprintf("p.b%d", f), fmt.Sprintf("substr(p.mask, %d, 1) = '1'", f+1)
		}
		if i := rev.Columns.Index(c.Name); i >= 0 {
			stored = fmt.Sprintf("t.s%d", i)
		}
		sel += fmt.Sprintf(", %s AS was%d, %s AS did%d, %s AS stored%d", was, j, bit, j, stored, j)
	}
	rows := func(line, from string) string {
		return `SELECT ` + line + ` AS line, p.line AS file_line, p.op, NULL::VARCHAR AS defect, ` + dropped + ` AS dropped` + sel + ` FROM ` + from
	}
	err := r.exec(ctx, `
		CREATE VIEW cells AS `+rows("p.n", applied(rev)+` p LEFT JOIN read_parquet(`+text(rev.Stored)+`) t USING (n)`)+`;
		CREATE VIEW abreast AS `+rows(`CASE WHEN p.n = t.n THEN p.n ELSE error(`+text(notAbreast)+`) END`, abreast(rev))+`;
		CREATE TABLE hits (f INTEGER, line BIGINT, sample VARCHAR)`)
	if err == nil {
		r.applied, err = r.count(ctx, `SELECT count(*) FROM `+applied(rev))
	}
	return err
}

// applied is the SQL of the rows of an applied plan.
func applied(rev Reversal) string {
	all := `read_parquet(` + text(rev.Parquet) + `)`
	if c := rev.Manifest.Counts; c.Kept+c.Impossible == 0 { // there are no others in it
		return all
	}
	return `(SELECT * FROM ` + all + ` WHERE op IN ('insert', 'update', 'delete'))`
}

// droppedColumns is true for rows that wrote a column that is gone.
func (r *run) droppedColumns(forward record.Schema) string {
	parts := []string{"false"}
	for f, c := range forward {
		if r.spec.Table.Columns.Index(c.Name) < 0 {
			parts = append(parts, fmt.Sprintf("substr(p.mask, %d, 1) = '1'", f+1))
		}
	}
	return "(" + strings.Join(parts, " OR ") + ")"
}

// whyLeft is the reason why a row is left alone: the first that holds, NULL for
// none. same tells that what was stored is what is there.
func (r *run) whyLeft(rev Reversal, same bool) string {
	touched, whole, added := []string{"false"}, []string{"false"}, []string{"false"}
	for i := range r.nk {
		if !same { // as its collation has it, the key is the same
			whole = append(whole, fmt.Sprintf("k%d <> v%d", i, i))
		}
	}
	for j, c := range r.spec.Judged {
		if rev.Columns.Index(c.Name) < 0 {
			if !c.Generated {
				added = append(added, fmt.Sprintf("l%d IS NOT NULL", j))
			}
			continue
		}
		if same {
			continue
		}
		differs := fmt.Sprintf("l%d IS DISTINCT FROM stored%d", j, j)
		touched = append(touched, fmt.Sprintf("did%d AND %s", j, differs))
		whole = append(whole, differs)
	}
	blind := "false"
	if rev.Blind != "" {
		blind = "true"
	}
	return `CASE WHEN dropped AND (op <> 'insert' OR n IS NOT NULL) THEN ` + text(plan.WhyDropped) + `
		WHEN op = 'update' AND n IS NULL THEN ` + text(plan.WhyGone) + `
		WHEN op = 'update' AND (` + strings.Join(touched, " OR ") + `) THEN ` + text(plan.WhyChanged) + `
		WHEN op = 'insert' AND n IS NOT NULL AND ` + blind + ` THEN ` + text(rev.Blind) + `
		WHEN op = 'insert' AND n IS NOT NULL AND (` + strings.Join(whole, " OR ") + `) THEN ` + text(plan.WhyChanged) + `
		WHEN op = 'insert' AND (` + strings.Join(added, " OR ") + `) THEN ` + text(plan.WhyAdded) + `
		WHEN op = 'delete' AND (n IS NOT NULL OR hidden) THEN ` + text(plan.WhyReused) + r.needed(rev.Manifest.Columns) + ` END`
}

// compareReversal makes the deltas.
func (r *run) compareReversal(ctx context.Context, rev Reversal) error {
	if r.foreseeing() {
		return r.settleForeseen(ctx, rev)
	}
	return r.exec(ctx, `CREATE TABLE deltas AS `+r.reversed(rev, r.asLive("cells"), false))
}

// asLive selects applied rows with their live rows.
func (r *run) asLive(cells string) string {
	hidden, join := "false", ""
	if r.spec.Only != nil { // by a row that the maker may not see
		hidden, join = "o.line IS NOT NULL", " LEFT JOIN outside o ON o.line = c.line"
	}
	return `SELECT c.*, l.n` + list(r.nk, "l.k#") + list(r.nj, "l.l#") + `, ` + hidden + ` AS hidden FROM ` + cells + ` c LEFT JOIN live l ON l.n = c.line` + join
}

// reversed selects the deltas of applied rows with their live rows; same tells that those
// are what was stored.
func (r *run) reversed(rev Reversal, rows string, same bool) string {
	return r.eachReversed(rev, rows, same) + ` WHERE op IS NOT NULL`
}

// eachReversed is the same of all rows; one that there is nothing to reverse of has no op.
func (r *run) eachReversed(rev Reversal, rows string, same bool) string {
	sel := ""
	for i := range r.nk {
		sel += fmt.Sprintf(", COALESCE(k%d, v%d) AS k%d", i, i, i)
	}
	for j, c := range r.spec.Judged {
		writes := fmt.Sprintf("did = 'update' AND did%d AND was%d IS DISTINCT FROM l%d", j, j, j)
		if !c.Generated && rev.Manifest.Columns.Index(c.Name) >= 0 { // a column added since gets the system's default
			writes += " OR did = 'delete'"
		}
		sel += fmt.Sprintf(", l%d AS b%d, was%d, COALESCE(why IS NULL AND (%s), false) AS m%d", j, j, j, writes, j)
	}
	judged := `SELECT COALESCE(file_line, -line) AS line, n IS NOT NULL AS found, did, why` + sel + `
		FROM (SELECT * EXCLUDE (op), op AS did, ` + r.whyLeft(rev, same) + ` AS why FROM (` + rows + `))`
	after := ""
	for j := range r.nj {
		after += fmt.Sprintf(", CASE WHEN m%d THEN was%d WHEN op = 'delete' THEN NULL ELSE b%d END AS a%d", j, j, j, j)
	}
	return `SELECT line, op, why` + list(r.nk, "k#") + list(r.nj, "b#") + after + list(r.nj, "m#") + ` FROM (
		SELECT *, CASE
			WHEN why IN (` + text(plan.WhyChanged) + `, ` + text(plan.WhyAdded) + `) THEN 'kept'
			WHEN why IS NOT NULL THEN 'impossible'
			WHEN did = 'update' AND ` + r.anyMask() + ` THEN 'update'
			WHEN did = 'insert' AND found THEN 'delete'
			WHEN did = 'delete' THEN 'insert' END AS op FROM (` + judged + `))`
}

// needed gives the branches of why for values that the system would not do
// without: forward are the columns that the applied plan knew.
func (r *run) needed(forward record.Schema) (branches string) {
	for _, c := range r.spec.Table.Columns {
		j := r.spec.Judged.Index(c.Name)
		none := ""
		switch {
		case c.Nullable || c.Generated || r.spec.Key.Index(c.Name) >= 0:
			continue
		case j >= 0 && forward.Index(c.Name) >= 0:
			none = fmt.Sprintf("was%d IS NULL AND (op = 'delete' OR op = 'update' AND did%d AND l%d IS NOT NULL)", j, j, j)
		case !c.HasDefault && c.Identity == "":
			none = "op = 'delete'"
		default:
			continue
		}
		branches += " WHEN " + none + " THEN " + text(plan.WhyNeeded(c))
	}
	return branches
}

// judgeReversal tells which column checks the restored values would not pass, and
// what guardrails say of them: told, never in the way, since what was there before
// is let back in.
func (r *run) judgeReversal(ctx context.Context) error {
	judged := r.aside(ctx, func(ctx context.Context, other *run) error { return other.judge(ctx) })
	err := errors.Join(r.checkReversal(ctx), judged())
	if err == nil {
		err = r.hitJudged(ctx)
	}
	for i := range r.checks {
		r.checks[i].Severity, r.checks[i].Invalid, r.checks[i].By, r.checks[i].Needs = finding.Warn, false, "", 0
	}
	return err
}

func (r *run) checkReversal(ctx context.Context) error {
	err := r.exec(ctx, `CREATE VIEW rows AS SELECT * EXCLUDE (why), op <> 'insert' AS found`+list(r.nj, "b# AS l#")+` FROM deltas WHERE op IN ('insert', 'update')`)
	if err != nil {
		return err
	}
	var all []check
	for j := range r.nj {
		all = append(all, r.columnRules(r.cols[r.nk+j], j)...)
	}
	if err := r.hitAll(ctx, "rows", all); err != nil {
		return err
	}
	for _, left := range []struct {
		op driver.Op
		f  finding.Finding
	}{{plan.Kept, plan.KeptFinding()}, {plan.Impossible, plan.ImpossibleFinding()}} {
		if err := r.hit(ctx, left.f, "deltas", "op = "+text(string(left.op)), `concat_ws(', '`+list(r.nk, "k#")+`)`); err != nil {
			return err
		}
	}
	return nil
}
