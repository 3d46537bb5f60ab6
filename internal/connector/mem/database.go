package mem

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Table describes a table to be created.
type Table struct {
	Name        record.Table
	Columns     record.Schema // HasDefault and Generated are set from the maps below
	Key         []string
	Uniques     []Unique
	ForeignKeys []driver.ForeignKey
	Defaults    map[string]*string // by column
	Generated   map[string]Formula // by column
	NoCase      []string           // columns that are the same in any case
	ReadOnly    string

	HiddenReferences string
}

// Unique is a unique constraint.
type Unique struct {
	Name    string
	Columns []string
}

// Formula computes a generated column; of gives the row's other values.
type Formula func(of func(column string) *string) *string

// row holds one value a column, in the table's order. It is never changed.
type row []*string

// table is what is stored. A copy shares its rows and its description.
type table struct {
	Table
	rows []row
	last map[string]int64 // the last number given, by identity column
}

func (t *table) copied() *table {
	return &table{Table: t.Table, rows: slices.Clone(t.rows), last: cloneCounts(t.last)}
}

func cloneCounts(m map[string]int64) map[string]int64 {
	out := map[string]int64{}
	for k, v := range m {
		out[k] = v
	}
	return out
}

// Database is a system in memory. It is safe for concurrent use.
type Database struct {
	mu     sync.Mutex
	tables map[record.Table]*table // what was committed
	writer chan struct{}           // the one place of a writer
}

// New makes an empty database.
func New() *Database {
	return &Database{tables: map[record.Table]*table{}, writer: make(chan struct{}, 1)}
}

// Create makes a table. A description that does not hold together is a mistake
// of the test, and panics.
func (db *Database) Create(t Table) {
	t.Columns = slices.Clone(t.Columns)
	for i := range t.Columns {
		c := &t.Columns[i]
		_, c.Generated = t.Generated[c.Name]
		_, given := t.Defaults[c.Name]
		c.HasDefault = given || c.Identity != ""
		if slices.Contains(t.Key, c.Name) {
			c.Nullable = false
		}
		if c.Type.Native == "" {
			c.Type.Native = c.Type.Kind.String()
		}
	}
	for _, names := range append(uniquesOf(t), t.Key, t.NoCase) {
		if len(t.Columns.Pick(names)) != len(names) {
			panic(fmt.Sprintf("mem: table %s has not all of the columns %v", t.Name, names))
		}
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	if db.tables[t.Name] != nil {
		panic(fmt.Sprintf("mem: table %s is there already", t.Name))
	}
	db.tables[t.Name] = &table{Table: t, last: map[string]int64{}}
}

func uniquesOf(t Table) (all [][]string) {
	for _, u := range t.Uniques {
		all = append(all, u.Columns)
	}
	return all
}

// Insert stores rows as they are, given over columns; other columns get their
// default, or NULL. No constraint but the table's own is judged.
func (db *Database) Insert(name record.Table, columns record.Schema, rows [][]*string) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	old, err := found(db.tables[name], name, errs.Invalid)
	if err != nil {
		return err
	}
	t := old.copied()
	for _, values := range rows {
		given := map[string]*string{}
		for i, c := range columns {
			given[c.Name] = values[i]
		}
		fresh, err := t.fresh(given, true)
		if err != nil {
			return err
		}
		t.rows = append(t.rows, fresh)
	}
	if err := t.judge(); err != nil {
		return err
	}
	db.tables[name] = t
	return nil
}

// Rows gives columns of all rows as stored, in no stated order.
func (db *Database) Rows(name record.Table, columns record.Schema) ([][]*string, error) {
	t, err := db.committed(name, errs.Invalid)
	if err != nil {
		return nil, err
	}
	at, err := t.positions(columns, errs.Invalid)
	if err != nil {
		return nil, err
	}
	out := make([][]*string, len(t.rows))
	for i, r := range t.rows {
		out[i] = r.pick(at)
	}
	return out, nil
}

// Hold keeps writers out until release is called.
func (db *Database) Hold() (release func()) {
	db.writer <- struct{}{}
	return func() { <-db.writer }
}

// references lists the foreign keys that refer to a table, in the order of the
// tables that hold them.
func (db *Database) references(name record.Table) (all []driver.Reference) {
	db.mu.Lock()
	defer db.mu.Unlock()
	for _, holder := range db.tables {
		for _, k := range holder.ForeignKeys {
			if k.RefTable == name {
				all = append(all, driver.Reference{Table: holder.Name, Columns: holder.Columns.Pick(k.Columns), RefColumns: k.RefColumns, OnDelete: k.OnDelete, OnUpdate: k.OnUpdate})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b driver.Reference) int { return strings.Compare(a.Table.String(), b.Table.String()) })
	return all
}

// committed gives a table as it was committed last; it may be read without the
// lock, as nobody changes it.
func (db *Database) committed(name record.Table, kind errs.Kind) (*table, error) {
	db.mu.Lock()
	defer db.mu.Unlock()
	t, err := found(db.tables[name], name, kind)
	if err != nil {
		return nil, db.near(name, err)
	}
	return t, nil
}

func found(t *table, name record.Table, kind errs.Kind) (*table, error) {
	if t == nil {
		return nil, errs.New(kind, "There is no table %s.", name)
	}
	return t, nil
}

// near adds to err the table that is meant perhaps.
func (db *Database) near(name record.Table, err error) error {
	var all []string
	for other := range db.tables {
		all = append(all, other.String())
		if strings.EqualFold(other.String(), name.String()) {
			return errs.New(errs.KindOf(err), "There is no table %s.", name).WithMend("Names are exact; there is %s.", other)
		}
	}
	slices.Sort(all)
	if meant := errs.Nearest(name.String(), all); meant != "" {
		return errs.New(errs.KindOf(err), "There is no table %s.", name).WithMend("Did you mean %s?", meant)
	}
	return err
}

// positions gives the places of columns in the table.
func (t *table) positions(columns record.Schema, kind errs.Kind) ([]int, error) {
	at := make([]int, len(columns))
	for i, c := range columns {
		if at[i] = t.Columns.Index(c.Name); at[i] < 0 {
			return nil, errs.New(kind, "There is no column %q in %s.", c.Name, t.Name)
		}
	}
	return at, nil
}

func (r row) pick(at []int) []*string {
	out := make([]*string, len(at))
	for i, p := range at {
		out[i] = r[p]
	}
	return out
}

// identity gives the text under which the system knows values of the columns
// at, the same for equal ones; false where one is NULL, which equals nothing.
func (t *table) identity(at []int, values []*string) (string, bool) {
	var b strings.Builder
	for i, v := range values {
		if v == nil {
			return "", false
		}
		b.WriteString(strconv.Quote(t.equal(t.Columns[at[i]], *v)))
	}
	return b.String(), true
}

// equal gives the text that equal values of a column share.
func (t *table) equal(c record.Column, v string) string {
	if c.Type.Fixed {
		v = strings.TrimRight(v, " ")
	}
	if slices.Contains(t.NoCase, c.Name) {
		v = strings.ToLower(v)
	}
	return v
}

// index gives the rows by their identity over the columns at.
func (t *table) index(at []int) map[string][]int {
	out := make(map[string][]int, len(t.rows))
	for i, r := range t.rows {
		if id, ok := t.identity(at, r.pick(at)); ok {
			out[id] = append(out[id], i)
		}
	}
	return out
}
