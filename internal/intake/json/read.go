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

// shape finds the form: the first pass.
func (r *reader) shape() error {
	s := newScanner(r.ctx, r.open(), r.o.MaxRecord)
	first, err := s.blank()
	switch {
	case err != nil:
		return err
	case first == '[':
		r.res.Form = Array
	case first != '{':
		return s.refuse(fmt.Sprintf("%s where an array or an object must begin", shown(first)))
	default:
		if err := r.object(s); err != nil {
			return err
		}
	}
	if r.o.Member != "" && r.res.Form != Object {
		return noMember(r.o.Member, nil)
	}
	return nil
}

// object looks through a file that begins with an object: the first of many, or
// one that holds the rows.
func (r *reader) object(s *scanner) error {
	err := eachMember(s, func(name string) error {
		next, err := s.blank()
		if err != nil {
			return err
		}
		table := false
		if next == '[' {
			if table, err = arrayOfObjects(s); err != nil {
				return err
			}
		} else if _, _, err = s.cut(false); err != nil {
			return err
		}
		if table {
			r.res.Tables = append(r.res.Tables, name)
		} else {
			r.res.LeftOut = append(r.res.LeftOut, name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	after, err := s.blank()
	if err != nil {
		return err
	}
	if after != 0 || len(r.res.Tables) == 0 {
		r.res = Result{Form: Lines}
		return nil
	}
	return r.choose()
}

// choose settles which member of an object is read.
func (r *reader) choose() error {
	switch {
	case r.o.Member != "" && !slices.Contains(r.res.Tables, r.o.Member):
		return noMember(r.o.Member, r.res.Tables)
	case r.o.Member != "":
		r.res.Member = r.o.Member
	case len(r.res.Tables) > 1:
		return several(r.res.Tables)
	default:
		r.res.Member = r.res.Tables[0]
	}
	r.res.Form = Object
	for _, t := range r.res.Tables {
		if t != r.res.Member {
			r.res.LeftOut = append(r.res.LeftOut, t)
		}
	}
	return nil
}

// eachMember passes an object's brackets, names and separators; value must pass
// what stands behind a name.
func eachMember(s *scanner, value func(name string) error) error {
	if err := s.take('{'); err != nil {
		return err
	}
	if next, err := s.blank(); err != nil {
		return err
	} else if next == '}' {
		return s.take('}')
	}
	for {
		raw, at, err := s.cut(true)
		if err != nil {
			return err
		}
		p := parser{text: raw, begin: at}
		if !p.sees('"') {
			return p.missing("a name in double quotes")
		}
		name, err := p.string()
		if err != nil {
			return err
		}
		key := string(name)
		if err := s.take(':'); err != nil {
			return err
		}
		if err := value(key); err != nil {
			return err
		}
		if next, err := s.blank(); err != nil {
			return err
		} else if next != ',' {
			return s.take('}')
		}
		if err := s.take(','); err != nil {
			return err
		}
	}
}

// arrayOfObjects passes an array, and tells whether it holds objects and nothing
// else.
func arrayOfObjects(s *scanner) (bool, error) {
	if err := s.take('['); err != nil {
		return false, err
	}
	if next, err := s.blank(); err != nil {
		return false, err
	} else if next == ']' {
		return false, s.take(']')
	}
	all := true
	for {
		next, err := s.blank()
		if err != nil {
			return false, err
		}
		all = all && next == '{'
		if _, _, err := s.cut(false); err != nil {
			return false, err
		}
		if next, err = s.blank(); err != nil {
			return false, err
		}
		if next != ',' {
			return all, s.take(']')
		}
		if err := s.take(','); err != nil {
			return false, err
		}
	}
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
