package duck

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/record/format"
	"sutor/internal/system/driver"
)

// written is how a column of the file is written: package plan, "Which format a
// column has".
type written struct {
	format  format.Format // the standard grammar where it has no name
	chosen  bool
	from    change.ID       // the earlier change in which it was chosen, where only that decided
	found   bool            // the search is done, or not needed
	read    []candidate     // to be put into cells, from the table readings<i>
	unclear []format.Format // instead of format: nothing is guessed between these
}

func (w *written) standard() bool {
	return w.unclear == nil && (w.format.Name == "" || w.format.IsStandard())
}

// told tells whether the format must be told: it is not the standard one, or it was
// decided by an earlier choice only.
func (w *written) told() bool { return w.unclear == nil && (!w.standard() || w.from != "") }

// sound is the condition under which a record of the file counts.
const sound = "defect IS NULL"

// groupedByPoint matches the texts of the standard grammar that another format
// reads otherwise: 1.234 may be one, or a thousand.
const groupedByPoint = `[ \t]*[-+]?[1-9][0-9]{0,2}[.][0-9]{3}(?:[eE][+-]?[0-9]{1,4})?[ \t]*`

// maybeGrouped tells of a cell of a number with a point whether it is of those;
// NULL where it has no point.
func maybeGrouped(s string) string {
	return `CASE WHEN contains(` + s + `, '.') THEN regexp_full_match(` + s + `, ` + text(groupedByPoint) + `) END`
}

func hasFraction(k record.Kind) bool { return k == record.Decimal || k == record.Float }

// chooseFormats takes the person's choices.
func (r *run) chooseFormats() error {
	for i := range r.cols {
		c := &r.cols[i]
		name, ok := r.spec.Options.Formats[c.Name]
		if c.source < 0 || !ok {
			continue
		}
		f, err := format.Named(c.Type.Kind, name)
		if err != nil {
			return err
		}
		c.written = written{format: f, chosen: true, found: true}
	}
	return nil
}

// unlike tells which columns are not plainly standard. What points stand for is not asked
// again where that was decided before (arriving.go).
func (r *run) unlike(ctx context.Context) ([]bool, error) {
	counts, dest := "count(*)", []any{new(int64)}
	misfits, grouped, plain := make([]int64, len(r.cols)), make([]int64, len(r.cols)), make([]int64, len(r.cols))
	for i, c := range r.cols {
		if c.source < 0 || c.written.found || len(format.For(c.Type.Kind, "")) == 0 {
			continue
		}
		counts += fmt.Sprintf(", count(*) FILTER (p%d = 'not-of-type')", i)
		dest = append(dest, &misfits[i])
		if hasFraction(c.Type.Kind) && r.arriving == nil {
			counts += fmt.Sprintf(", count(*) FILTER (g%d), count(*) FILTER (NOT g%d)", i, i)
			dest = append(dest, &grouped[i], &plain[i])
		}
	}
	err := r.query(ctx, `SELECT `+counts+` FROM `+r.unknown()+` WHERE `+sound, func(scan func(...any) error) error { return scan(dest...) })
	all := make([]bool, len(r.cols))
	for i := range all {
		all[i] = misfits[i] > 0 || grouped[i] > 0 && plain[i] == 0
	}
	return all, err
}

// spotFormats finds the columns that are not plainly standard, and makes the table
// texts of what stands in them: line, defect and s<i>. Nearly always there are
// none, and nothing is read again.
func (r *run) spotFormats(ctx context.Context, staging string) error {
	unlike, err := r.unlike(ctx)
	if err != nil {
		return err
	}
	pick := ""
	for i := range r.cols {
		w := &r.cols[i].written
		w.found = w.found || !unlike[i]
		if !w.found || !w.standard() {
			pick += fmt.Sprintf(", c%d AS s%d", r.cols[i].source, i)
		}
	}
	if pick == "" {
		return nil
	}
	fields := append([]string{"defect"}, names("c", len(r.spec.Columns))...)
	return r.load(ctx, `CREATE TABLE texts AS SELECT line, `+defect+pick+` FROM `+readCSV(staging, "line", fields))
}

// readFormats finds the columns that are not plainly standard, and reads those of
// them whose format is chosen or that are part of the key.
func (r *run) readFormats(staging string) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := r.spotFormats(ctx, staging); err != nil {
			return err
		}
		if err := r.readChosen(ctx); err != nil {
			return err
		}
		return r.findKeyFormats(ctx)
	}
}

// readChosen reads the columns whose format is chosen and is not the standard one.
func (r *run) readChosen(ctx context.Context) error {
	for i := range r.cols {
		w := r.cols[i].written
		if !w.chosen || w.standard() {
			continue
		}
		if err := r.gather(ctx, i); err != nil {
			return err
		}
		read, err := r.candidates(ctx, i, []format.Format{w.format})
		if err != nil {
			return err
		}
		r.cols[i].written.read = read
	}
	return r.rewrite(ctx)
}

// findKeyFormats finds how the key's columns are written.
func (r *run) findKeyFormats(ctx context.Context) error {
	for _, i := range r.by() {
		if err := r.findFormat(ctx, i, r.rowsFound); err != nil {
			return err
		}
		if err := r.rewrite(ctx); err != nil { // the next column's evidence builds on it
			return err
		}
	}
	return nil
}

// errNotFetched is told where live values must say how a column is written, and are
// not there yet.
var errNotFetched = errors.New("live rows are not fetched yet")

// settleFormats finds how the other columns are written before live rows are known, and
// tells whether it could.
func (r *run) settleFormats(ctx context.Context) (bool, error) {
	notYet := func(context.Context, int, string, candidate) (int64, int64, error) { return 0, 0, errNotFetched }
	for i := range r.cols {
		before := r.cols[i].written
		err := r.findFormat(ctx, i, notYet)
		if errors.Is(err, errNotFetched) {
			r.cols[i].written = before
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
	return true, r.rewrite(ctx)
}

// findFormats finds how the other columns are written, once live rows are known.
func (r *run) findFormats(ctx context.Context) error {
	for i := range r.cols {
		if slices.Contains(r.by(), i) {
			continue
		}
		if err := r.findFormat(ctx, i, r.liveValues); err != nil {
			return err
		}
	}
	if err := r.rewrite(ctx); err != nil {
		return err
	}
	return r.exec(ctx, `DROP TABLE IF EXISTS texts`)
}

// evidence counts for how many of the cells that rivals read differently the
// system speaks for one of them, and of how many it says anything. contested is
// the condition on readings.
type evidence func(ctx context.Context, i int, contested string, by candidate) (settled, of int64, err error)

// findFormat finds how column i is written; rewrite reads it so.
func (r *run) findFormat(ctx context.Context, i int, ask evidence) error {
	w := &r.cols[i].written
	if w.found {
		return nil
	}
	w.found = true
	if err := r.gather(ctx, i); err != nil {
		return err
	}
	formats, most, err := r.fitting(ctx, i)
	if err != nil || len(formats) == 0 {
		return err
	}
	all, err := r.candidates(ctx, i, formats)
	if err != nil {
		return err
	}
	differ, err := r.differing(ctx, i, all)
	if err != nil {
		return err
	}
	kept := contenders(all[len(all)-most:], differ)
	winner, err := r.settle(ctx, i, all[0], kept, differ, ask)
	if err != nil {
		return err
	}
	if winner != nil {
		kept = []candidate{*winner}
	}
	if kept, w.from, err = r.remembered(ctx, i, kept); err != nil {
		return err
	}
	w.format = kept[0].Format
	if len(kept) > 1 {
		w.format = format.Format{}
		for _, c := range kept {
			w.unclear = append(w.unclear, c.Format)
		}
	}
	if !w.standard() || w.told() { // whatever is told needs its texts, for the samples
		w.read = kept
	}
	return nil
}

// contenders gives, of candidates that read all alike, the first.
func contenders(all []candidate, differ [][]bool) (kept []candidate) {
	for _, c := range all {
		if !slices.ContainsFunc(kept, func(first candidate) bool { return !differ[first.n][c.n] }) {
			kept = append(kept, c)
		}
	}
	return kept
}

// settle asks the system where there are rivals; nil where it does not decide.
func (r *run) settle(ctx context.Context, i int, standard candidate, kept []candidate, differ [][]bool, ask evidence) (winner *candidate, err error) {
	rivals := kept
	if !kept[0].IsStandard() && slices.ContainsFunc(kept, func(c candidate) bool { return differ[0][c.n] }) {
		rivals = append([]candidate{standard}, kept...)
	}
	if len(rivals) == 1 {
		return nil, nil
	}
	winners := 0
	for _, c := range rivals {
		settled, of, err := ask(ctx, i, contested(rivals), c)
		if err != nil {
			return nil, err
		}
		if 2*settled > of {
			winners++
			winner = &c
		}
	}
	if winners != 1 {
		winner = nil
	}
	return winner, nil
}

// liveValues: a known row has the very live value.
func (r *run) liveValues(ctx context.Context, i int, contested string, by candidate) (settled, of int64, err error) {
	err = r.query(ctx, fmt.Sprintf(`SELECT count(*) FILTER (p%[1]d IS NULL AND v%[1]d = l.%[2]s), count(*)
		FROM texts JOIN readings%[3]d r ON texts.s%[3]d = r.s JOIN live l ON l.n = texts.line WHERE texts.%[4]s AND %[5]s`, by.n, r.liveName(i), i, sound, contested),
		func(scan func(...any) error) error { return scan(&settled, &of) })
	return settled, of, err
}

// rowsFound: the system has a row with the key, where column i is part of it.
func (r *run) rowsFound(ctx context.Context, i int, contested string, by candidate) (settled, of int64, err error) {
	from := fmt.Sprintf(` FROM texts JOIN readings%[1]d r ON texts.s%[1]d = r.s WHERE texts.%[2]s AND %[3]s`, i, sound, contested)
	if of, err = r.count(ctx, `SELECT count(*)`+from); err != nil {
		return 0, 0, err
	}
	pick, keyed := "", ""
	for _, k := range r.by() {
		value := fmt.Sprintf("cells.v%d", k)
		if k == i {
			value = fmt.Sprintf("asked.v%d", by.n)
		}
		pick += fmt.Sprintf(", %s AS v%d", value, k)
		keyed += " AND " + value + " IS NOT NULL"
	}
	query := fmt.Sprintf(`SELECT cells.line%s FROM cells JOIN (SELECT texts.line, v%d%s AND p%d IS NULL) asked ON asked.line = cells.line WHERE true%s`, pick, by.n, from, by.n, keyed)
	look := driver.Lookup{Table: r.spec.Table.Table, By: r.spec.By(), Columns: r.spec.Key}
	if err := r.lookup(ctx, r.live, "asked_keys", look, query, r.asked(), names("k", r.nk)); err != nil {
		return 0, 0, err
	}
	if settled, err = r.count(ctx, `SELECT count(DISTINCT n) FROM asked_keys`); err != nil {
		return 0, 0, err
	}
	return settled, of, r.exec(ctx, `DROP TABLE asked_keys`)
}

// rewrite puts the columns that were read by a format into cells, as the tables
// readings<i> have them. A column that is unclear gets w<i>: what its texts may
// mean.
func (r *run) rewrite(ctx context.Context) error {
	replace, more, from := "", "", ""
	for i := range r.cols {
		w := &r.cols[i].written
		if w.read == nil {
			continue
		}
		readings := fmt.Sprintf("readings%d", i)
		from += fmt.Sprintf(" LEFT JOIN (SELECT s, %[2]s FROM %[1]s) %[1]s ON t.s%[3]d = %[1]s.s", readings, w.columns(i), i)
		empty := fmt.Sprintf("COALESCE(t.s%d, '') = ''", i)
		of, empties := empty, "NULL::VARCHAR" // what is empty, and what that stands for
		if w.format.Empty != "" {
			of, empties = "false", text(w.format.Empty)
		}
		replace += fmt.Sprintf(", t.s%[1]d AS s%[1]d, %[2]s AS e%[1]d, CASE WHEN %[3]s THEN NULL WHEN %[4]s.s IS NULL THEN 'not-of-type' ELSE %[4]s.pp%[1]d END AS p%[1]d, CASE WHEN %[3]s THEN %[5]s ELSE %[4]s.vv%[1]d END AS v%[1]d",
			i, of, empty, readings, empties)
		if w.unclear != nil {
			more += fmt.Sprintf(", %s.ww%d AS w%d", readings, i, i)
		}
		w.read = nil
	}
	if replace == "" {
		return nil
	}
	return r.exec(ctx, `CREATE OR REPLACE TABLE cells AS SELECT c.* REPLACE (`+replace[2:]+`)`+more+` FROM cells c JOIN texts t ON t.line = c.line`+from)
}

// columns gives, of the readings of column i, its problem pp, value vv and where
// it is unclear what it may mean, ww.
func (w *written) columns(i int) string {
	if w.unclear == nil {
		return fmt.Sprintf("CASE WHEN f%[1]d THEN p%[1]d ELSE 'not-of-type' END AS pp%[2]d, CASE WHEN f%[1]d AND p%[1]d IS NULL THEN v%[1]d END AS vv%[2]d", w.read[0].n, i)
	}
	return fmt.Sprintf("CASE WHEN %s THEN %s ELSE 'not-of-type' END AS pp%[5]d, NULL::VARCHAR AS vv%[5]d, CASE WHEN %[3]s THEN s%[4]s END AS ww%[5]d",
		fits(w.read), text(string(plan.Unclear)), contested(w.read), ways(w.read), i)
}

// ways tells what a text may mean: plan.UnclearFinding's samples.
func ways(read []candidate) string {
	sql := ""
	for k, c := range read {
		before := text(plan.WayIs)
		if k > 0 {
			before = `CASE WHEN ` + fits(read[:k]) + ` THEN ` + text(plan.WayOr) + ` ELSE ` + text(plan.WayIs) + ` END`
		}
		sql += fmt.Sprintf(` || CASE WHEN f%[1]d THEN %[2]s || CASE WHEN p%[1]d IS NULL THEN v%[1]d ELSE %[3]s END || %[4]s ELSE '' END`,
			c.n, before, text(plan.NoValue), text(plan.WayBy(c.Format)))
	}
	return sql
}

// formatProblem words a problem of a column's cells.
func (c column) formatProblem(p record.Problem) finding.Finding {
	switch {
	case p == plan.Unclear:
		return plan.UnclearFinding(c.Column, c.written.unclear)
	case p == record.NotOfType && c.written.unclear == nil && !c.written.standard():
		return plan.MisfitFinding(c.Column, c.written.format)
	}
	return plan.ValueFinding(c.Column, p)
}

// sample is what is shown of a problem of column i.
func sample(i int, p record.Problem) string {
	if p == plan.Unclear {
		return fmt.Sprintf("w%d", i)
	}
	return fmt.Sprintf("s%d", i)
}

// tellFormat tells of a column that is not written in the standard way.
func (r *run) tellFormat(ctx context.Context, i int) error {
	w := r.cols[i].written
	if !w.told() {
		return nil
	}
	return r.hit(ctx, plan.FormatFinding(r.cols[i].Column, w.format, w.chosen, w.from), "cells", fmt.Sprintf("%s AND v%d IS NOT NULL", sound, i),
		fmt.Sprintf("s%d || %s || v%d", i, text(plan.ReadAs), i))
}

// mapping is the file's matched columns with the formats that they were read by.
func (r *run) mapping() []plan.Source {
	sources := slices.Clone(r.spec.Sources)
	for i, s := range sources {
		for _, c := range r.cols {
			if c.Name == s.Column && c.written.told() {
				sources[i].Format, sources[i].FormatFrom = c.written.format.Name, c.written.from
			}
		}
	}
	return sources
}
