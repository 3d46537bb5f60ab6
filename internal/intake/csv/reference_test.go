package csv

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"

	"sutor/internal/record"
)

// A row is one staging record, for comparing.
type row struct {
	line   string
	defect string
	cells  []string // <null>, or the text in brackets
}

const null = "<null>"

func text(s string) string { return "[" + s + "]" }

// fataler is what testing.TB and rapid.T share.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// staged reads a staging file back.
func staged(t fataler, staging []byte) []row {
	t.Helper()
	var rows []row
	for rd := record.NewReader(bytes.NewReader(staging)); ; {
		fields, err := rd.Read()
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatalf("staging after %d rows: %v", len(rows), err)
		}
		r := row{line: string(fields[0].Text)}
		if !fields[1].Null {
			r.defect = string(fields[1].Text)
		}
		for _, f := range fields[2:] {
			if f.Null {
				r.cells = append(r.cells, null)
			} else {
				r.cells = append(r.cells, text(string(f.Text)))
			}
		}
		rows = append(rows, r)
	}
}

// reference is the slow and obvious twin of Read's scanner: a state machine over
// single bytes, without a window, without words. It gives the header's cells as
// the first row; ok is false for a file that Read must refuse.
func reference(file []byte, delimiter byte) (rows []row, blank int64, ok bool) {
	for bytes.HasPrefix(file, []byte("\uFEFF")) {
		file = file[3:]
	}
	if !utf8.Valid(file) || bytes.IndexByte(file, 0) >= 0 {
		return nil, 0, false
	}
	line, i := 1, 0
	lineEnd := func() bool { return i < len(file) && (file[i] == '\n' || file[i] == '\r') }
	passLineEnd := func() {
		if file[i] == '\r' && i+1 < len(file) && file[i+1] == '\n' {
			i++
		}
		i++
		line++
	}
	width := -1
	for i < len(file) {
		if lineEnd() {
			passLineEnd()
			blank++
			continue
		}
		r, broken := row{line: fmt.Sprint(line)}, 0
		for {
			cell, start := null, i
			if i < len(file) && file[i] == '"' {
				var b []byte
				for i++; ; i++ {
					if i == len(file) {
						return nil, 0, false
					}
					if file[i] == '"' {
						if i+1 == len(file) || file[i+1] != '"' {
							break
						}
						i++
					} else if file[i] == '\n' || file[i] == '\r' && (i+1 == len(file) || file[i+1] != '\n') {
						line++
					}
					b = append(b, file[i])
				}
				i++
				cell = text(string(b))
				if i < len(file) && file[i] != delimiter && !lineEnd() {
					if broken == 0 {
						broken = len(r.cells) + 1
					}
					for i < len(file) && file[i] != delimiter && !lineEnd() {
						i++
					}
					cell = text(string(file[start:i]))
				}
			} else {
				for i < len(file) && file[i] != delimiter && !lineEnd() {
					i++
				}
				if i > start {
					cell = text(string(file[start:i]))
				}
			}
			r.cells = append(r.cells, cell)
			if i == len(file) || file[i] != delimiter {
				break
			}
			i++
		}
		if i < len(file) {
			passLineEnd()
		}
		if width < 0 {
			if broken > 0 {
				return nil, 0, false
			}
			width = len(r.cells)
		}
		judge(&r, width, broken)
		rows = append(rows, r)
	}
	return rows, blank, len(rows) > 1
}

// judge sets the defect and brings the cells to the header's width.
func judge(r *row, width, broken int) {
	surplus := false
	for _, c := range r.cells[min(width, len(r.cells)):] {
		surplus = surplus || c != null
	}
	switch {
	case broken > 0:
		r.defect = fmt.Sprintf("quote:%d", broken)
	case surplus || len(r.cells) < width:
		r.defect = fmt.Sprintf("cells:%d", len(r.cells))
	}
	r.cells = r.cells[:min(width, len(r.cells))]
	for len(r.cells) < width {
		r.cells = append(r.cells, null)
	}
}
