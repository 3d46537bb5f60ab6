package drivertest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// everyType gives one nullable column of each type, named c0, c1, ….
func (e *env) everyType() []Column {
	var columns []Column
	for i, t := range e.run.h.Types {
		columns = append(columns, Column{Name: fmt.Sprintf("c%d", i), Type: t, Nullable: true})
	}
	return columns
}

func describeTypes(e *env) {
	d := e.create(Table{Columns: append([]Column{{Name: "id", Type: int64Type}}, e.everyType()...), Key: []string{"id"}})
	for i, want := range e.run.h.Types {
		got := d.Columns[i+1]
		if got.Type.Native == "" {
			e.Errorf("column %s (%+v) has no native name", got.Name, want)
		}
		want.Native, got.Type.Native = "", ""
		if !got.Type.Equal(want) || !got.Nullable {
			e.Errorf("column %s: got %+v, want the nullable type %+v", got.Name, got, want)
		}
	}
	if d.ReadOnly != "" {
		e.Errorf("the table is said to be read-only: %s", d.ReadOnly)
	}
}

func describeConstraints(e *env) {
	parent := e.create(Table{
		Columns: []Column{{Name: "b", Type: int64Type}, {Name: "a", Type: int64Type}, {Name: "x", Type: textType}, {Name: "y", Type: textType, Nullable: true}},
		Key:     []string{"a", "b"},
		Uniques: []Unique{{Name: e.run.fresh("u").Name, Columns: []string{"y", "x"}}},
	})
	if !slices.Equal(parent.PrimaryKey, []string{"a", "b"}) {
		e.Errorf("primary key %v, want a, b in this order", parent.PrimaryKey)
	}
	if diff := cmp.Diff([][]string{{"y", "x"}}, parent.Uniques); diff != "" {
		e.Errorf("uniques (-want +got):\n%s", diff)
	}
	if x, y := parent.Columns[2], parent.Columns[3]; x.Nullable || !y.Nullable {
		e.Errorf("nullable: x %v, y %v; want only y", x.Nullable, y.Nullable)
	}
	want := driver.ForeignKey{Columns: []string{"pa", "pb"}, RefTable: parent.Table, RefColumns: []string{"a", "b"}, OnDelete: "cascade", OnUpdate: "set null"}
	child := e.create(Table{
		Columns:     []Column{{Name: "id", Type: int64Type}, {Name: "pa", Type: int64Type, Nullable: true}, {Name: "pb", Type: int64Type, Nullable: true}},
		Key:         []string{"id"},
		ForeignKeys: []driver.ForeignKey{want},
	})
	if len(child.ForeignKeys) != 1 {
		e.Fatalf("got the foreign keys %+v, want one", child.ForeignKeys)
	}
	got := child.ForeignKeys[0]
	got.Name = ""
	if diff := cmp.Diff(want, got); diff != "" {
		e.Errorf("foreign key (-want +got):\n%s", diff)
	}
	seen := []driver.Reference{{Table: child.Table, Columns: child.Columns[1:], RefColumns: want.RefColumns, OnDelete: want.OnDelete, OnUpdate: want.OnUpdate}}
	parent, err := e.drv.Describe(e.ctx, parent.Table)
	if err != nil {
		e.Fatal(err)
	}
	if diff := cmp.Diff(seen, parent.ReferencedBy); diff != "" {
		e.Errorf("references to the parent (-want +got):\n%s", diff)
	}
}

// filledTable has a column that the system fills in each way there is.
func (e *env) filledTable() Table {
	return Table{
		Columns: []Column{
			{Name: "id", Type: int64Type},
			{Name: "terms", Type: textType, Nullable: true, Default: S("NET'30")},
			{Name: "amount", Type: int64Type, Default: S("7")},
			{Name: "plain", Type: textType, Nullable: true},
			{Name: "twice", Type: int64Type, Nullable: true, Generated: `"amount" * 2`},
		},
		Key: []string{"id"},
	}
}

func describeFilled(e *env) {
	d := e.create(e.filledTable())
	for name, want := range map[string]struct{ def, gen bool }{"id": {}, "terms": {def: true}, "amount": {def: true}, "plain": {}} {
		c := d.Columns[d.Columns.Index(name)]
		if c.HasDefault != want.def || c.Generated {
			e.Errorf("column %s: %+v, want default %v and not generated", name, c, want.def)
		}
	}
	if c := d.Columns[4]; !c.Generated {
		e.Errorf("column %s: %+v, want generated", c.Name, c)
	}
	numbered := e.create(Table{Columns: []Column{{Name: "id", Type: int64Type, Identity: "default"}, {Name: "v", Type: textType}}, Key: []string{"id"}})
	if c := numbered.Columns[0]; c.Identity != "default" || !c.HasDefault {
		e.Errorf("column id: %+v, want identity by default, which counts as a default", c)
	}
}

func describeMissing(e *env) {
	d := e.customers()
	_, err := e.drv.Describe(e.ctx, record.Table{Schema: d.Table.Schema, Name: "no such table"})
	e.kind(err, errs.Invalid)
	_, err = e.drv.Describe(e.ctx, record.Table{Schema: d.Table.Schema, Name: strings.ToUpper(d.Table.Name)})
	e.kind(err, errs.Invalid)
	if err != nil && !strings.Contains(err.Error(), d.Table.Name) {
		e.Errorf("%q should name %s, which differs only in case", err, d.Table.Name)
	}
	_, err = e.drv.Describe(e.ctx, record.Table{Schema: d.Table.Schema, Name: d.Table.Name + "x"})
	e.kind(err, errs.Invalid)
	if err != nil && !strings.Contains(err.Error(), "Did you mean") { // this table, or another of the database that is as near
		e.Errorf("%q should ask about %s, which differs by one letter", err, d.Table.Name)
	}
}

func describeFolded(e *env) {
	name := e.run.fresh("MixedCase")
	d := e.create(Table{Name: name, Columns: []Column{{Name: "Id", Type: int64Type}, {Name: "VAT No", Type: textType}}, Key: []string{"Id"}})
	if d.Table.Name != name.Name || !slices.Equal(d.Columns.Names(), []string{"Id", "VAT No"}) || !slices.Equal(d.PrimaryKey, []string{"Id"}) {
		e.Errorf("got %s with %v and the key %v", d.Table, d.Columns.Names(), d.PrimaryKey)
	}
	_, err := e.drv.Describe(e.ctx, record.Table{Schema: d.Table.Schema, Name: strings.ToLower(name.Name)})
	e.kind(err, errs.Invalid)
}
