package plan

import (
	"io"
	"math"
	"strconv"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// Span is a run of lines of a file, both ends in it.
type Span struct{ From, To int64 }

// Spans are lines of a file: runs in order, with a gap between two. A plan may be of
// some lines of its file only, where the change was split.
type Spans []Span

// AllLines are the lines of any file.
func AllLines() Spans { return Spans{{1, math.MaxInt64}} }

// Minus gives the lines of s that are not among those of o.
func (s Spans) Minus(o Spans) (out Spans) {
	i := 0
	for _, span := range s {
		for i < len(o) && o[i].To < span.From {
			i++
		}
		from, left := span.From, true
		for j := i; left && j < len(o) && o[j].From <= span.To; j++ {
			if o[j].From > from {
				out = append(out, Span{from, o[j].From - 1})
			}
			if left = o[j].To < span.To; left {
				from = o[j].To + 1
			}
		}
		if left {
			out = append(out, Span{from, span.To})
		}
	}
	return out
}

// Has tells whether a line is among them.
func (s Spans) Has(line int64) bool {
	for lo, hi := 0, len(s); lo < hi; {
		switch middle := (lo + hi) / 2; {
		case line < s[middle].From:
			hi = middle
		case line > s[middle].To:
			lo = middle + 1
		default:
			return true
		}
	}
	return false
}

// Write writes them as an artefact: a record "from, to" each, in the canonical
// dialect.
func (s Spans) Write(out io.Writer) error {
	w := record.NewWriter(out)
	for _, span := range s {
		w.Number(span.From)
		w.Number(span.To)
		if err := w.End(); err != nil {
			return err
		}
	}
	return w.Flush()
}

// ReadSpans reads what Write wrote.
func ReadSpans(in io.Reader) (s Spans, err error) {
	for rows := record.NewReader(in); ; {
		f, err := rows.Read()
		if err == io.EOF {
			return s, nil
		}
		if err != nil || len(f) != 2 {
			return nil, errs.New(errs.Internal, "The stored lines of a part are damaged.").Because(err)
		}
		from, err1 := strconv.ParseInt(string(f[0].Text), 10, 64)
		to, err2 := strconv.ParseInt(string(f[1].Text), 10, 64)
		if err1 != nil || err2 != nil || from > to || len(s) > 0 && from <= s[len(s)-1].To {
			return nil, errs.New(errs.Internal, "The stored lines of a part are damaged.")
		}
		s = append(s, Span{from, to})
	}
}
