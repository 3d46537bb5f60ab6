package json

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"syscall"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// Options say how to read a file; zero limits mean the defaults of package csv.
type Options struct {
	MaxRows    int64
	MaxColumns int
	MaxCell    int    // bytes of one value
	MaxRecord  int    // bytes of one object
	Member     string // of an object that holds several arrays of objects

	padding int64 // bounds the missing cells of a whole file, a byte each in staging; 256 Mi
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		value *int
		usual int
	}{{&o.MaxColumns, 16_384}, {&o.MaxCell, 16 << 20}, {&o.MaxRecord, 64 << 20}} {
		if *d.value <= 0 {
			*d.value = d.usual
		}
	}
	if o.MaxRows <= 0 {
		o.MaxRows = math.MaxInt64
	}
	if o.padding == 0 {
		o.padding = 256 << 20
	}
	return o
}

// Form says how the rows stand in the file.
type Form string

// The forms.
const (
	Array  Form = "array"  // of objects
	Lines  Form = "lines"  // objects one after the other
	Object Form = "object" // with the array as a member
)

// Result says what was read.
type Result struct {
	Form    Form
	Columns []string
	Rows    int64
	Member  string   // Object: whose array was read
	Tables  []string // Object: the members that are arrays of objects
	LeftOut []string // Object: its other members
}

// Dialect says for people what the file is.
func (r Result) Dialect() string {
	switch r.Form {
	case Lines:
		return "JSON Lines"
	case Object:
		return fmt.Sprintf("JSON, the array %q of an object", r.Member)
	}
	return "JSON, an array of objects"
}

// Looks tells whether a file that begins with head is JSON with rows, as far as
// can be seen: an array (that holds a text or an array is refused by name), or an
// object that no separator follows, as in a CSV file whose cells are JSON.
func Looks(head []byte) bool {
	rest := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\uFEFF")), " \t\r\n")
	if len(rest) == 0 || rest[0] != '[' && rest[0] != '{' {
		return false
	}
	inside := bytes.TrimLeft(rest[1:], " \t\r\n")
	if rest[0] == '[' {
		return len(inside) > 0 && bytes.IndexByte([]byte(`{]["`), inside[0]) >= 0
	}
	if len(inside) == 0 || inside[0] != '"' && inside[0] != '}' {
		return false
	}
	s := newScanner(context.Background(), bytes.NewReader(rest), len(rest)+1)
	if _, _, err := s.cut(false); err != nil {
		return true // it does not end within the head
	}
	after, err := s.blank()
	return err == nil && (after == 0 || after == '{')
}

// Read reads the file that open opens, three times, and writes its staging form to
// out. Errors are [errs.Invalid] for a file that is refused, [errs.Unavailable]
// where out's disk is full, and the file's own error, wrapped. After an error what
// was written to out is worth nothing.
func Read(ctx context.Context, open func() io.Reader, out io.Writer, o Options) (Result, error) {
	r := reader{ctx: ctx, open: open, o: o.withDefaults(), index: map[string]int{}}
	if err := r.shape(); err != nil {
		return Result{}, err
	}
	if err := r.each(r.collect); err != nil {
		return Result{}, err
	}
	if len(r.res.Columns) == 0 {
		return Result{}, noRows()
	}
	r.out = record.NewWriter(out)
	if err := r.each(r.write); err != nil {
		return Result{}, err
	}
	if err := r.out.Flush(); err != nil {
		return Result{}, writeError(err)
	}
	return r.res, nil
}

type reader struct {
	ctx     context.Context
	open    func() io.Reader
	o       Options
	res     Result
	index   map[string]int // of columns
	out     *record.Writer
	cells   []member // of the row being written
	padding int64
}

// each calls take with every row's object.
func (r *reader) each(take func(*parser) error) error {
	s := newScanner(r.ctx, r.open(), r.o.MaxRecord)
	p := parser{seen: map[string]bool{}}
	row := func() (err error) {
		p.at = 0
		if p.text, p.begin, err = s.cut(true); err != nil {
			return err
		}
		return take(&p)
	}
	switch r.res.Form {
	case Lines:
		return eachLine(s, row)
	case Array:
		if err := eachElement(s, row); err != nil {
			return err
		}
	case Object:
		err := eachMember(s, func(name string) error {
			if name == r.res.Member {
				return eachElement(s, row)
			}
			_, _, err := s.cut(false)
			return err
		})
		if err != nil {
			return err
		}
	}
	if after, err := s.blank(); err != nil || after == 0 {
		return err
	}
	return s.refuse("something after the end of the table")
}

func eachLine(s *scanner, row func() error) error {
	for {
		next, err := s.blank()
		if err != nil || next == 0 {
			return err
		}
		if err := row(); err != nil {
			return err
		}
	}
}

func eachElement(s *scanner, row func() error) error {
	if err := s.take('['); err != nil {
		return err
	}
	if next, err := s.blank(); err != nil {
		return err
	} else if next == ']' {
		return s.take(']')
	}
	for {
		if err := row(); err != nil {
			return err
		}
		if next, err := s.blank(); err != nil {
			return err
		} else if next != ',' {
			return s.take(']')
		}
		if err := s.take(','); err != nil {
			return err
		}
	}
}

// collect notes an object's names: the second pass.
func (r *reader) collect(p *parser) error {
	if r.res.Rows++; r.res.Rows > r.o.MaxRows {
		return tooManyRows(r.o.MaxRows)
	}
	return p.object(func(m member) error {
		if _, known := r.index[m.name]; known {
			return nil
		}
		if len(r.res.Columns) == r.o.MaxColumns {
			return tooManyColumns(p.begin.line, r.o.MaxColumns)
		}
		r.index[m.name] = len(r.res.Columns)
		r.res.Columns = append(r.res.Columns, columnName(m.name, r.res.Columns))
		return nil
	})
}

// columnName gives a member's name as a column's, without the blanks around it:
// its place for one without a name, and a number behind one that is taken.
func columnName(name string, taken []string) string {
	name = strings.TrimSpace(name)
	if name == "" {
		name = fmt.Sprintf("Column %d", len(taken)+1)
	}
	for n, plain := 2, name; slices.Contains(taken, name); n++ {
		name = fmt.Sprintf("%s (%d)", plain, n)
	}
	return name
}

// write stages an object: the third pass.
func (r *reader) write(p *parser) error {
	if r.cells == nil {
		r.cells = make([]member, len(r.res.Columns))
	}
	for i := range r.cells {
		r.cells[i] = member{null: true}
	}
	filled := 0
	err := p.object(func(m member) error {
		if len(m.cell) > r.o.MaxCell {
			return cellTooLong(p.begin.line, m.name, r.o.MaxCell)
		}
		r.cells[r.index[m.name]] = m
		filled++
		return nil
	})
	if err != nil {
		return err
	}
	if r.padding += int64(len(r.cells) - filled); r.padding > r.o.padding {
		return tooSparse(p.begin.line)
	}
	r.out.Number(p.begin.line)
	r.out.Null()
	for _, c := range r.cells {
		if c.null {
			r.out.Null()
		} else {
			r.out.Value(c.cell)
		}
	}
	if err := r.out.End(); err != nil {
		return writeError(err)
	}
	return nil
}

// writeError tells a full disk from other faults of writing.
func writeError(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG) {
		return errs.New(errs.Unavailable, "The disk of the server is full, so the file could not be stored.").
			WithMend("Nothing was changed. Tell the steward to make room, then try again.").Because(err)
	}
	return fmt.Errorf("json: writing staging: %w", err)
}
