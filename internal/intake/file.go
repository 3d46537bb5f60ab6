package intake

import (
	"io"

	"sutor/internal/finding"
	"sutor/internal/intake/csv"
)

// File is a whole file with random access, which archives and workbooks need.
type File struct {
	io.ReaderAt
	Size int64  // bytes
	Name string // as the person called it; a hint at most
}

// reader gives the file's bytes from the start.
func (f File) reader() io.Reader { return io.NewSectionReader(f.ReaderAt, 0, f.Size) }

// Limits bound what one file may take.
type Limits struct {
	csv.Limits       // the file and its parts, of whatever kind
	MaxStaging int64 // bytes of the staging file; 0 for no limit
}

// Choice is what a person chose about how a file is read. Zero fields are found
// out. It stays with the change, and stands in its plan's manifest.
type Choice struct {
	Sheet       string `json:"sheet,omitempty"`        // of a workbook: sheet, table or named range; of an archive: its file
	Table       int    `json:"table,omitempty"`        // of several tables in one sheet or text, from 1
	Encoding    string `json:"encoding,omitempty"`     // a label of the WHATWG Encoding Standard
	Delimiter   string `json:"delimiter,omitempty"`    // what separates cells, one character or more
	Quote       string `json:"quote,omitempty"`        // one character, or "none"
	Escape      string `json:"escape,omitempty"`       // one character, or "none"; the quote itself where it is doubled
	SkipLines   *int   `json:"skip_lines,omitempty"`   // lines above the header
	HeaderLines *int   `json:"header_lines,omitempty"` // 0 where the file has none
}

// Options say how to read a file.
type Options struct {
	Limits
	Choice
	Temp string // folder for working files; "" for the system's
	// Names that columns may have, where they are known: in a text a row of them is
	// the header, whatever it looks like.
	Names []string
}

// Result says what was read, and how.
type Result struct {
	Kind       string // "csv", …
	Found      Choice // how it was read, nothing left open
	Dialect    string // the same for people: "UTF-8, separated by semicolons, lines ended by CRLF"
	Columns    []string
	Rows       int64 // records written to staging, the defective ones included
	Bytes      int64 // of the file
	Defects    int64 // records with a defect that makes them invalid
	BlankLines int64 // lines without a byte, left out
	Notes      []Note
	Parts      []Part // what there was to choose from: sheets, tables, files of an archive
}

// Part is something in a file that can be read by itself.
type Part struct {
	Kind   string // "sheet", "table", "range", "file"; Choice.Sheet names it, Choice.Table a table of a text
	Name   string
	Rows   int64 // 0 where that is not known beforehand
	Hidden bool
	Read   bool // this one was read
}

// Note is what a person must know about how a file was read: what was repaired,
// left out, or must be looked at. Notes are grouped by code and column.
type Note struct {
	Code     string // short and stable: "footnote", "double-header"
	Severity finding.Severity
	Column   string  // as in Result.Columns; empty for the file as a whole
	Rows     int64   // concerned; 0 for the file as a whole
	Lines    []int64 // the first of them, at most MaxNoteLines
	Say      string
	Mend     string
}

// MaxNoteLines bounds Note.Lines.
const MaxNoteLines = 200
