package drivertest

import (
	"bytes"
	"slices"
	"strconv"

	"sutor/internal/errs"
	"sutor/internal/system/driver"
)

// draw draws keys in a transaction.
func (e *env) draw(tx driver.Tx, d driver.Table, column string, n int64) (keys []string) {
	e.Helper()
	drawer, can := tx.(driver.Drawer)
	if !can {
		e.Fatalf("the transaction is no driver.Drawer, though the table has %v", d.Given)
	}
	var out bytes.Buffer
	if err := drawer.Draw(e.ctx, d.Table, column, n, &out); err != nil {
		e.Fatalf("Draw: %v", err)
	}
	numbers, rows, err := decode(out.Bytes())
	if err != nil {
		e.Fatalf("Draw wrote what is not the dialect: %v", err)
	}
	for i, row := range rows {
		if numbers[i] != int64(i+1) || len(row) != 1 || row[0] == nil || slices.Contains(keys, *row[0]) {
			e.Fatalf("Draw gave the record %d, %v after the keys %v", numbers[i], row, keys)
		}
		keys = append(keys, *row[0])
	}
	if int64(len(keys)) != n {
		e.Fatalf("Draw gave %d keys, %d were asked for", len(keys), n)
	}
	return keys
}

// numberedTable has a key that the system numbers, where it can so that others
// cannot.
func (e *env) numberedTable() driver.Table {
	e.Helper()
	identity := "default"
	if _, lacks := e.run.h.Lacks[AlwaysIdentity]; !lacks {
		identity = "always"
	}
	d := e.create(Table{Columns: []Column{{Name: "id", Type: int64Type, Identity: identity}, {Name: "v", Type: textType}}, Key: []string{"id"}})
	if !slices.Equal(d.Given, []string{"id"}) {
		e.Fatalf("the table is said to give %v, want its id", d.Given)
	}
	return d
}

func writeDrawn(d driver.Table) driver.Write {
	w := writeOf(driver.Insert, d)
	w.OverrideIdentity = true
	return w
}

func drawKeys(e *env) {
	d := e.numberedTable()
	tx := e.begin()
	keys := e.draw(tx, d, "id", 3)
	o := e.step(tx, writeDrawn(d),
		row{key: []*string{&keys[0]}, after: []*string{S("a")}},
		row{key: []*string{&keys[1]}, after: []*string{S("b")}},
		row{key: []*string{&keys[2]}, after: []*string{S("c")}})
	if o.err != nil || len(o.conflicts) > 0 {
		e.Fatalf("conflicts %v, error %v", o.conflicts, o.err)
	}
	if err := tx.Commit(e.ctx); err != nil {
		e.Fatal(err)
	}
	want := [][]*string{{&keys[0], S("a")}, {&keys[1], S("b")}, {&keys[2], S("c")}}
	e.same("stored", d.Columns, o.stored, want)
	slices.SortFunc(want, func(a, b []*string) int { return len(*a[0]) - len(*b[0]) })
	e.holds(d, want)
}

// drawOn: a second apply, and the system itself afterwards, give other keys; what
// was drawn in vain is in nobody's way.
func drawOn(e *env) {
	d := e.numberedTable()
	var seen []string
	for range 2 {
		tx := e.begin()
		keys := e.draw(tx, d, "id", 2)
		keys = append(keys, e.draw(tx, d, "id", 0)...)
		for _, k := range keys {
			if slices.Contains(seen, k) {
				e.Errorf("the key %s is given twice", k)
			}
		}
		seen = append(seen, keys...)
		if o := e.step(tx, writeDrawn(d), row{key: []*string{&keys[0]}, after: []*string{S("x")}}, row{key: []*string{&keys[1]}, after: []*string{S("y")}}); o.err != nil || len(o.conflicts) > 0 {
			e.Fatalf("conflicts %v, error %v", o.conflicts, o.err)
		}
		if err := tx.Commit(e.ctx); err != nil {
			e.Fatal(err)
		}
	}
	tx := e.begin()
	e.draw(tx, d, "id", 5)
	if err := tx.Rollback(e.ctx); err != nil {
		e.Fatal(err)
	}
	e.sys.Insert(e.T, d.Table, others(d), [][]*string{{S("by another")}})
	rows := e.sys.Rows(e.T, d.Table, d.Columns)
	if len(rows) != 5 {
		e.Fatalf("the table has %d rows, want 5", len(rows))
	}
	last := rows[4]
	if *last[1] != "by another" || slices.Contains(seen, *last[0]) {
		e.Errorf("the system itself then gave the key %s to %s", *last[0], *last[1])
	}
	if _, err := strconv.ParseInt(*last[0], 10, 64); err != nil {
		e.Errorf("it is no number: %v", err)
	}
}

func drawNone(e *env) {
	d := e.create(Table{Columns: []Column{{Name: "code", Type: textType}, {Name: "v", Type: int64Type, Default: S("7")}}, Key: []string{"code"}})
	if len(d.Given) > 0 {
		e.Errorf("the table is said to give %v", d.Given)
	}
	tx := e.begin()
	defer tx.Rollback(e.ctx)
	drawer, can := tx.(driver.Drawer)
	if !can {
		e.Fatal("the transaction is no driver.Drawer")
	}
	e.kind(drawer.Draw(e.ctx, d.Table, "v", 1, &bytes.Buffer{}), errs.Changed)
}
