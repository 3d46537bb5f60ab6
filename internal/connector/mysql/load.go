package mysql

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// slot is one column of a temporary table: its name, its SQL type, how the text of a
// field is put for the server, and the SQL over $ that makes the value of it.
type slot struct {
	name, declared string
	put            func(dst, text []byte) ([]byte, error)
	null           func(text []byte) bool // it cannot be held, and NULL stands for it
	through        string
}

// numberSlot holds the row's number, n.
var numberSlot = slot{name: "n", declared: "bigint NOT NULL PRIMARY KEY", through: "$", put: func(dst, text []byte) ([]byte, error) {
	if _, err := strconv.ParseInt(string(text), 10, 64); err != nil {
		return nil, errs.New(errs.Internal, "A row's number is not a number.").Because(err)
	}
	return append(dst, text...), nil
}}

// strict is a slot for values that are to be written: one that the column cannot
// hold is refused.
func strict(name string, c column, table record.Table, wide bool) slot {
	s := slot{name: name, declared: c.staged(wide), through: c.through(), put: func(dst, text []byte) ([]byte, error) {
		dst, fits := c.stored(dst, text)
		if !fits {
			return nil, misfit(c, table)
		}
		return dst, nil
	}}
	if wide && c.data == "binary" {
		s.declared = c.staged(true)
	}
	return s
}

// before is a slot for values as they were. Of an enum it holds the text: the server lets
// nobody write what it keeps itself in place of a refused label, which is read as an
// empty text.
func before(name string, c column, table record.Table, wide bool) slot {
	s := strict(name, c, table, wide)
	if c.Type.Kind != record.Enum {
		return s
	}
	put := s.put
	s.declared, s.put = "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin", func(dst, text []byte) ([]byte, error) {
		if len(text) == 0 {
			return dst, nil
		}
		return put(dst, text)
	}
	return s
}

func misfit(c column, table record.Table) error {
	if c.Type.Kind == record.Enum {
		return &driver.Refusal{Column: c.Name, Message: fmt.Sprintf("A value of the column %s of the table %s is none of its labels; where the database keeps '' itself in place of a refused one, it takes that back from nobody.", c.Name, table)}
	}
	return &driver.Refusal{Column: c.Name, Message: fmt.Sprintf("A value does not fit the column %s of the table %s, which is %s.", c.Name, table, c.Type.Native)}
}

// lenient is a slot for values that are looked up: one that the column cannot hold is
// NULL, which meets nothing.
func lenient(name string, c column) slot {
	s := slot{name: name, declared: c.staged(false), through: c.through(),
		put: func(dst, text []byte) ([]byte, error) {
			dst, _ = c.stored(dst, text)
			return dst, nil
		},
		null: func(text []byte) bool {
			_, fits := c.stored(nil, text)
			return !fits || !c.holds(text)
		}}
	if same := c.convertible(); same != "" {
		s.through = "IF(" + same + ", $, NULL)"
	}
	return s
}

// compared is a slot for values that live ones are compared with. It holds what the
// column might not, a character or a moment: NULL in its place would be no value. Of a
// text that is longer than any of the column it holds as much as tells so.
func compared(name string, c column, table record.Table, wide bool) slot {
	s := strict(name, c, table, true)
	switch most := c.Type.MaxLen + 1; c.Type.Kind {
	case record.Text, record.Enum:
		s.declared, s.put = "longtext", func(dst, text []byte) ([]byte, error) { return append(dst, text...), nil }
		if c.Type.MaxLen > 0 && !wide {
			s.declared, s.put = fmt.Sprintf("varchar(%d)", most), func(dst, text []byte) ([]byte, error) { return append(dst, first(most, text)...), nil }
		}
		s.declared += " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
	case record.Bytes:
		s.declared, s.put = "longblob", func(dst, text []byte) ([]byte, error) {
			return append(dst, bytes.TrimPrefix(text, []byte(`\x`))...), nil
		}
	case record.TimestampTZ:
		s.declared, s.put = "datetime(6)", func(dst, text []byte) ([]byte, error) {
			return append(dst, bytes.TrimSuffix(text, []byte("+00"))...), nil
		}
	}
	return s
}

// first gives so many characters of a text.
func first(most int, text []byte) []byte {
	if len(text) <= most {
		return text
	}
	for i := range string(text) {
		if most == 0 {
			return text[:i]
		}
		most--
	}
	return text
}

// load fills a fresh temporary table with the records of in and counts them. seen, if
// not nil, is shown every record. keys are further lines of the table's definition.
func (s *session) load(ctx context.Context, table string, into []slot, in io.Reader, seen func([]record.Field), keys ...string) (int64, error) {
	columns := make([]string, len(into))
	for i, c := range into {
		columns[i] = c.name + " " + c.declared
	}
	for _, sql := range []string{"DROP TEMPORARY TABLE IF EXISTS " + table,
		"CREATE TEMPORARY TABLE " + table + " (" + strings.Join(append(columns, keys...), ", ") + ") ENGINE=InnoDB"} {
		if _, err := s.exec(ctx, sql); isNumber(err, erNoDatabase) {
			return 0, s.noTemporary(ctx, err)
		} else if err != nil {
			return 0, err
		}
	}
	var local bool
	var packet int
	if err := s.row(ctx, "SELECT @@local_infile, @@max_allowed_packet", &local, &packet); err != nil {
		return 0, err
	}
	up := &upload{ctx: ctx, rows: record.NewReader(in), into: into, seen: seen}
	if local {
		return s.loadFile(ctx, table, up)
	}
	return s.insertRows(ctx, table, up, min(insertSize, packet/2))
}

// row reads the one row of a query.
func (s *session) row(ctx context.Context, query string, dest ...any) error {
	inner, stop := s.guard(ctx)
	defer stop()
	return s.conn.QueryRowContext(inner, query).Scan(dest...)
}

// loadFile sends the records by LOAD DATA LOCAL. For lack of a way to stop a client
// that sends, the server makes a warning of every value that it had to alter; so one
// warning is enough to refuse the whole.
func (s *session) loadFile(ctx context.Context, table string, up *upload) (int64, error) {
	name := "sutor-" + rand.Text() // in the library's list; a server may ask for any name, and must not guess another's
	mysql.RegisterReaderHandler(name, func() io.Reader { return up })
	defer mysql.DeregisterReaderHandler(name)
	var columns, sets []string
	for i, c := range up.into {
		if c.through == "$" {
			columns = append(columns, c.name)
			continue
		}
		columns = append(columns, fmt.Sprintf("@v%d", i))
		sets = append(sets, c.name+" = "+strings.ReplaceAll(c.through, "$", fmt.Sprintf("@v%d", i)))
	}
	sql := "LOAD DATA LOCAL INFILE 'Reader::" + name + "' INTO TABLE " + table + ` CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\t' ESCAPED BY '\\' LINES TERMINATED BY '\n' (` +
		strings.Join(columns, ", ") + ")"
	if len(sets) > 0 {
		sql += " SET " + strings.Join(sets, ", ")
	}
	loaded, err := s.exec(ctx, sql)
	if up.failed != nil {
		return 0, up.failed
	}
	if err != nil {
		return 0, err
	}
	if err := s.warned(ctx, up.lenient()); err != nil {
		return 0, err
	}
	if loaded != up.rows.Rows() {
		return 0, fmt.Errorf("mysql: %d records sent, %d stored by LOAD DATA", up.rows.Rows(), loaded)
	}
	return loaded, nil
}

// warned gives the first warning of the statement before as an error. Where values are
// looked up, it does not count that a character set lacks a character: NULL stands for
// such a value.
func (s *session) warned(ctx context.Context, lenient bool) error {
	var count int
	if err := s.row(ctx, "SELECT @@warning_count", &count); err != nil || count == 0 {
		return err
	}
	var level, message string
	var code uint16
	first, listed := error(nil), false
	err := s.each(ctx, "SHOW WARNINGS", nil, []any{&level, &code, &message}, func() {
		listed = true
		if first == nil && !(lenient && (code == erCannotConvert || code == erCannotConvert8)) {
			first = &mysql.MySQLError{Number: code, Message: message}
		}
	})
	if err == nil && !listed {
		err = fmt.Errorf("mysql: LOAD DATA warned %d times", count)
	}
	return cmp.Or(err, first)
}

// upload turns records into what LOAD DATA reads: fields ended by tabs, \N for NULL,
// and backslash, tab, LF and CR inside values escaped.
type upload struct {
	ctx    context.Context // of the call that it is for
	rows   *record.Reader
	into   []slot
	seen   func([]record.Field)
	fields [][]byte // of the record that was read last
	value  []byte   // their texts
	out    []byte
	off    int
	failed error
}

// lenient tells whether the values are only looked up.
func (u *upload) lenient() bool {
	return slices.ContainsFunc(u.into, func(c slot) bool { return c.null != nil })
}

const uploadBuffer = 64 << 10

func (u *upload) Read(p []byte) (int, error) {
	if u.off == len(u.out) {
		u.out, u.off = u.out[:0], 0
		for len(u.out) < uploadBuffer {
			fields, err := u.next()
			if err == io.EOF {
				break
			}
			if err != nil {
				u.failed = err
				return 0, errCannotRun
			}
			for i, f := range fields {
				if i > 0 {
					u.out = append(u.out, '\t')
				}
				if f == nil {
					u.out = append(u.out, `\N`...)
				} else {
					u.out = appendEscaped(u.out, f)
				}
			}
			u.out = append(u.out, '\n')
		}
	}
	if len(u.out) == 0 {
		return 0, io.EOF
	}
	n := copy(p, u.out[u.off:])
	u.off += n
	return n, nil
}

// next gives the fields of the next record as the server is to read them, nil for NULL,
// until it is called again.
func (u *upload) next() ([][]byte, error) {
	if err := u.ctx.Err(); err != nil {
		return nil, err
	}
	fields, err := u.rows.Read()
	if err != nil {
		return nil, err
	}
	if len(fields) != len(u.into) {
		return nil, errs.New(errs.Internal, "A row that was sent has %d fields instead of %d.", len(fields), len(u.into))
	}
	if u.seen != nil {
		u.seen(fields)
	}
	if u.fields == nil {
		u.fields = make([][]byte, len(fields))
	}
	clear(u.fields)
	u.value = u.value[:0]
	for i, f := range fields {
		if f.Null || u.into[i].null != nil && u.into[i].null(f.Text) {
			continue
		}
		start := len(u.value)
		if u.value, err = u.into[i].put(u.value, f.Text); err != nil {
			return nil, err
		}
		u.fields[i] = u.value[start:len(u.value):len(u.value)]
	}
	return u.fields, nil
}

var errCannotRun = errors.New("rows could not be read") // for the server's log: tells nothing

func appendEscaped(dst, text []byte) []byte {
	for {
		i := bytes.IndexAny(text, "\\\t\n\r")
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(append(dst, text[:i]...), '\\', map[byte]byte{'\\': '\\', '\t': 't', '\n': 'n', '\r': 'r'}[text[i]])
		text = text[i+1:]
	}
}

// insertSize is about how many bytes one INSERT has, where the server takes as many.
const insertSize = 512 << 10

// insertRows sends the records as statements, where the server does not let clients
// send files (local_infile, which MySQL turns off by default). It takes several times
// as long. A row that would make a statement longer than size begins the next.
func (s *session) insertRows(ctx context.Context, table string, up *upload, size int) (int64, error) {
	names := make([]string, len(up.into))
	for i, c := range up.into {
		names[i] = c.name
	}
	ignore := ""
	if up.lenient() { // elsewhere than in LOAD DATA a missing character is an error
		ignore = "IGNORE "
	}
	head := "INSERT " + ignore + "INTO " + table + " (" + strings.Join(names, ", ") + ") VALUES "
	b, tuple := []byte(head), []byte(nil)
	var inserted int64
	flush := func() error {
		if len(b) == len(head) {
			return nil
		}
		n, err := s.exec(ctx, string(b))
		inserted, b = inserted+n, b[:len(head)]
		if err == nil {
			err = s.warned(ctx, up.lenient())
		}
		return err
	}
	for {
		fields, err := up.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return 0, err
		}
		tuple = up.appendTuple(tuple[:0], fields)
		if len(b)+len(tuple) >= size {
			if err := flush(); err != nil {
				return 0, err
			}
		}
		if len(b) > len(head) {
			b = append(b, ',')
		}
		b = append(b, tuple...)
	}
	if err := flush(); err != nil {
		return 0, err
	}
	if inserted != up.rows.Rows() {
		return 0, fmt.Errorf("mysql: %d records sent, %d stored", up.rows.Rows(), inserted)
	}
	return inserted, nil
}

// appendTuple writes a record's values in SQL.
func (u *upload) appendTuple(b []byte, fields [][]byte) []byte {
	b = append(b, '(')
	for i, f := range fields {
		if i > 0 {
			b = append(b, ',')
		}
		if f == nil {
			b = append(b, "NULL"...)
			continue
		}
		literal := string(appendLiteral(nil, f))
		if through := u.into[i].through; through != "$" {
			literal = strings.ReplaceAll(through, "$", literal)
		}
		b = append(b, literal...)
	}
	return append(b, ')')
}

// appendLiteral writes a text in SQL, for a session whose sql_mode lets a backslash
// escape (sessionSQL).
func appendLiteral(dst, text []byte) []byte {
	dst = append(dst, '\'')
	for _, c := range text {
		if c == '\'' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '\'')
}
