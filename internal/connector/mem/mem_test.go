package mem_test

import (
	"bytes"
	"context"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"sutor/internal/connector/mem"
	"sutor/internal/record"
	"sutor/internal/system/driver"
	"sutor/internal/system/drivertest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	drivertest.Run(t, drivertest.Harness{
		New: func(t *testing.T) drivertest.System { return place{mem.New()} },
		Types: []record.Type{
			{Kind: record.Bool},
			{Kind: record.Int, Bits: 16}, {Kind: record.Int, Bits: 32}, {Kind: record.Int, Bits: 64},
			{Kind: record.Decimal, Precision: 10, Scale: 2}, {Kind: record.Decimal, Precision: 60, Scale: 20}, {Kind: record.Decimal, Precision: -1, Scale: -1},
			{Kind: record.Float, Bits: 32}, {Kind: record.Float, Bits: 64},
			{Kind: record.Text}, {Kind: record.Text, MaxLen: 20}, {Kind: record.Text, MaxLen: 8, Fixed: true},
			{Kind: record.Date},
			{Kind: record.Timestamp, Fraction: 6}, {Kind: record.Timestamp}, {Kind: record.TimestampTZ, Fraction: 6},
			{Kind: record.UUID}, {Kind: record.Native, Native: "words"},
		},
		Natives: map[string]drivertest.Native{"words": {
			Values:  []string{"a", "a b", "b", "c d e"},
			Spelled: map[string]string{" b  a b": "a b", "e c d": "c d e"},
			Refused: map[string]record.Problem{" ": record.NotOfType, "a?": record.NotOfType, "a~": record.TooExact},
		}},
		Lacks: map[drivertest.Feature]string{
			drivertest.Concurrency: "there is one writer at a time",
		},
	})
}

// place is a database seen from outside the driver.
type place struct{ db *mem.Database }

func (p place) Open(t *testing.T) driver.Driver {
	t.Helper()
	d, err := p.db.Open(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (p place) Create(t *testing.T, table drivertest.Table) record.Table {
	t.Helper()
	made := mem.Table{Name: table.Name, Key: table.Key, ForeignKeys: table.ForeignKeys, Defaults: map[string]*string{}, Generated: map[string]mem.Formula{}}
	for _, c := range table.Columns {
		made.Columns = append(made.Columns, record.Column{Name: c.Name, Type: c.Type, Nullable: c.Nullable, Identity: c.Identity})
		if c.Default != nil {
			made.Defaults[c.Name] = c.Default
		}
		if c.Generated != "" {
			made.Generated[c.Name] = product(t, c.Generated)
		}
	}
	for _, u := range table.Uniques {
		made.Uniques = append(made.Uniques, mem.Unique(u))
	}
	p.db.Create(made)
	return table.Name
}

// product reads the only formula that the suite uses, "column" * number.
func product(t *testing.T, sql string) mem.Formula {
	t.Helper()
	parts := regexp.MustCompile(`^"(.+)" \* ([0-9]+)$`).FindStringSubmatch(sql)
	if parts == nil {
		t.Fatalf("the formula %s is not known", sql)
	}
	factor, _ := strconv.Atoi(parts[2])
	return func(of func(string) *string) *string {
		v := of(parts[1])
		if v == nil {
			return nil
		}
		n, _ := strconv.Atoi(*v)
		text := strconv.Itoa(n * factor)
		return &text
	}
}

func (p place) Insert(t *testing.T, table record.Table, columns record.Schema, rows [][]*string) {
	t.Helper()
	if err := p.db.Insert(table, columns, rows); err != nil {
		t.Fatal(err)
	}
}

func (p place) Rows(t *testing.T, table record.Table, columns record.Schema) [][]*string {
	t.Helper()
	rows, err := p.db.Rows(table, columns)
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(rows, func(a, b []*string) int {
		x, err := strconv.ParseInt(*a[0], 10, 64)
		y, err2 := strconv.ParseInt(*b[0], 10, 64)
		if err == nil && err2 == nil && x != y {
			return map[bool]int{true: -1, false: 1}[x < y]
		}
		return strings.Compare(*a[0], *b[0])
	})
	return rows
}

func (p place) Exec(t *testing.T, sql string) {
	t.Fatalf("there is no SQL here: %s", sql)
}

func (p place) Lock(*testing.T, record.Table) (release func()) { return p.db.Hold() }

// The system's own equality finds rows, and gives back what is stored.
func TestSystemMatchesKeys(t *testing.T) {
	t.Parallel()
	code := record.Column{Name: "code", Type: record.Type{Kind: record.Text, MaxLen: 5, Fixed: true}}
	name := record.Column{Name: "name", Type: record.Type{Kind: record.Text}, Nullable: true}
	db := mem.New()
	db.Create(mem.Table{Name: record.Table{Name: "t"}, Columns: record.Schema{code, name}, Key: []string{"code"}, NoCase: []string{"code"}})
	ab, x, padded := "Ab  ", "x", "aB "
	if err := db.Insert(record.Table{Name: "t"}, record.Schema{code, name}, [][]*string{{&ab, &x}}); err != nil {
		t.Fatal(err)
	}
	if err := db.Insert(record.Table{Name: "t"}, record.Schema{code}, [][]*string{{&padded}}); err == nil {
		t.Error("a second row with the same key was taken")
	}
	d, err := db.Open(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	l := driver.Lookup{Table: record.Table{Name: "t"}, By: record.Schema{code}, Columns: record.Schema{code, name}}
	if _, _, err := d.Fetch(context.Background(), l, strings.NewReader("7,\"AB\"\n8,\"AB C\"\n"), &out); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); got != "7,\"Ab\",\"x\"\n" {
		t.Errorf("found %q", got)
	}
	for spelt, conflicts := range map[string]int{"AB": 1, "Ab": 0} { // a delete names the live row's own key
		tx, err := d.Begin(context.Background(), driver.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, found, err := tx.Write(context.Background(), driver.Write{Op: driver.Delete, Table: l.Table, Key: l.By, Columns: record.Schema{name}},
			strings.NewReader("1,\"0\",\""+spelt+"\",\"x\",\n"), io.Discard)
		if err != nil || len(found) != conflicts {
			t.Errorf("a delete of %s meets %v, %v", spelt, found, err)
		}
		if err := tx.Rollback(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}
