package csv

import (
	"math"
	"strings"
	"unicode/utf8"

	"sutor/internal/errs"
	"sutor/internal/finding"
	"sutor/internal/intake/dialect"
	"sutor/internal/intake/sniff"
)

// Limits bound what one file may take. The steward sets them in the
// configuration; zero means the default.
type Limits struct {
	MaxBytes   int64 // of the file; default: no limit
	MaxRows    int64 // records below the header, defective ones included; default: no limit
	MaxColumns int   // default 16,384, as in a worksheet
	MaxCell    int   // bytes of one cell as it stands in the file; default 16 MiB
	MaxRecord  int   // bytes of one record as it stands in the file; default 64 MiB
}

// maxPadding bounds the missing cells of a whole file, a byte each in staging.
const maxPadding = 256 << 20

func (l Limits) withDefaults() Limits {
	if l.MaxBytes <= 0 {
		l.MaxBytes = math.MaxInt64
	}
	if l.MaxRows <= 0 {
		l.MaxRows = math.MaxInt64
	}
	if l.MaxColumns <= 0 {
		l.MaxColumns = 16_384
	}
	if l.MaxCell <= 0 {
		l.MaxCell = 16 << 20
	}
	if l.MaxRecord <= 0 {
		l.MaxRecord = 64 << 20
	}
	return l
}

// Options say how to read a file. What is not said is found out.
type Options struct {
	Limits
	Size        int64    // of the file in bytes, if it is known: less is read ahead then
	Encoding    string   // a label of the WHATWG Encoding Standard, or of package text
	Delimiter   string   // one character or more
	Quote       string   // one character, or "none"
	Escape      string   // one character, or "none"; the quote itself where it is doubled
	SkipLines   *int     // lines above the header
	HeaderLines *int     // 0 where the file has none
	Table       int      // of several tables, from 1; 0 for the first
	Names       []string // that columns may have: a row of them is the header
}

func (o Options) check() error {
	for _, c := range []struct{ what, is string }{{"quote", o.Quote}, {"escape", o.Escape}} {
		if c.is != "" && c.is != sniff.None && utf8.RuneCountInString(c.is) != 1 {
			return errs.New(errs.Usage, "The %s must be one character, or none, and not %q.", c.what, c.is).
				WithMend("Leave it out to have it found.")
		}
	}
	switch {
	case strings.ContainsAny(o.Delimiter, "\r\n") || o.Delimiter != "" && o.Delimiter == o.Quote || len(o.Delimiter) > 16:
		return errs.New(errs.Usage, "Cells cannot be separated by %q.", o.Delimiter).
			WithMend("Choose a character such as comma, semicolon or tab, or several; leave it out to have it found.")
	case o.SkipLines != nil && *o.SkipLines < 0 || o.HeaderLines != nil && (*o.HeaderLines < 0 || *o.HeaderLines > maxHeaderLines) || o.Table < 0:
		return errs.New(errs.Usage, "Lines to skip and tables are counted from zero up, and a header has at most %d lines.", maxHeaderLines).
			WithMend("Leave them out to have them found.")
	}
	return nil
}

// maxHeaderLines bounds Options.HeaderLines.
const maxHeaderLines = 50

func (o Options) hint() sniff.Hint {
	return sniff.Hint{Delimiter: o.Delimiter, Quote: o.Quote, Escape: o.Escape, SkipLines: o.SkipLines, HeaderLines: o.HeaderLines, Table: o.Table, Names: o.Names}
}

// Result says what was read.
type Result struct {
	Columns    []string // names in the order of the file, without the blanks around them; none empty, none twice
	Rows       int64    // records written to staging, the defective ones included
	Bytes      int64    // of the file
	Found      Options  // how it was read, nothing left open but the limits
	Dialect    string   // for people: "UTF-8, separated by semicolons, lines ended by CRLF"
	Defects    int64    // records with a defect that makes them invalid
	Repaired   int64    // records with a defect that was mended
	BlankLines int64    // lines without a byte, left out
	Tables     int      // in the file, as far as was looked
	Notes      []Note
}

// Note is what a person must know about how the file was read.
type Note struct {
	Code     string
	Severity finding.Severity
	Column   string
	Rows     int64
	Lines    []int64 // the first of them
	Say      string
	Mend     string
}

// lineEnds is the set of line ends met in a file.
type lineEnds uint8

const (
	endLF lineEnds = 1 << iota
	endCRLF
	endCR
)

// describe tells people how the file was read.
func describe(encoding string, bom bool, d dialect.Dialect, ends lineEnds) string {
	s := encoding
	if bom {
		s += " with byte order mark"
	}
	s += ", " + d.String()
	switch ends {
	case 0:
		return s
	case endLF:
		return s + ", lines ended by LF"
	case endCRLF:
		return s + ", lines ended by CRLF"
	case endCR:
		return s + ", lines ended by CR"
	}
	return s + ", lines ended in mixed ways"
}
