package drivertest

import (
	"fmt"

	"sutor/internal/system/driver"
)

func updateMask(e *env) {
	d := e.customers()
	w := writeOf(driver.Update, d)
	// What a row does not write is not written, whatever stands in after.
	o := e.applied(w,
		row{mask: "01", key: []*string{S("1")}, before: []*string{S("Ada"), S("NET30")}, after: []*string{S("ignored"), S("NET45")}},
		row{mask: "10", key: []*string{S("2")}, before: []*string{S("Bob"), nil}, after: []*string{S("Bea"), nil}},
		row{mask: "11", key: []*string{S("3")}, before: []*string{nil, S("")}, after: []*string{S("Cyd"), nil}})
	e.same("stored", storedSchema(w), o.stored, [][]*string{
		{S("1"), S("Ada"), S("NET45")}, {S("2"), S("Bea"), nil}, {S("3"), S("Cyd"), nil}})
	e.holds(d, [][]*string{
		{S("1"), S("Ada"), S("NET45")}, {S("2"), S("Bea"), nil}, {S("3"), S("Cyd"), nil}, {S("20"), S("Zoë"), S("NET60")}})
}

func updateConflict(e *env) {
	d := e.customers()
	before := e.sys.Rows(e.T, d.Table, d.Columns)
	w := writeOf(driver.Update, d)
	// The second row's name is judged though the row does not write it.
	o := e.apply(w,
		row{key: []*string{S("1")}, before: []*string{S("Ada"), S("NET30")}, after: []*string{S("Ada"), S("NET45")}},
		row{mask: "01", key: []*string{S("2")}, before: []*string{S("bob"), nil}, after: []*string{S("bob"), S("NET45")}},
		row{key: []*string{S("20")}, before: []*string{S("Zoe\u0308"), S("NET60")}, after: []*string{S("Zoë"), S("NET45")}})
	e.conflicted(o, driver.Conflict{Number: 2}, driver.Conflict{Number: 3})
	e.holds(d, before)
}

func updateGone(e *env) {
	d := e.customers()
	before := e.sys.Rows(e.T, d.Table, d.Columns)
	w := writeOf(driver.Update, d)
	o := e.apply(w,
		row{key: []*string{S("1")}, before: []*string{S("Ada"), S("NET30")}, after: []*string{S("Ada"), nil}},
		row{key: []*string{S("99")}, before: []*string{S("Nil"), nil}, after: []*string{S("Nil"), S("NET45")}})
	e.conflicted(o, driver.Conflict{Number: 2, Gone: true})
	e.holds(d, before)
}

// coded is a table with a unique column that may be NULL, and one that it is
// unique with in a second constraint.
func (e *env) coded() driver.Table {
	e.Helper()
	d := e.create(Table{
		Columns: []Column{{Name: "id", Type: int64Type}, {Name: "code", Type: textType, Nullable: true}, {Name: "shop", Type: int64Type}, {Name: "place", Type: int64Type, Nullable: true}},
		Key:     []string{"id"},
		Uniques: []Unique{{Name: e.run.fresh("u").Name, Columns: []string{"code"}}, {Name: e.run.fresh("u").Name, Columns: []string{"shop", "place"}}},
	})
	e.sys.Insert(e.T, d.Table, d.Columns, [][]*string{
		{S("1"), S("a"), S("1"), S("1")}, {S("2"), S("b"), S("1"), S("2")}, {S("3"), S("c"), S("1"), S("3")}, {S("4"), nil, S("2"), S("1")}})
	return d
}

// updateSwap: a pair, a chain into a value that is free, and a ring over two
// columns of which only one may be NULL; a row that stays is not touched.
func updateSwap(e *env) {
	d := e.coded()
	w := writeOf(driver.Update, d)
	o := e.applied(w,
		row{mask: "101", key: []*string{S("1")}, before: []*string{S("a"), S("1"), S("1")}, after: []*string{S("b"), S("1"), S("2")}},
		row{mask: "101", key: []*string{S("2")}, before: []*string{S("b"), S("1"), S("2")}, after: []*string{S("a"), S("1"), S("3")}},
		row{mask: "001", key: []*string{S("3")}, before: []*string{S("c"), S("1"), S("3")}, after: []*string{S("c"), S("1"), S("1")}})
	want := [][]*string{{S("1"), S("b"), S("1"), S("2")}, {S("2"), S("a"), S("1"), S("3")}, {S("3"), S("c"), S("1"), S("1")}, {S("4"), nil, S("2"), S("1")}}
	e.same("stored", storedSchema(w), o.stored, want[:3])
	e.holds(d, want)
	w.Columns = w.Columns[:1]
	e.applied(w,
		row{key: []*string{S("1")}, before: []*string{S("b")}, after: []*string{S("a")}},
		row{key: []*string{S("2")}, before: []*string{S("a")}, after: []*string{S("d")}})
	want[0][1], want[1][1] = S("a"), S("d")
	e.holds(d, want)
}

func updateSwapConflict(e *env) {
	d := e.coded()
	before := e.sys.Rows(e.T, d.Table, d.Columns)
	o := e.apply(writeOf(driver.Update, d),
		row{mask: "100", key: []*string{S("1")}, before: []*string{S("a"), S("1"), S("1")}, after: []*string{S("b"), S("1"), S("1")}},
		row{mask: "100", key: []*string{S("2")}, before: []*string{S("b"), S("1"), S("9")}, after: []*string{S("a"), S("1"), S("9")}})
	e.conflicted(o, driver.Conflict{Number: 2})
	e.holds(d, before)
}

// updateSwapReferred: rows do not trade places by way of NULL where rows of another table
// would lose the values with them. A system that judges the whole step needs no such way.
func updateSwapReferred(e *env) {
	for _, rule := range []string{"cascade", "set null"} {
		d := e.coded()
		child := e.create(Table{
			Columns:     []Column{{Name: "id", Type: int64Type}, {Name: "shop", Type: int64Type, Nullable: true}, {Name: "at", Type: int64Type, Nullable: true}},
			Key:         []string{"id"},
			ForeignKeys: []driver.ForeignKey{{Columns: []string{"shop", "at"}, RefTable: d.Table, RefColumns: []string{"shop", "place"}, OnUpdate: rule}},
		})
		e.sys.Insert(e.T, child.Table, child.Columns, [][]*string{{S("1"), S("1"), S("1")}, {S("2"), S("1"), S("2")}})
		referring, before := e.sys.Rows(e.T, child.Table, child.Columns), e.sys.Rows(e.T, d.Table, d.Columns)
		d, err := e.drv.Describe(e.ctx, d.Table)
		if err != nil {
			e.Fatal(err)
		}
		if d.StepsAside([]string{"shop", "place"}, d.Columns[3]) || !d.StepsAside([]string{"code"}, d.Columns[1]) {
			e.Errorf("steps aside by what is referred to, or not by what is not: %+v", d.ReferencedBy)
		}
		o := e.apply(writeOf(driver.Update, d),
			row{mask: "001", key: []*string{S("1")}, before: []*string{S("a"), S("1"), S("1")}, after: []*string{S("a"), S("1"), S("2")}},
			row{mask: "001", key: []*string{S("2")}, before: []*string{S("b"), S("1"), S("2")}, after: []*string{S("b"), S("1"), S("1")}})
		if !d.Defers([]string{"shop", "place"}) {
			e.refused(o.err, "=(")
			e.holds(d, before)
		}
		e.same("rows that refer to them", child.Columns, e.sys.Rows(e.T, child.Table, child.Columns), referring)
	}
}

func updateNullBefore(e *env) {
	d := e.customers()
	w := writeOf(driver.Update, d)
	after := []*string{S("x"), S("x")}
	o := e.apply(w,
		row{key: []*string{S("2")}, before: []*string{S("Bob"), S("")}, after: after},
		row{key: []*string{S("3")}, before: []*string{S(""), S("")}, after: after},
		row{key: []*string{S("20")}, before: []*string{S("Zoë"), nil}, after: after})
	e.conflicted(o, driver.Conflict{Number: 1}, driver.Conflict{Number: 2}, driver.Conflict{Number: 3})
}

func insertFilled(e *env) {
	d := e.create(e.filledTable())
	w := writeOf(driver.Insert, d) // terms, amount, plain, twice
	o := e.applied(w,
		row{mask: "0000", key: []*string{S("1")}},
		row{mask: "1010", key: []*string{S("2")}, after: []*string{S("NET60"), nil, S("p"), nil}},
		row{mask: "1110", key: []*string{S("3")}, after: []*string{nil, S("9"), nil, nil}},
		row{mask: "0100", key: []*string{S("4")}, after: []*string{nil, S("1"), nil, nil}})
	want := [][]*string{
		{S("1"), S("NET'30"), S("7"), nil, S("14")},
		{S("2"), S("NET60"), S("7"), S("p"), S("14")},
		{S("3"), nil, S("9"), nil, S("18")},
		{S("4"), S("NET'30"), S("1"), nil, S("2")},
	}
	e.same("stored", storedSchema(w), o.stored, want)
	e.holds(d, want)

	w.Op = driver.Update
	o = e.applied(w, row{mask: "0100", key: []*string{S("4")}, before: []*string{S("NET'30"), S("1"), nil, S("2")}, after: []*string{nil, S("5"), nil, nil}})
	e.same("stored by update", storedSchema(w), o.stored, [][]*string{{S("4"), S("NET'30"), S("5"), nil, S("10")}})

	numbered := e.create(Table{
		Columns: []Column{{Name: "id", Type: int64Type, Identity: "default"}, {Name: "v", Type: textType}}, Key: []string{"id"}})
	o = e.applied(writeOf(driver.Insert, numbered), row{key: []*string{S("4711")}, after: []*string{S("given")}})
	e.same("stored", nil, o.stored, [][]*string{{S("4711"), S("given")}})
}

func insertConflict(e *env) {
	d := e.customers()
	before := e.sys.Rows(e.T, d.Table, d.Columns)
	o := e.apply(writeOf(driver.Insert, d),
		row{key: []*string{S("4")}, after: []*string{S("new"), nil}},
		row{key: []*string{S("2")}, after: []*string{S("Bob"), nil}})
	e.conflicted(o, driver.Conflict{Number: 2})
	e.holds(d, before)
}

func insertIdentity(e *env) {
	d := e.create(Table{
		Columns: []Column{{Name: "code", Type: textType}, {Name: "no", Type: int64Type, Identity: "always"}, {Name: "v", Type: textType}},
		Key:     []string{"code"},
	})
	if c := d.Columns[1]; c.Identity != "always" {
		e.Errorf("column no: %+v, want identity always", c)
	}
	w := writeOf(driver.Insert, d)
	o := e.applied(w, row{mask: "01", key: []*string{S("a")}, after: []*string{nil, S("x")}})
	e.same("numbered by the system", nil, o.stored, [][]*string{{S("a"), S("1"), S("x")}})
	e.refused(e.apply(w, row{key: []*string{S("b")}, after: []*string{S("700"), S("y")}}).err, "700")
	w.OverrideIdentity = true
	o = e.applied(w, row{key: []*string{S("b")}, after: []*string{S("700"), S("y")}})
	e.same("given back", nil, o.stored, [][]*string{{S("b"), S("700"), S("y")}})
}

func insertOnlyKey(e *env) {
	d := e.create(Table{Columns: []Column{{Name: "a", Type: int64Type}, {Name: "b", Type: textType}}, Key: []string{"a", "b"}})
	w := writeOf(driver.Insert, d)
	ab := []*string{S("1"), S("x")}
	e.same("stored", nil, e.applied(w, row{key: ab}).stored, [][]*string{ab})
	e.conflicted(e.apply(w, row{key: ab}), driver.Conflict{Number: 1})
	w.Op = driver.Delete
	e.applied(w, row{key: ab})
	e.holds(d, nil)
}

func deleteRows(e *env) {
	d := e.customers()
	w := writeOf(driver.Delete, d)
	o := e.applied(w,
		row{key: []*string{S("2")}, before: []*string{S("Bob"), nil}},
		row{key: []*string{S("3")}, before: []*string{nil, S("")}})
	e.same("given back", storedSchema(w), o.stored, [][]*string{{S("2"), S("Bob"), nil}, {S("3"), nil, S("")}})
	e.holds(d, [][]*string{{S("1"), S("Ada"), S("NET30")}, {S("20"), S("Zoë"), S("NET60")}})
}

func deleteConflict(e *env) {
	d := e.customers()
	before := e.sys.Rows(e.T, d.Table, d.Columns)
	o := e.apply(writeOf(driver.Delete, d),
		row{key: []*string{S("1")}, before: []*string{S("Ada"), S("NET30")}},
		row{key: []*string{S("2")}, before: []*string{S("Bob"), S("NET30")}},
		row{key: []*string{S("99")}, before: []*string{nil, nil}})
	e.conflicted(o, driver.Conflict{Number: 2}, driver.Conflict{Number: 3, Gone: true})
	e.holds(d, before)
}

// setTerms changes a customer from outside.
func (e *env) setTerms(d driver.Table, id int, terms string) {
	e.Helper()
	e.sys.Exec(e.T, fmt.Sprintf(`UPDATE %s SET "terms" = '%s' WHERE "id" = %d`, quoteTable(d.Table), terms, id))
}
