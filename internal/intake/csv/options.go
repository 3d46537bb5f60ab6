package csv

import (
	"math"

	"sutor/internal/errs"
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

// Options say how to read a file.
type Options struct {
	Limits
	Delimiter byte // ',', ';' or '\t'; 0 finds it out
}

func (o Options) check() error {
	switch o.Delimiter {
	case 0, ',', ';', '\t':
		return nil
	}
	return errs.New(errs.Usage, "Cells cannot be separated by %q.", o.Delimiter).
		WithMend("Choose comma, semicolon or tab, or leave it out to have it found.")
}

// Result says what was read.
type Result struct {
	Columns    []string // names in the header, in order, without the blanks around them; none empty, none twice
	Rows       int64    // records written to staging, the defective ones included
	Bytes      int64    // of the file
	Delimiter  byte     // ',', ';' or '\t'
	Dialect    string   // for people: "UTF-8, separated by semicolons, lines ended by CRLF"
	Defects    int64    // records with a defect
	BlankLines int64    // lines without a byte, left out
}

// lineEnds is the set of line ends met in a file.
type lineEnds uint8

const (
	endLF lineEnds = 1 << iota
	endCRLF
	endCR
)

func dialect(bom bool, delimiter byte, ends lineEnds) string {
	s := "UTF-8"
	if bom {
		s += " with byte order mark"
	}
	s += ", separated by " + separatorName(delimiter) + "s"
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

func separatorName(delimiter byte) string {
	switch delimiter {
	case ';':
		return "semicolon"
	case '\t':
		return "tab"
	}
	return "comma"
}
