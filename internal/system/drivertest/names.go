package drivertest

import (
	"slices"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// hardNames are names that break programs which quote by hand, fold case or
// format SQL.
func hardNames() []string {
	return []string{`Cust"omer`, "Straße", "order", "SELECT", "with space", " lead", "a,b", "a.b", "?", "$1", "%s", "it's", "tab\there", "sémi;colon", "-- x", `back\slash`, "n", "t", "d", "mask", "UPPER", "upper"}
}

// throughAll takes a table with hard names through every method of a driver.
func throughAll(e *env, d driver.Table) {
	e.Helper()
	w := writeOf(driver.Insert, d)
	first, second := make([]*string, len(w.Columns)), make([]*string, len(w.Columns))
	for i := range w.Columns {
		first[i], second[i] = S("v"+w.Columns[i].Name), S("w"+w.Columns[i].Name)
	}
	id := []*string{S("1")}
	whole := func(values []*string) [][]*string { return [][]*string{append([]*string{S("1")}, values...)} }
	e.same("stored", nil, e.applied(w, row{key: id, after: first}).stored, whole(first))
	w.Op = driver.Update
	e.applied(w, row{key: id, before: first, after: second})
	_, rows := e.fetch(d.Table, w.Key, d.Columns, id)
	e.same("fetched", nil, rows, whole(second))
	e.same("exported", nil, e.export(d), whole(second))
	if n, err := e.drv.Count(e.ctx, d.Table); err != nil || n != 1 {
		e.Errorf("Count: %d, %v", n, err)
	}
	w.Op = driver.Delete
	e.applied(w, row{key: id, before: second})
	e.holds(d, nil)
}

func hardColumns(key string) []Column {
	columns := []Column{{Name: key, Type: int64Type}}
	for _, n := range hardNames() {
		if n != "upper" { // a system may not tell UPPER from upper within one table
			columns = append(columns, Column{Name: n, Type: textType, Nullable: true})
		}
	}
	return columns
}

func namesExact(e *env) {
	for _, name := range []string{`Cust"omer`, "select", "a b", "Ünïcode", "dot.ted", "$1 %s ?"} {
		d := e.create(Table{Name: record.Table{Name: name}, Columns: hardColumns(`Kéy "1"`), Key: []string{`Kéy "1"`}})
		if d.Table.Name != name || !slices.Contains(d.Columns.Names(), `back\slash`) {
			e.Errorf("described as %s with %q", d.Table, d.Columns.Names())
		}
		throughAll(e, d)
	}
}

func namesSchema(e *env) {
	for _, schema := range []string{"Sales Dept", "a.b", `"`, "order", "UPPER"} {
		name := record.Table{Schema: schema, Name: `Cust"omer`}
		d := e.create(Table{Name: name, Columns: hardColumns("Id"), Key: []string{"Id"}})
		if d.Table != name {
			e.Errorf("described as %+v, want %+v", d.Table, name)
		}
		throughAll(e, d)
	}
}
