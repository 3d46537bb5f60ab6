package plan

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Reference makes a plan the obvious way: rows in Go slices, one check after the
// other. It is the meaning that every engine is held to (package plantest): the same
// counts, canonical rows, digest of them, facts and findings. All rows are in memory,
// so it makes the plans of small files only, and those in a fraction of the time that
// an engine of columns needs to begin (package plan/duck). The outcome names no files
// and its manifest no digest of one: whoever keeps the plan writes them.
func Reference(ctx context.Context, spec Spec, staging io.Reader, live Live) (*Outcome, *ByRow, error) {
	r := &reference{spec: spec, live: live, read: map[string]*reading{}}
	steps := []func() error{
		r.chooseFormats,
		func() error { return r.readLines(ctx, staging) },
		func() error { return r.findKeyFormats(ctx) },
		func() error { return r.readPart(ctx) },
		func() error { return r.compare(ctx) },
	}
	if spec.Rule != nil {
		steps = []func() error{func() error { return r.pickRows(ctx) }}
	}
	for _, step := range append(steps, r.checkAndMake,
		func() error { return r.checkByReading(ctx) },
		func() error { return r.checkReferred(ctx) }) {
		if err := step(); err != nil {
			return nil, nil, err
		}
	}
	r.judgeRows()
	return r.freeze()
}

// checkAndMake runs the checks that need no reading, and makes the deltas of what
// is valid.
func (r *reference) checkAndMake() error {
	r.checkRows()
	r.makeDeltas()
	r.deleteOthers()
	return nil
}

type reference struct {
	spec   Spec
	live   Live
	lines  []*line
	rows   []*row
	deltas []*delta
	table  int64       // rows of the live table
	met    [][]*string // the judged columns of the live rows met
	checks []*check
	beyond map[int64]bool               // lines whose live row the maker may not see
	kept   map[string]map[int64]*string // by column outside the judged set and by row: what a check needed of it
	read   map[string]*reading          // how columns are read, by column

	spellings map[string]map[string]spelling // what the system says of texts of columns of a Native type

	reversal bool // undoing an applied plan: checks are told only

	part  []liveRow         // inside the part of a sync, in the order of their keys
	notes []finding.Finding // that are about no row of the file
}

// line is one record of the file.
type line struct {
	number int64
	defect *string
	cells  map[string]cell // by column, key and judged columns of the file only
}

// cell is what a column has in the file: its text, and what became of it.
type cell struct {
	text    *string
	empty   bool
	problem record.Problem
	value   *string // canonical text; NULL where empty, or where there is a problem
	ways    *string // what an unclear text may mean
}

// row is a line that means a row, beside the live row that it means.
type row struct {
	*line
	by     []*string // what it is found by, as the system has it, where it was found
	key    []*string // as the system has it, where it was found; NULL in a column that it will give
	found  bool
	before []*string // the judged columns of the live row; NULL without one
	after  []*string
	writes []bool
}

// delta is a row that stays in the plan.
type delta struct {
	op driver.Op
	*row
	why string // of a row that a reversal leaves alone
}

// readLines reads the staging file, its columns as they are chosen to be read.
func (r *reference) readLines(ctx context.Context, staging io.Reader) error {
	var all bytes.Buffer
	texts := map[string][]*string{}
	if err := each(io.TeeReader(staging, &all), 2+len(r.spec.Columns), func(_ int64, fields []*string) {
		for _, source := range r.spec.Sources {
			texts[source.Column] = append(texts[source.Column], fields[1+source.File])
		}
	}); err != nil {
		return err
	}
	if err := r.spell(ctx, texts); err != nil {
		return err
	}
	return each(&all, 2+len(r.spec.Columns), func(n int64, fields []*string) {
		l := &line{number: n, defect: fields[0], cells: map[string]cell{}}
		if l.defect != nil && strings.HasPrefix(*l.defect, "~") {
			l.defect = nil // repaired when the file was read, and told there
		}
		for _, c := range append(slices.Clone(r.spec.Key), r.spec.Judged...) {
			for _, source := range r.spec.Sources {
				if source.Column == c.Name {
					l.cells[c.Name] = r.cell(c, fields[1+source.File])
				}
			}
		}
		r.lines = append(r.lines, l)
	})
}

// each reads records of a number and texts.
func each(in io.Reader, fields int, do func(n int64, fields []*string)) error {
	for rows := record.NewReader(in); ; {
		f, err := rows.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if len(f) != fields {
			return fmt.Errorf("plan: a record has %d fields instead of %d", len(f), fields)
		}
		n, err := strconv.ParseInt(string(f[0].Text), 10, 64)
		if err != nil {
			return err
		}
		texts := make([]*string, 0, fields-1)
		for _, field := range f[1:] {
			texts = append(texts, field.Ptr())
		}
		do(n, texts)
	}
}

// cell reads one cell: docs/values.md, "One grammar per type", "Formats" and
// "Empty cells".
func (r *reference) cell(c record.Column, text *string) cell {
	reading := r.read[c.Name]
	switch {
	case (text == nil || *text == "") && reading != nil && reading.format.Empty != "":
		value := reading.format.Empty
		return cell{text: text, value: &value}
	case text == nil || *text == "" && c.Type.Kind != record.Text:
		return cell{text: text, empty: true}
	case reading != nil:
		return reading.cell(*text)
	}
	value, problem := c.Type.Parse(*text, r.spec.Location)
	if s, asked := r.spellings[c.Name][*text]; asked {
		value, problem = s.canonical, s.problem
	}
	if problem != record.OK {
		return cell{text: text, problem: problem}
	}
	return cell{text: text, value: &value}
}

// by gives the canonical values that a line's row is found by; false where it has
// none.
func (r *reference) by(l *line) (by []*string, ok bool) {
	for _, c := range r.spec.By() {
		v := l.cells[c.Name].value
		if v == nil {
			return nil, false
		}
		by = append(by, v)
	}
	return by, l.defect == nil
}

// unnumbered tells whether a line is a new row whose key the system gives.
func (r *reference) unnumbered(l *line) bool {
	if l.defect != nil || !r.spec.Unnumbered() {
		return false
	}
	for _, c := range r.spec.Key {
		in := l.cells[c.Name]
		if in.problem != record.OK || blank(in.value) != (c.Name == r.spec.Given) {
			return false
		}
	}
	return true
}

// compare asks the system for the live rows and puts each beside its line.
func (r *reference) compare(ctx context.Context) (err error) {
	if r.table, err = r.live.Count(ctx, r.spec.Table.Table); err != nil {
		return err
	}
	asked := map[int64][]*string{}
	for _, l := range r.lines {
		if by, ok := r.by(l); ok && !r.unnumbered(l) {
			asked[l.number] = by
		}
	}
	found, err := r.fetch(ctx, asked)
	if err != nil {
		return err
	}
	r.keepInside(found)
	r.meet(found)
	if err := r.findFormats(found); err != nil {
		return err
	}
	if r.spec.Lines != nil {
		r.lines = slices.DeleteFunc(r.lines, func(l *line) bool { return !r.spec.Lines.Has(l.number) })
	}
	for _, l := range r.lines {
		if by, ok := asked[l.number]; ok || r.unnumbered(l) {
			r.rows = append(r.rows, r.beside(l, by, found[l.number]))
		}
	}
	return nil
}

// meet notes the live rows that were found.
func (r *reference) meet(found map[int64][][]*string) {
	for _, rows := range found {
		for _, values := range rows {
			r.met = append(r.met, values[len(r.spec.Key):])
		}
	}
}

// fetch asks the system for the live rows behind what they are found by, numbered:
// key and judged columns. What meets several is refused.
func (r *reference) fetch(ctx context.Context, asked map[int64][]*string) (map[int64][][]*string, error) {
	look := driver.Lookup{Table: r.spec.Table.Table, By: r.spec.By(), Columns: append(slices.Clone(r.spec.Key), r.spec.Judged...)}
	found, err := r.lookup(ctx, look, asked)
	double := 0
	for _, rows := range found {
		if len(rows) > 1 {
			double++
		}
	}
	if err == nil && double > 0 {
		err = r.spec.Several(int64(double))
	}
	return found, err
}

// lookup asks the system for rows by numbered values, and makes what comes back
// canonical.
func (r *reference) lookup(ctx context.Context, l driver.Lookup, asked map[int64][]*string) (map[int64][][]*string, error) {
	found := map[int64][][]*string{}
	err := r.stream(ctx, r.live, l, asked, func(n int64, values []*string) { found[n] = append(found[n], values) })
	return found, err
}

// numbered writes numbered values as records, in the order of the numbers.
func numbered(asked map[int64][]*string) (io.Reader, error) {
	var up bytes.Buffer
	w := record.NewWriter(&up)
	for _, number := range slices.Sorted(maps.Keys(asked)) {
		w.Number(number)
		for _, v := range asked[number] {
			w.Optional(v)
		}
		if err := w.End(); err != nil {
			return nil, err
		}
	}
	return &up, w.Flush()
}

// canonicalLive makes a live value canonical: floats come as each system prints
// them, everything else is canonical already (package driver).
func canonicalLive(t record.Type, v *string) *string {
	if v == nil || t.Kind != record.Float {
		return v
	}
	x, err := strconv.ParseFloat(*v, t.Bits)
	if err != nil && !math.IsInf(x, 0) {
		return v
	}
	text := record.FormatFloat(x, t.Bits)
	return &text
}

// beside compares a line with its live row, over the judged set.
func (r *reference) beside(l *line, by []*string, live [][]*string) *row {
	n, nk := len(r.spec.Judged), len(r.spec.Key)
	out := &row{line: l, by: by, key: r.newKey(l), before: make([]*string, n), after: make([]*string, n), writes: make([]bool, n)}
	if len(live) > 0 {
		out.found, out.key, out.before, out.by = true, live[0][:nk], live[0][nk:], nil
		for _, c := range r.spec.By() {
			out.by = append(out.by, live[0][append(slices.Clone(r.spec.Key), r.spec.Judged...).Index(c.Name)])
		}
	}
	for j, c := range r.spec.Judged {
		in, there := l.cells[c.Name]
		out.after[j] = out.before[j]
		if !there || !r.writes(c, in, out.found, out.before[j]) {
			continue
		}
		out.writes[j], out.after[j] = true, in.value
		if in.empty {
			out.after[j] = emptied(c)
		}
	}
	return out
}

// newKey gives the key of a line as a new row: NULL where the file gives none.
func (r *reference) newKey(l *line) (key []*string) {
	for _, c := range r.spec.Key {
		v := l.cells[c.Name].value
		if blank(v) && (r.spec.Match != nil || r.unnumbered(l)) {
			v = nil
		}
		key = append(key, v)
	}
	return key
}

// writes tells whether a row writes a column: docs/values.md, "Empty cells". What a
// row is found by it has already, as the system compares.
func (r *reference) writes(c record.Column, in cell, found bool, before *string) bool {
	switch {
	case in.problem != record.OK, found && r.spec.Match.Index(c.Name) >= 0:
		return false
	case !in.empty && found:
		return !same(in.value, before)
	case !in.empty:
		return true
	case !r.spec.Options.ClearEmpty:
		return false
	case found:
		return !blank(before)
	}
	return c.Nullable || c.Type.Kind == record.Text && !c.HasDefault
}

// emptied is what an empty cell becomes where it must write.
func emptied(c record.Column) *string {
	if !c.Nullable && c.Type.Kind == record.Text {
		return new(string)
	}
	return nil
}

// same compares two values; NULL is the same as NULL.
func same(a, b *string) bool { return a == b || a != nil && b != nil && *a == *b }

// blank tells whether there is nothing to read: NULL or the empty text.
func blank(v *string) bool { return v == nil || *v == "" }

// makeDeltas keeps the valid rows that write something.
func (r *reference) makeDeltas() {
	invalid := r.invalid()
	for _, row := range r.rows {
		switch {
		case invalid[row.number]:
		case !row.found:
			r.deltas = append(r.deltas, &delta{op: driver.Insert, row: row})
		case slices.Contains(row.writes, true):
			r.deltas = append(r.deltas, &delta{op: driver.Update, row: row})
		}
	}
}

// freeze puts the deltas in order, writes their canonical rows, and counts.
func (r *reference) freeze() (*Outcome, *ByRow, error) {
	slices.SortFunc(r.deltas, func(a, b *delta) int {
		if o := strings.Compare(string(a.op), string(b.op)); o != 0 {
			return o
		}
		if o := slices.CompareFunc(a.key, b.key, nullsLast); o != 0 || r.spec.Given == "" {
			return o
		}
		if o := strings.Compare(a.mask(), b.mask()); o != 0 {
			return o
		}
		return slices.CompareFunc(a.after, b.after, nullsLast)
	})
	rows, err := r.canonicalRows()
	if err != nil {
		return nil, nil, err
	}
	m := Manifest{Key: r.spec.Key.Names(), Columns: append(slices.Clone(r.spec.Key), r.spec.Judged...), Mapping: r.mapping(),
		TableRows: r.table, Rows: record.DigestOf(rows), Counts: r.counts()}
	if !r.reversal && r.spec.Rule == nil {
		m.Content = r.content()
	}
	if slices.ContainsFunc(r.deltas, func(d *delta) bool { return slices.Contains(d.key, nil) }) {
		m.Given = r.spec.Given
	}
	return &Outcome{Manifest: m, Findings: append(r.findings(), r.notes...), Facts: r.facts()}, &ByRow{rows, r}, nil
}

// nullsLast compares texts by their bytes.
func nullsLast(a, b *string) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	}
	return strings.Compare(*a, *b)
}

// mask has a character for each judged column: 1 where the row writes it.
func (r *row) mask() string {
	var b strings.Builder
	for _, m := range r.writes {
		b.WriteString(map[bool]string{true: "1", false: "0"}[m])
	}
	return b.String()
}

func (r *reference) canonicalRows() ([]byte, error) {
	var b bytes.Buffer
	w := record.NewWriter(&b)
	for _, name := range RowsHeader(r.spec.Key, r.spec.Judged) {
		w.String(name)
	}
	err := w.End()
	for _, d := range r.deltas {
		w.String(string(d.op))
		w.String(d.mask())
		for _, v := range slices.Concat(d.key, d.before, d.after) {
			w.Optional(v)
		}
		if err == nil {
			err = w.End()
		}
	}
	if err == nil {
		err = w.Flush()
	}
	return b.Bytes(), err
}

func (r *reference) counts() (c change.Counts) {
	for _, d := range r.deltas {
		switch d.op {
		case driver.Insert:
			c.Insert++
		case driver.Update:
			c.Update++
		case driver.Delete:
			c.Delete++
		case Kept:
			c.Kept++
		case Impossible:
			c.Impossible++
		}
	}
	c.Invalid = int64(len(r.invalid()))
	c.Unchanged = int64(len(r.lines)) - c.Written() - c.Kept - c.Impossible - c.Invalid
	if !r.reversal { // a row that a sync deletes is none of the file
		c.Unchanged += c.Delete
	}
	return c
}
