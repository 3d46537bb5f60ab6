package mem

import (
	"bytes"
	"cmp"
	"context"
	"io"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// session is one connection.
type session struct {
	db     *Database
	closed atomic.Bool
}

// Open connects to the database; it is a [driver.Open], and dsn means nothing.
func (db *Database) Open(ctx context.Context, dsn string) (driver.Driver, error) {
	return &session{db: db}, ctx.Err()
}

func (s *session) Capabilities() driver.Capabilities {
	return driver.Capabilities{Transactional: true, ExactDecimals: true, Compares: true, TellsAll: true}
}

func (s *session) Close() error {
	s.closed.Store(true)
	return nil
}

func (s *session) Ping(ctx context.Context) error {
	if s.closed.Load() {
		return errs.New(errs.Unavailable, "The connection has been closed.")
	}
	return ctx.Err()
}

func (s *session) Describe(ctx context.Context, name record.Table) (driver.Table, error) {
	if err := s.Ping(ctx); err != nil {
		return driver.Table{}, err
	}
	t, err := s.db.committed(name, errs.Invalid)
	if err != nil {
		return driver.Table{}, err
	}
	return driver.Table{Table: t.Name, Columns: slices.Clone(t.Columns), PrimaryKey: slices.Clone(t.Key),
		Uniques: uniquesOf(t.Table), ForeignKeys: slices.Clone(t.ForeignKeys), ReadOnly: t.ReadOnly,
		Deferrable: append(uniquesOf(t.Table), t.Key), ReferencedBy: s.db.references(t.Name), HiddenReferences: t.HiddenReferences, Given: t.given()}, nil
}

func (s *session) Count(ctx context.Context, name record.Table) (int64, error) {
	if err := s.Ping(ctx); err != nil {
		return 0, err
	}
	t, err := s.db.committed(name, errs.Changed)
	if err != nil {
		return 0, err
	}
	return int64(len(t.rows)), nil
}

func (s *session) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (sent, found int64, err error) {
	if err := s.Ping(ctx); err != nil {
		return 0, 0, err
	}
	t, err := s.db.committed(l.Table, errs.Changed)
	if err != nil {
		return 0, 0, err
	}
	by, err := t.positions(l.By, errs.Changed)
	if err != nil {
		return 0, 0, err
	}
	columns, err := t.positions(l.Columns, errs.Changed)
	if err != nil {
		return 0, 0, err
	}
	unless, err := t.positions(l.Unless, errs.Changed)
	if err == nil {
		_, err = t.positions(l.Where.Columns(), errs.Changed)
	}
	if err != nil {
		return 0, 0, err
	}
	var answers bytes.Buffer // all is read before the first is written
	index, w := t.index(by), record.NewWriter(&answers)
	sent, err = eachRecord(in, 1+len(by)+len(unless), func(n int64, values []*string) error {
		id, ok := t.identity(by, values[:len(by)])
		if !ok {
			return ctx.Err()
		}
		for _, i := range index[id] {
			if !l.Where.Lets(func(column string) *string { return t.rows[i][t.Columns.Index(column)] }) {
				continue
			}
			if err := t.answer(w, n, l, columns, t.rows[i], t.rows[i].holds(unless, values[len(by):])); err != nil {
				return err
			}
		}
		return ctx.Err()
	})
	if err != nil {
		return 0, 0, err
	}
	if err := w.Flush(); err != nil {
		return 0, 0, err
	}
	_, err = answers.WriteTo(out)
	return sent, w.Rows(), err
}

// answer writes a record of a fetch.
func (t *table) answer(w *record.Writer, n int64, l driver.Lookup, columns []int, r row, same bool) error {
	if len(l.Unless) == 0 {
		return t.write(w, n, columns, r)
	}
	if w.Number(n); same {
		w.String("1")
	} else {
		w.String("0")
	}
	r = slices.Clone(r)
	for _, i := range columns {
		if same && l.Spares(t.Columns[i].Name) {
			r[i] = nil
		}
	}
	return t.values(w, columns, r)
}

// holds tells whether a row has the values at these places that are given.
func (r row) holds(at []int, given []*string) bool {
	for i, v := range given {
		if v != nil && (r[at[i]] == nil || *r[at[i]] != *v) {
			return false
		}
	}
	return true
}

// eachRecord reads records of a number and values, and counts them.
func eachRecord(in io.Reader, fields int, each func(n int64, values []*string) error) (int64, error) {
	r := record.NewReader(in)
	for {
		f, err := r.Read()
		if err == io.EOF {
			return r.Rows(), nil
		}
		if err != nil {
			return 0, err
		}
		if len(f) != fields {
			return 0, errs.New(errs.Internal, "A row that was sent has %d fields instead of %d.", len(f), fields)
		}
		n, err := strconv.ParseInt(string(f[0].Text), 10, 64)
		if err != nil {
			return 0, errs.New(errs.Internal, "A row's number is not a number.").Because(err)
		}
		values := make([]*string, 0, fields-1)
		for _, v := range f[1:] {
			values = append(values, v.Ptr())
		}
		if err := each(n, values); err != nil {
			return 0, err
		}
	}
}

// write writes a record of a number and the columns at of a row.
func (t *table) write(w *record.Writer, n int64, at []int, r row) error {
	w.Number(n)
	return t.values(w, at, r)
}

// values ends a record with the columns at of a row.
func (t *table) values(w *record.Writer, at []int, r row) error {
	for _, i := range at {
		if v := r[i]; v != nil && t.Columns[i].Type.Kind == record.Float {
			w.String(floatText(*v, t.Columns[i].Type.Bits))
		} else {
			w.Optional(v)
		}
	}
	return w.End()
}

// floatText gives a float as PostgreSQL prints it.
func floatText(text string, bits int) string {
	v, err := strconv.ParseFloat(text, bits)
	switch {
	case err != nil:
		return text
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	}
	return strconv.FormatFloat(v, 'g', -1, bits)
}

func (s *session) Export(ctx context.Context, name record.Table, key, columns record.Schema, out io.Writer) (int64, error) {
	return s.Page(ctx, name, driver.View{Key: key, Limit: math.MaxInt64, Offset: 0}, columns, out)
}

func (s *session) Select(ctx context.Context, name record.Table, where record.Filter, key, columns record.Schema, out io.Writer) (int64, error) {
	if err := s.Ping(ctx); err != nil {
		return 0, err
	}
	t, err := s.db.committed(name, errs.Changed)
	if err != nil {
		return 0, err
	}
	at, err := t.positions(columns, errs.Changed)
	if err == nil {
		_, err = t.positions(where.Columns(), errs.Changed)
	}
	if err != nil {
		return 0, err
	}
	by, err := t.positions(key, errs.Changed)
	if err != nil {
		return 0, err
	}
	w := record.NewWriter(out)
	for _, r := range t.sorted(by) {
		if !where.Lets(func(column string) *string { return r[t.Columns.Index(column)] }) {
			continue
		}
		if err := t.write(w, w.Rows()+1, at, r); err != nil {
			return 0, err
		}
	}
	return w.Rows(), w.Flush()
}

func (s *session) Page(ctx context.Context, name record.Table, v driver.View, columns record.Schema, out io.Writer) (int64, error) {
	if err := s.Ping(ctx); err != nil {
		return 0, err
	}
	t, err := s.db.committed(name, errs.Changed)
	if err != nil {
		return 0, err
	}
	if _, err := t.positions(v.Where.Columns(), errs.Changed); err != nil {
		return 0, err
	}
	at, err := t.positions(columns, errs.Changed)
	if err != nil {
		return 0, err
	}
	rows, err := t.viewed(v)
	if err != nil {
		return 0, err
	}
	w := record.NewWriter(out)
	for i := v.Offset; i < int64(len(rows)) && i-v.Offset < v.Limit; i++ {
		if err := t.write(w, i+1, at, rows[i]); err != nil {
			return 0, err
		}
	}
	return w.Rows(), w.Flush()
}

// viewed gives the rows of a view, whatever its limits.
func (t *table) viewed(v driver.View) ([]row, error) {
	key, err := t.positions(v.Key, errs.Changed)
	if err != nil {
		return nil, err
	}
	by, err := t.positions(v.By, errs.Changed)
	if err != nil {
		return nil, err
	}
	rows := slices.DeleteFunc(t.sorted(key), func(r row) bool {
		return !v.Where.Lets(func(column string) *string { return r[t.Columns.Index(column)] })
	})
	slices.SortStableFunc(rows, func(a, b row) int {
		for _, i := range by {
			if o := compare(t.Columns[i].Type, a[i], b[i]); o != 0 && v.Desc && a[i] != nil && b[i] != nil {
				return -o
			} else if o != 0 {
				return o
			}
		}
		return 0
	})
	return rows, nil
}

// sorted gives the rows in the order of the columns at.
func (t *table) sorted(at []int) []row {
	rows := slices.Clone(t.rows)
	slices.SortStableFunc(rows, func(a, b row) int {
		for _, i := range at {
			if o := compare(t.Columns[i].Type, a[i], b[i]); o != 0 {
				return o
			}
		}
		return 0
	})
	return rows
}

// compare orders two values of a type: numbers by value, texts by their bytes,
// which is the order of canonical dates and times too; NULL last.
func compare(typ record.Type, a, b *string) int {
	if a == nil || b == nil {
		return cmp.Compare(btoi(a == nil), btoi(b == nil))
	}
	switch typ.Kind {
	case record.Int, record.Decimal:
		x, ok := new(big.Rat).SetString(*a)
		y, ok2 := new(big.Rat).SetString(*b)
		if ok && ok2 {
			return x.Cmp(y)
		}
	case record.Float:
		x, err := strconv.ParseFloat(*a, typ.Bits)
		y, err2 := strconv.ParseFloat(*b, typ.Bits)
		if err == nil && err2 == nil {
			return cmp.Compare(x, y)
		}
	}
	return strings.Compare(*a, *b)
}

func btoi(v bool) int {
	if v {
		return 1
	}
	return 0
}

func (s *session) TxStatus(ctx context.Context, id string) (driver.TxState, error) {
	return driver.TxUnknown, s.Ping(ctx)
}

func (s *session) EndTx(ctx context.Context, id string) (bool, error) { return false, s.Ping(ctx) }
