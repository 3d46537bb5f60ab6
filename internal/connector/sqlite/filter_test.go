package sqlite_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"sutor/internal/record"
)

// TestSelectStrangeValues: whatever value SQLite stores in a column of whatever
// type, a filter keeps no row back that it lets through by the text that is read.
func TestSelectStrangeValues(t *testing.T) {
	t.Parallel()
	for _, encoding := range []string{"UTF-8", "UTF-16le", "UTF-16be"} {
		t.Run(encoding, func(t *testing.T) {
			t.Parallel()
			selectStrangeValues(t, encoding)
		})
	}
}

func selectStrangeValues(t *testing.T, encoding string) {
	declared := []string{"BOOLEAN", "BIGINT", "DECIMAL(10,2)", "DECIMAL(15,5)", "DECIMAL(18)", "NUMERIC", "TEXT COLLATE NOCASE", "TEXT",
		"DATE", "DATE COLLATE RTRIM", "TIMESTAMP", "TIMESTAMPTZ", "UUID"}
	times := []string{"2026-03-31", "2026-02-30", "2026-03-31 10:00:00", "2026-03-31 10:00:00.50", "2026-03-31 10:00:00.1234567", "2026-03-31 10:00:00Z",
		"2026-03-31 10:00:00+00", "2026-03-31 10:00:00.5+00", "2026-03-31 10:00:00+02:00", "2026-03-31 10:00", "20260331", "now", "0000-01-01", "A", "a", "abcd:x", "é", "\uE000", "\U0001F600", "2026-03-31 "}
	values := map[record.Kind][]string{record.Bool: {"true", "false"}, record.Int: {"0", "1", "2.5", "-9007199254740993", "123456789012345678"},
		record.Decimal: {"0", "0.30", "1000000000000000", "1234567890123.455", "8244337866307.9", "77788167246981.3"}, record.Date: {"2026-03-31", "2026-03-30"},
		record.Timestamp: {"2026-03-31 10:00:00", "2026-03-31 10:00:00.5"}, record.TimestampTZ: {"2026-03-31 10:00:00+00"}, record.Text: {"A", "b", "Ā", "\U0001F600"}, record.UUID: {"A", "text", "5"}}
	f := newFile(t)
	f.Exec(t, "PRAGMA encoding = '"+encoding+"'")
	var columns []string
	for i, decl := range declared {
		columns = append(columns, fmt.Sprintf("c%d %s", i, decl))
	}
	f.Exec(t, "CREATE TABLE t (id INTEGER PRIMARY KEY, "+strings.Join(columns, ", ")+")")
	d := f.open(t)
	table := describe(t, d, "t")
	came := 0
	rapid.Check(t, func(rt *rapid.T) {
		f.Exec(t, "DELETE FROM t")
		row := []any{int64(1)}
		for i := range declared {
			v := strange(strings.HasPrefix(declared[i], "TEXT")).Draw(rt, declared[i])
			if rapid.Bool().Draw(rt, "time") {
				v = rapid.SampledFrom(times).Draw(rt, "text")
			}
			row = append(row, v)
		}
		if _, err := f.db.Exec("INSERT INTO t VALUES (?"+strings.Repeat(",?", len(declared))+")", row...); err != nil {
			t.Fatal(err)
		}
		fields, err := record.NewReader(strings.NewReader(exported(t, d, table))).Read()
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range table.Columns {
			test := record.Test{Column: c, Is: rapid.SampledFrom(record.Relations(c.Type.Kind)).Draw(rt, "is"), Not: rapid.Bool().Draw(rt, "not"),
				Values: []string{rapid.SampledFrom(values[c.Type.Kind]).Draw(rt, "value")}}
			var out bytes.Buffer
			n, err := d.Select(t.Context(), table.Table, record.Filter{Test: &test}, nil, table.Columns[:1], &out)
			if err != nil {
				t.Fatal(err)
			}
			came += int(n)
			where := record.Filter{Test: &test}
			if n == 0 && where.Lets(func(string) *string { return fields[i+1].Ptr() }) {
				rt.Fatalf("%+v keeps %q back, which is %v (%T)", test, fields[i+1].Text, row[i], row[i])
			}
		}
	})
	t.Logf("%d rows came", came)
}
