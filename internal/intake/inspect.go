package intake

import (
	"context"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"sutor/internal/finding"
	"sutor/internal/record"
)

// Report is what is understood of a file.
type Report struct {
	Result
	Profiles  []Profile // one for each of Result.Columns
	First     []FirstRow
	Defective []FirstRow // the first rows with a defect or a repair
}

// Profile is what stands in a column.
type Profile struct {
	Name    string
	Type    string   // what the cells of the first 20,000 rows can be read as: boolean, integer, decimal, date, timestamp, text; "" where none is filled
	Filled  int64    // cells that are not empty
	Longest int      // characters
	Samples []string // up to three different texts
}

// FirstRow is a row as it was read.
type FirstRow struct {
	Line   int64
	Defect string
	Cells  []*string // nil is NULL
}

const (
	firstRows   = 10
	sampleTexts = 3
	typedRows   = 20_000 // of which types are guessed
)

// Inspect reads the file f to its end and says what it understood. Nothing is
// kept. A file without a byte is not refused here.
func Inspect(ctx context.Context, f File, o Options) (Report, error) {
	if f.Size == 0 {
		return Report{Result: nothing()}, nil
	}
	read, write := io.Pipe()
	var p profiler
	done := make(chan error, 1)
	go func() {
		err := eachRow(ctx, read, p.take)
		_ = read.CloseWithError(err) // never fails
		done <- err
	}()
	res, err := Read(ctx, f, write, o)
	_ = write.CloseWithError(err) // never fails; nil is the end
	seen := <-done
	switch {
	case ctx.Err() != nil:
		return Report{}, ctx.Err() // else it looks like a pipe that broke
	case err != nil:
		return Report{}, err
	case seen != nil:
		return Report{}, seen
	}
	return p.report(res), nil
}

// profiler collects while rows go by.
type profiler struct {
	rows      int
	columns   []column
	first     []FirstRow
	defective []FirstRow
}

type column struct {
	Profile
	ruledOut map[string]bool // names of candidates
}

func (p *profiler) take(r Row) {
	for len(p.columns) < len(r.Cells) {
		p.columns = append(p.columns, column{ruledOut: map[string]bool{}})
	}
	p.rows++
	for i, c := range r.Cells {
		p.columns[i].take(c, p.rows <= typedRows)
	}
	if len(p.first) < firstRows {
		p.first = append(p.first, kept(r))
	}
	if r.Defect != "" && len(p.defective) < firstRows {
		p.defective = append(p.defective, kept(r))
	}
}

func kept(r Row) FirstRow {
	out := FirstRow{Line: r.Line, Defect: r.Defect}
	for _, c := range r.Cells {
		out.Cells = append(out.Cells, c.Ptr())
	}
	return out
}

// candidates are the types that a column is tried as, narrow ones first.
var candidates = []struct {
	name string
	is   record.Type
}{
	{"boolean", record.Type{Kind: record.Bool}},
	{"integer", record.Type{Kind: record.Decimal, Precision: -1}},
	{"decimal", record.Type{Kind: record.Decimal, Precision: -1, Scale: -1}},
	{"date", record.Type{Kind: record.Date}},
	{"timestamp", record.Type{Kind: record.Timestamp, Fraction: 6}},
}

// take counts a cell, and with typed rules out the types that it is no value of.
func (c *column) take(f record.Field, typed bool) {
	if f.Null || len(f.Text) == 0 {
		return
	}
	c.Filled++
	c.Longest = max(c.Longest, utf8.RuneCount(f.Text))
	if len(c.Samples) < sampleTexts {
		if s := finding.Sample(string(f.Text)); !slices.Contains(c.Samples, s) {
			c.Samples = append(c.Samples, s)
		}
	}
	if !typed || len(c.ruledOut) == len(candidates) {
		return
	}
	text := string(f.Text)
	for _, t := range candidates {
		if c.ruledOut[t.name] {
			continue
		}
		if _, problem := t.is.Parse(text, time.UTC); problem != record.OK || codeLike(text) {
			c.ruledOut[t.name] = true
		}
	}
}

// codeLike tells a text of digits that would lose its leading zeros as a number.
func codeLike(text string) bool {
	return len(text) > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9' && !strings.ContainsAny(text, "-:.")
}

func (c *column) guess() string {
	if c.Filled == 0 {
		return ""
	}
	for _, t := range candidates {
		if !c.ruledOut[t.name] && !(t.is.Kind == record.Bool && c.oneDigit()) {
			return t.name
		}
	}
	return "text"
}

// oneDigit tells that a column holds nothing but one and the same digit, which is
// a number until another value speaks for a truth value.
func (c *column) oneDigit() bool {
	return len(c.Samples) == 1 && len(c.Samples[0]) == 1 && c.Samples[0] >= "0" && c.Samples[0] <= "9"
}

func (p *profiler) report(res Result) Report {
	r := Report{Result: res, First: p.first, Defective: p.defective}
	for i, name := range res.Columns {
		var c column
		if i < len(p.columns) {
			c = p.columns[i]
		}
		c.Name, c.Type = name, c.guess()
		r.Profiles = append(r.Profiles, c.Profile)
	}
	return r
}
