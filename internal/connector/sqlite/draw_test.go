package sqlite_test

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// TestGiven: only the row number is numbered; AUTOINCREMENT never gives a number
// again, and where numbers are used up that is said.
func TestGiven(t *testing.T) {
	t.Parallel()
	f := newFile(t)
	f.Exec(t, `CREATE TABLE plain (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO plain VALUES (7, 'x'), (-3, 'y');
		CREATE TABLE ever (id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT); INSERT INTO ever VALUES (9, 'x'); DELETE FROM ever;
		CREATE TABLE full (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO full VALUES (9223372036854775807, 'x');
		CREATE TABLE below (id INTEGER PRIMARY KEY, v TEXT); INSERT INTO below VALUES (-5, 'x');
		CREATE TABLE other (id INT PRIMARY KEY, v TEXT); CREATE TABLE two (a INTEGER, b INTEGER, PRIMARY KEY (a, b)); CREATE TABLE without (id INTEGER PRIMARY KEY) WITHOUT ROWID`)
	d := f.open(t)
	for name, want := range map[string][]string{"plain": {`1,"8"`, `2,"9"`}, "ever": {`1,"10"`, `2,"11"`}, "below": {`1,"1"`, `2,"2"`}, "other": nil, "two": nil, "without": nil} {
		table, err := d.Describe(t.Context(), record.Table{Name: name})
		if err != nil || (len(table.Given) > 0) != (want != nil) {
			t.Errorf("%s gives %v (%v)", name, table.Given, err)
		}
		if want == nil {
			continue
		}
		got, err := draw(t, d, name)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: drew %v (%v), want %v", name, got, err, want)
		}
	}
	var no *driver.Refusal
	if _, err := draw(t, d, "full"); !errors.As(err, &no) || !strings.Contains(no.Message, "used up") {
		t.Errorf("numbers that are used up: %v", err)
	}
}

func draw(t *testing.T, d driver.Driver, table string) ([]string, error) {
	t.Helper()
	tx, err := d.Begin(t.Context(), driver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback(t.Context())
	var out bytes.Buffer
	err = tx.(driver.Drawer).Draw(t.Context(), record.Table{Name: table}, "id", 2, &out)
	return strings.Fields(out.String()), err
}
