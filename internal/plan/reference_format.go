package plan

import (
	"context"
	"slices"
	"strings"

	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/record"
	"sutor/internal/record/format"
	"sutor/internal/system/driver"
)

// reading is how a column is read.
type reading struct {
	candidate
	chosen  bool
	from    change.ID   // the earlier change in which it was chosen, where only that decided
	unclear []candidate // instead: those between which nothing was guessed
}

// candidate is a format with what it makes of the texts of one column.
type candidate struct {
	format format.Format
	typ    record.Type
	r      *reference
	made   map[string]outcome
	fits   int // cells
}

// outcome is what a format makes of a text.
type outcome struct {
	fits    bool
	value   string
	problem record.Problem
}

func (r *reference) candidate(c record.Column, f format.Format) candidate {
	return candidate{format: f, typ: c.Type, r: r, made: map[string]outcome{}}
}

// of judges a text once.
func (c candidate) of(text string) outcome {
	o, known := c.made[text]
	if known {
		return o
	}
	var standard string
	if standard, o.fits = c.format.Read(text); o.fits {
		o.value, o.problem = c.typ.Parse(standard, c.r.spec.Location)
	}
	c.made[text] = o
	return o
}

// differ tells whether two formats both read a text, and not alike.
func differ(a, b candidate, text string) bool {
	x, y := a.of(text), b.of(text)
	return x.fits && y.fits && x != y
}

// chooseFormats takes the person's choices.
func (r *reference) chooseFormats() error {
	for _, c := range r.inFile() {
		name, ok := r.spec.Options.Formats[c.Name]
		if !ok {
			continue
		}
		f, err := format.Named(c.Type.Kind, name)
		if err != nil {
			return err
		}
		r.read[c.Name] = &reading{candidate: r.candidate(c, f), chosen: true}
	}
	return nil
}

// inFile gives the columns of the key and of the judged set that the file has.
func (r *reference) inFile() record.Schema {
	return slices.DeleteFunc(append(slices.Clone(r.spec.Key), r.spec.Judged...), func(c record.Column) bool {
		return !slices.ContainsFunc(r.spec.Sources, func(s Source) bool { return s.Column == c.Name })
	})
}

// findKeyFormats finds how the key's columns are written. Between rivals the
// system decides: by which of them it finds the rows.
func (r *reference) findKeyFormats(ctx context.Context) error {
	for _, c := range r.spec.By() {
		err := r.findFormat(c, func(contested []*line, by candidate) (settled, of int, err error) {
			asked := map[int64][]*string{}
			for _, l := range contested {
				o := by.of(*l.cells[c.Name].text)
				if !o.fits || o.problem != record.OK {
					continue
				}
				as := *l
				as.cells = map[string]cell{}
				for name, cell := range l.cells {
					as.cells[name] = cell
				}
				as.cells[c.Name] = cell{value: &o.value}
				if by, ok := r.by(&as); ok {
					asked[l.number] = by
				}
			}
			found, err := r.lookup(ctx, driver.Lookup{Table: r.spec.Table.Table, By: r.spec.By(), Columns: r.spec.Key}, asked)
			return len(found), len(contested), err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// findFormats finds how the other columns are written. Between rivals the live
// values of known rows decide.
func (r *reference) findFormats(found map[int64][][]*string) error {
	for i, c := range append(slices.Clone(r.spec.Key), r.spec.Judged...) {
		if r.spec.By().Index(c.Name) >= 0 {
			continue
		}
		err := r.findFormat(c, func(contested []*line, by candidate) (settled, of int, err error) {
			for _, l := range contested {
				for _, live := range found[l.number] {
					o, value := by.of(*l.cells[c.Name].text), live[i]
					of++
					if o.fits && o.problem == record.OK && value != nil && *value == o.value {
						settled++
					}
				}
			}
			return settled, of, nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// evidence counts for how many of the lines whose cells rivals read differently
// the system speaks for one of them, and of how many it says anything.
type evidence func(contested []*line, by candidate) (settled, of int, err error)

// findFormat finds how a column of the file is written: package comment, "Which
// format a column has".
func (r *reference) findFormat(c record.Column, ask evidence) error {
	if r.read[c.Name] != nil || r.inFile().Index(c.Name) < 0 || len(format.For(c.Type.Kind, "")) == 0 {
		return nil
	}
	lines := slices.DeleteFunc(slices.Clone(r.lines), func(l *line) bool { return l.defect != nil || l.cells[c.Name].empty })
	if r.plainlyStandard(c, lines) {
		return nil
	}
	var all []candidate
	for _, f := range format.For(c.Type.Kind, commonSign(lines, c.Name)) {
		by := r.candidate(c, f)
		for _, l := range lines {
			if by.of(*l.cells[c.Name].text).fits {
				by.fits++
			}
		}
		all = append(all, by)
	}
	read := &reading{candidate: all[0]}
	contenders := contenders(all, lines, c.Name)
	if winner, err := settle(all[0], contenders, lines, c.Name, ask); err != nil {
		return err
	} else if winner != nil {
		read.candidate = *winner
	} else if len(contenders) == 1 {
		read.candidate = contenders[0]
	} else if before, err := r.remembered(c, contenders[0].fits, lines); err != nil {
		return err
	} else if before != nil {
		read = before
	} else {
		read.unclear = contenders
	}
	if read.format.IsStandard() && read.unclear == nil && read.from == "" {
		return nil
	}
	r.read[c.Name] = read
	for _, l := range r.lines {
		l.cells[c.Name] = r.cell(c, l.cells[c.Name].text)
	}
	return nil
}

// plainlyStandard tells whether the standard grammar reads every cell, and no other
// format any of them otherwise: then nothing has to be tried.
func (r *reference) plainlyStandard(c record.Column, lines []*line) bool {
	standard := r.candidate(c, format.For(c.Type.Kind, "")[0])
	return !slices.ContainsFunc(lines, func(l *line) bool {
		text := *l.cells[c.Name].text
		o := standard.of(text)
		return !o.fits || o.problem == record.NotOfType || strings.Contains(text, ".") && format.GroupedByPoint.MatchString(text)
	})
}

// remembered gives the format chosen for the column before, if it reads as many of
// the cells as the contenders do.
func (r *reference) remembered(c record.Column, most int, lines []*line) (*reading, error) {
	before, ok := r.spec.Remembered[c.Name]
	if !ok {
		return nil, nil
	}
	f, err := format.Named(c.Type.Kind, before.Format)
	if err != nil {
		return nil, err
	}
	by := r.candidate(c, f)
	for _, l := range lines {
		if by.of(*l.cells[c.Name].text).fits {
			by.fits++
		}
	}
	if by.fits < most {
		return nil, nil
	}
	return &reading{candidate: by, from: before.Change}, nil
}

// commonSign gives the sign that most cells carry that carry one.
func commonSign(lines []*line, column string) (most string) {
	cells := map[string]int{}
	for _, l := range lines {
		if s := format.SignOf(*l.cells[column].text); s != "" {
			cells[s]++
		}
	}
	for s, n := range cells {
		if n > cells[most] || n == cells[most] && s < most {
			most = s
		}
	}
	return most
}

// contenders gives the formats that fit the most cells, of those that read all
// alike the first. It is the standard grammar alone if the most are not more than
// half, unless it is among them.
func contenders(all []candidate, lines []*line, column string) (out []candidate) {
	most := 0
	for _, c := range all {
		most = max(most, c.fits)
	}
	if all[0].fits < most && 2*most <= len(lines) {
		return all[:1]
	}
	for _, c := range all {
		alike := func(first candidate) bool { return !anyDiffer(lines, column, first, c) }
		if c.fits == most && !slices.ContainsFunc(out, alike) {
			out = append(out, c)
		}
	}
	return out
}

func anyDiffer(lines []*line, column string, a, b candidate) bool {
	return slices.ContainsFunc(lines, func(l *line) bool { return differ(a, b, *l.cells[column].text) })
}

// settle asks the system where there are rivals; nil where it does not decide.
func settle(standard candidate, contenders []candidate, lines []*line, column string, ask evidence) (*candidate, error) {
	rivals := contenders
	if !contenders[0].format.IsStandard() && slices.ContainsFunc(contenders, func(c candidate) bool { return anyDiffer(lines, column, standard, c) }) {
		rivals = append([]candidate{standard}, contenders...)
	}
	contested := slices.DeleteFunc(slices.Clone(lines), func(l *line) bool {
		return !slices.ContainsFunc(rivals, func(a candidate) bool {
			return slices.ContainsFunc(rivals, func(b candidate) bool { return differ(a, b, *l.cells[column].text) })
		})
	})
	var winners []candidate
	for _, c := range rivals {
		if len(rivals) == 1 {
			break
		}
		settled, of, err := ask(contested, c)
		if err != nil {
			return nil, err
		}
		if 2*settled > of {
			winners = append(winners, c)
		}
	}
	if len(winners) != 1 {
		return nil, nil
	}
	return &winners[0], nil
}

// cell reads a text that is not empty.
func (r *reading) cell(text string) cell {
	if r.unclear == nil {
		o := r.of(text)
		switch {
		case !o.fits:
			return cell{text: &text, problem: record.NotOfType}
		case o.problem != record.OK:
			return cell{text: &text, problem: o.problem}
		}
		return cell{text: &text, value: &o.value}
	}
	if !slices.ContainsFunc(r.unclear, func(c candidate) bool { return c.of(text).fits }) {
		return cell{text: &text, problem: record.NotOfType}
	}
	return cell{text: &text, problem: Unclear, ways: r.ways(text)}
}

// ways tells what an unclear text may mean; nothing where all formats agree on it.
func (r *reading) ways(text string) *string {
	out, agree := text, true
	for i, c := range r.unclear {
		o := c.of(text)
		for _, other := range r.unclear[:i] {
			agree = agree && !differ(c, other, text)
		}
		if !o.fits {
			continue
		}
		value := o.value
		if o.problem != record.OK {
			value = NoValue
		}
		out += map[bool]string{true: WayIs, false: WayOr}[out == text] + value + WayBy(c.format)
	}
	if agree {
		return nil
	}
	return &out
}

// shown is the sample of a cell with a problem.
func (c cell) shown() *string {
	if c.problem == Unclear {
		return c.ways
	}
	return c.text
}

// finding words a problem of a column's cells.
func (r *reading) finding(c record.Column, p record.Problem) finding.Finding {
	switch {
	case r != nil && p == Unclear:
		var formats []format.Format
		for _, c := range r.unclear {
			formats = append(formats, c.format)
		}
		return UnclearFinding(c, formats)
	case r != nil && r.unclear == nil && !r.format.IsStandard() && p == record.NotOfType:
		return MisfitFinding(c, r.format)
	}
	return ValueFinding(c, p)
}

// told tells whether the format must be told: it is not the standard one, or it was
// decided by an earlier choice only.
func (r *reading) told() bool {
	return r.unclear == nil && (!r.format.IsStandard() || r.from != "")
}

// tellFormat tells of a column that is not written in the standard way.
func (r *reference) tellFormat(c record.Column) {
	read := r.read[c.Name]
	if read == nil || !read.told() {
		return
	}
	told := r.check(FormatFinding(c, read.format, read.chosen, read.from))
	for _, l := range r.lines {
		if cell := l.cells[c.Name]; l.defect == nil && cell.value != nil {
			var sample *string
			if cell.text != nil {
				as := *cell.text + ReadAs + *cell.value
				sample = &as
			}
			told.hit(l, sample)
		}
	}
}

// mapping is the file's matched columns with the formats that they were read by.
func (r *reference) mapping() []Source {
	sources := slices.Clone(r.spec.Sources)
	for i, s := range sources {
		if read := r.read[s.Column]; read != nil && read.told() {
			sources[i].Format, sources[i].FormatFrom = read.format.Name, read.from
		}
	}
	return sources
}
