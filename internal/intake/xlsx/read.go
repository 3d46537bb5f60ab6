package xlsx

import (
	"context"
	"fmt"
	"io"
	"math"

	"sutor/internal/errs"
)

// Limits bound what one workbook may take. Zero means the default.
type Limits struct {
	MaxBytes   int64 // of the file; default: no limit
	MaxPart    int64 // of one of its parts, unpacked; default 16 GiB
	MaxRows    int64 // below the header; default: what a sheet holds
	MaxColumns int   // default 16,384, what a sheet holds
	MaxCell    int   // bytes of one text; default 16 MiB
}

func (l Limits) withDefaults() Limits {
	if l.MaxBytes <= 0 {
		l.MaxBytes = math.MaxInt64
	}
	if l.MaxPart <= 0 {
		l.MaxPart = 16 << 30
	}
	if l.MaxRows <= 0 {
		l.MaxRows = maxRows
	}
	if l.MaxColumns <= 0 {
		l.MaxColumns = maxCols
	}
	if l.MaxCell <= 0 {
		l.MaxCell = 16 << 20
	}
	return l
}

// Options say which table of a workbook to read, and how.
type Options struct {
	Limits
	Temp        string // folder for a temporary file; "" for the system's
	Sheet       string // a sheet, a table (ListObject) or a named range; "" for the first visible sheet that holds something
	Table       int    // of several tables in one sheet, separated by empty rows, from 1; 0 for the first
	SkipLines   *int   // rows of the sheet or range above the header; nil to find the header
	HeaderLines *int   // 0 for none; nil to find out
}

// Result says what was read.
type Result struct {
	Contents    Contents // without the dimensions
	Sheet       string   // what was read, by the name under which it can be chosen
	Table       int      // as it was chosen
	SkipLines   int      // these two as found; with them, Sheet and Table it is read so again
	HeaderLines int
	Range       string // where the rows stand: "A2:K1000001"
	Columns     []string
	Rows        int64 // written to staging, the defective ones included
	Defects     int64
	BlankLines  int64 // empty rows that the file holds, left out
	Notes       []Note
}

// Read reads one table of the workbook in, which has size bytes, and writes its
// staging form to out: the number of the row in the sheet, a defect or NULL, and
// the cells (package intake has the contract, the package comment what becomes
// of a cell).
//
// What cannot be read is refused with an [errs.Invalid]. Errors of in's own are
// passed on, wrapped. A full disk under out is [errs.Unavailable]. After an error
// what was written to out is worth nothing.
func Read(ctx context.Context, in io.ReaderAt, size int64, out io.Writer, o Options) (Result, error) {
	o.Limits = o.withDefaults()
	if o.Table < 0 || o.SkipLines != nil && *o.SkipLines < 0 || o.HeaderLines != nil && *o.HeaderLines < 0 {
		return Result{}, errs.New(errs.Usage, "Tables count from 1, lines from 0.")
	}
	w, err := open(ctx, in, size, o.Limits)
	if err != nil {
		return Result{}, err
	}
	strings, err := w.openStrings(ctx, o.Temp)
	if err != nil {
		return Result{}, err
	}
	defer strings.close()
	styles, err := w.openStyles(ctx)
	if err != nil {
		return Result{}, err
	}
	r := reading{workbook: w, options: o, converter: converter{pool: strings, styles: styles, from1904: w.date1904}}
	p, l, err := r.find(ctx)
	if err != nil {
		return Result{}, err
	}
	return r.stage(ctx, p, l, out)
}

func open(ctx context.Context, in io.ReaderAt, size int64, l Limits) (*workbook, error) {
	a, err := openArchive(in, size, l)
	if err != nil {
		return nil, err
	}
	return openWorkbook(ctx, a)
}

// reading is one call of Read.
type reading struct {
	workbook  *workbook
	converter converter
	options   Options
}

// find finds the table that is to be read: where it stands, and its columns. Of
// several places it is the first with a row below the header.
func (r *reading) find(ctx context.Context) (place, layout, error) {
	places, err := r.workbook.places(ctx, r.options.Sheet)
	if err != nil {
		return place{}, layout{}, err
	}
	var refusal error
	for _, p := range places {
		if r.options.Table == 0 {
			if p, err = r.workbook.orTable(ctx, p); err != nil {
				return place{}, layout{}, err
			}
		}
		l, rows, err := r.arrange(ctx, p)
		switch {
		case err != nil || rows > len(l.header):
			return p, l, err
		case refusal != nil:
		case rows > 0:
			refusal = onlyHeader(r.workbook.sheets[p.sheet].name, l.area.firstRow-1)
		}
	}
	if refusal == nil {
		refusal = noRows(r.workbook.sheets[places[0].sheet].name, r.workbook.hidden())
	}
	return place{}, layout{}, refusal
}

// arrange looks at the first rows of a place that hold something, and gives their
// number.
func (r *reading) arrange(ctx context.Context, p place) (l layout, found int, err error) {
	a, from := p.area, p.area.firstRow
	if r.options.Table > 0 {
		if a, err = r.block(ctx, p); err != nil {
			return l, 0, err
		}
		from = a.firstRow
	}
	if r.options.SkipLines != nil && p.table == nil {
		a.firstRow += *r.options.SkipLines
	}
	s, err := openRows(ctx, r.workbook.archive, r.workbook.sheets[p.sheet].part)
	if err != nil {
		return l, 0, err
	}
	defer s.close()
	rows, err := r.converter.sample(s, a)
	if err != nil || len(rows) == 0 {
		return l, 0, err
	}
	l = arrange(rows, a, from, r.options, p.table)
	if n := len(l.names); n > r.options.MaxColumns {
		return l, 0, tooManyColumns(n, r.options.MaxColumns)
	}
	return l, len(rows), nil
}

// stage reads the table from its first row to its last, and the rest of the
// sheet to its end: a file that is cut off has no right part.
func (r *reading) stage(ctx context.Context, p place, l layout, out io.Writer) (Result, error) {
	w := r.workbook
	s, err := openRows(ctx, w.archive, w.sheets[p.sheet].part)
	if err != nil {
		return Result{}, err
	}
	defer s.close()
	s.mergeFrom = l.area.firstRow
	t := stager{converter: r.converter, rows: s, layout: l, limits: r.options.Limits, out: out,
		notes: notes{columns: make([]*columnNotes, len(l.names))}}
	if err := t.table(); err != nil {
		return Result{}, err
	}
	if err := s.tail(); err != nil {
		return Result{}, err
	}
	if t.taken == 0 {
		return Result{}, onlyHeader(w.sheets[p.sheet].name, l.area.firstRow-1)
	}
	contents, err := w.contents(ctx)
	if err != nil {
		return Result{}, err
	}
	l.area.lastRow, t.layout.area.lastRow = t.lastLine, t.lastLine
	return Result{Contents: contents, Sheet: p.name, Table: r.options.Table, SkipLines: l.skipped, HeaderLines: len(l.header),
		Range: l.area.String(), Columns: l.names, Rows: t.taken, Defects: t.defects, BlankLines: t.blankLines, Notes: t.notesOf(w, p)}, nil
}

// Dialect tells people what was read: `workbook, sheet "Sheet1", rows A2:K9`.
func (r Result) Dialect() string {
	return fmt.Sprintf("workbook, sheet or range %s, cells %s", quote(r.Sheet), r.Range)
}
