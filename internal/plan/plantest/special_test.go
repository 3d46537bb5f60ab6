package plantest_test

import (
	"slices"
	"testing"
	"time"

	"sutor/internal/change"
	"sutor/internal/connector/mem"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// TestSpecial runs cases that random ones meet too seldom.
func TestSpecial(t *testing.T) {
	t.Parallel()
	here, others := session(t, engine(t, duck.Here)), []*duck.Session{session(t, engine(t, duck.There)), session(t, engine(t, duck.Arriving))}
	for name, c := range map[string]struct {
		key   record.Type
		live  [][]*string
		file  []fileRecord
		fails bool // the key is not unique
		wants change.Counts
	}{
		// Live keys come back as the system prints floats, "1" for 1.0.
		"float keys that pass a unique value on": {
			key:   record.Type{Kind: record.Float, Bits: 64, Native: "double"},
			live:  [][]*string{{text("1.0"), text("a")}, {text("2.0"), text("b")}},
			file:  []fileRecord{{cells: []*string{text("1"), text("b")}}, {cells: []*string{text("2e0"), text("a")}}},
			wants: change.Counts{Update: 2},
		},
		"a chain of which one row leaves": {
			key:   record.Type{Kind: record.Int, Bits: 64, Native: "bigint"},
			live:  [][]*string{{text("1"), text("a")}, {text("2"), text("b")}, {text("3"), text("c")}},
			file:  []fileRecord{{cells: []*string{text("1"), text("b")}}, {cells: []*string{text("2"), text("c")}}, {cells: []*string{text("3"), text("a\x00")}}},
			wants: change.Counts{Invalid: 3},
		},
		"a key that means two rows": {
			key:   record.Type{Kind: record.Date, Native: "date"},
			live:  [][]*string{{text("2024-01-31"), text("a")}, {text("2024-01-31"), text("b")}},
			file:  []fileRecord{{cells: []*string{text("2024-01-31"), text("c")}}},
			fails: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			columns := record.Schema{{Name: "id", Type: c.key}, {Name: "code", Type: record.Type{Kind: record.Text, Native: "text"}, Nullable: true}}
			w := &world{db: mem.New(), records: c.file}
			table := mem.Table{Name: tableName, Columns: columns, Key: []string{"id"}, Uniques: []mem.Unique{{Name: "u", Columns: []string{"code"}}}}
			if c.fails {
				table.Key = nil
			}
			w.db.Create(table)
			if err := w.db.Insert(tableName, columns, c.live); err != nil {
				t.Fatal(err)
			}
			w.spec = plan.Spec{
				Table: driver.Table{Table: tableName, Columns: columns, PrimaryKey: []string{"id"}, Uniques: [][]string{{"code"}}},
				Key:   columns[:1], Judged: columns[1:], Columns: []string{"id", "code"}, Location: time.UTC, Compares: true,
				Sources: []plan.Source{{File: 0, Name: "id", Column: "id"}, {File: 1, Name: "code", Column: "code"}},
				Options: change.Options{Mode: change.Upsert, LeaveOut: true}, Allow: map[driver.Op]bool{driver.Insert: true, driver.Update: true},
			}
			backwards := w.order()
			slices.Reverse(backwards)
			for _, other := range others {
				out := w.differ(t, here, other, backwards)
				if (out == nil) != c.fails || out != nil && out.Manifest.Counts != c.wants {
					t.Fatalf("planned %+v, want the counts %+v", out, c.wants)
				}
			}
		})
	}
}

// TestValuesGivenUpByOneThatLeaves: a row that needs two unique values of one that leaves
// the plan is told of both, whichever is looked at first.
func TestValuesGivenUpByOneThatLeaves(t *testing.T) {
	t.Parallel()
	columns := record.Schema{{Name: "id", Type: record.Type{Kind: record.Int, Bits: 64, Native: "bigint"}},
		{Name: "code", Type: record.Type{Kind: record.Text, Native: "text"}}, {Name: "name", Type: record.Type{Kind: record.Text, Native: "text"}}}
	w := &world{db: mem.New(), records: []fileRecord{
		{cells: []*string{text("1"), text("taken"), text("new")}},
		{cells: []*string{text("2"), text("a"), text("x")}},
	}}
	w.db.Create(mem.Table{Name: tableName, Columns: columns, Key: []string{"id"}, Uniques: []mem.Unique{{Name: "u", Columns: []string{"code"}}, {Name: "v", Columns: []string{"name"}}}})
	live := [][]*string{{text("1"), text("a"), text("x")}, {text("2"), text("b"), text("y")}, {text("3"), text("taken"), text("z")}}
	if err := w.db.Insert(tableName, columns, live); err != nil {
		t.Fatal(err)
	}
	w.spec = plan.Spec{
		Table: driver.Table{Table: tableName, Columns: columns, PrimaryKey: []string{"id"}, Uniques: [][]string{{"code"}, {"name"}}, Deferrable: [][]string{{"code"}, {"name"}}},
		Key:   columns[:1], Judged: columns[1:], Columns: columns.Names(), Location: time.UTC, Compares: true,
		Options: change.Options{Mode: change.Upsert, LeaveOut: true}, Allow: map[driver.Op]bool{driver.Insert: true, driver.Update: true},
	}
	for i, c := range columns {
		w.spec.Sources = append(w.spec.Sources, plan.Source{File: i, Name: c.Name, Column: c.Name})
	}
	out := w.differ(t, session(t, engine(t, duck.Here)), session(t, engine(t, duck.Arriving)), w.order())
	if out == nil || out.Manifest.Counts.Invalid != 2 || len(out.Findings) != 2 || out.Findings[0].Rows != 2 || out.Findings[1].Rows != 1 {
		t.Errorf("planned %+v", out)
	}
}

// TestForeignKeysShareAColumn: what updates keep of a column that is not in the file is
// known for each foreign key that has it, though other rows write the other one.
func TestForeignKeysShareAColumn(t *testing.T) {
	t.Parallel()
	column := func(name string) record.Column {
		return record.Column{Name: name, Type: record.Type{Kind: record.Text, Native: "text"}, Nullable: true}
	}
	id := record.Column{Name: "id", Type: record.Type{Kind: record.Int, Bits: 64, Native: "bigint"}}
	columns := record.Schema{id, column("kept"), column("a"), column("b")}
	fks := []driver.ForeignKey{{Columns: []string{"kept", "a"}, RefTable: parentName, RefColumns: []string{"kept", "a"}},
		{Columns: []string{"kept", "b"}, RefTable: parentName, RefColumns: []string{"kept", "b"}}}
	w := &world{db: mem.New(), records: []fileRecord{
		{cells: []*string{text("1"), text("no"), text("old")}},
		{cells: []*string{text("2"), text("old"), text("no")}},
	}}
	w.db.Create(mem.Table{Name: parentName, Columns: columns[1:]})
	w.db.Create(mem.Table{Name: tableName, Columns: columns, Key: []string{"id"}, ForeignKeys: fks})
	if err := w.db.Insert(parentName, columns[1:], [][]*string{{text("k"), text("old"), text("old")}}); err != nil {
		t.Fatal(err)
	}
	live := [][]*string{{text("1"), text("k"), text("old"), text("old")}, {text("2"), text("k"), text("old"), text("old")}}
	if err := w.db.Insert(tableName, columns, live); err != nil {
		t.Fatal(err)
	}
	w.spec = plan.Spec{
		Table: driver.Table{Table: tableName, Columns: columns, PrimaryKey: []string{"id"}, ForeignKeys: fks},
		Key:   columns[:1], Judged: columns[2:], Columns: []string{"id", "a", "b"}, Location: time.UTC, Compares: true,
		Sources: []plan.Source{{File: 0, Name: "id", Column: "id"}, {File: 1, Name: "a", Column: "a"}, {File: 2, Name: "b", Column: "b"}},
		Options: change.Options{Mode: change.Upsert}, Allow: map[driver.Op]bool{driver.Update: true},
	}
	out := w.differ(t, session(t, engine(t, duck.Here)), session(t, engine(t, duck.Arriving)), w.order())
	if out == nil || out.Manifest.Counts.Invalid != 2 || len(out.Findings) != 2 {
		t.Errorf("planned %+v", out)
	}
}
