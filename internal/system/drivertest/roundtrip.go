package drivertest

import (
	"fmt"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// valueTable creates a table of one type's edge values, NULL first, keyed from
// 1; its rows are given, not stored.
func (e *env) valueTable(t record.Type) (driver.Table, [][]*string) {
	e.Helper()
	d := e.create(Table{Columns: []Column{{Name: "id", Type: int64Type}, {Name: "v", Type: t, Nullable: true}}, Key: []string{"id"}})
	rows := [][]*string{{S("1"), nil}}
	for i, v := range e.run.h.edges(t) {
		rows = append(rows, []*string{S(fmt.Sprint(i + 2)), S(v)})
	}
	return d, rows
}

func (e *env) eachType(test func(e *env, t record.Type)) {
	for _, t := range e.run.h.Types {
		test(e, t)
		if e.Failed() {
			e.Fatalf("the type was %+v", t)
		}
	}
}

func valuesRead(e *env) {
	e.eachType(func(e *env, t record.Type) {
		d, rows := e.valueTable(t)
		e.sys.Insert(e.T, d.Table, d.Columns, rows)
		e.holds(d, rows) // the harness itself
		e.same("exported", d.Columns, e.export(d), rows)
	})
}

func valuesWritten(e *env) {
	e.eachType(func(e *env, t record.Type) {
		d, rows := e.valueTable(t)
		w := writeOf(driver.Insert, d)
		var inserts, updates, deletes []row
		var rotated [][]*string
		for i, r := range rows {
			next := rows[(i+1)%len(rows)][1:]
			inserts = append(inserts, row{key: r[:1], after: r[1:]})
			updates = append(updates, row{key: r[:1], before: r[1:], after: next})
			deletes = append(deletes, row{key: r[:1], before: next})
			rotated = append(rotated, []*string{r[0], next[0]})
		}
		e.same("stored by insert", d.Columns, e.applied(w, inserts...).stored, rows)
		e.holds(d, rows)
		w.Op = driver.Update
		e.same("stored by update", d.Columns, e.applied(w, updates...).stored, rotated)
		e.holds(d, rotated)
		w.Op = driver.Delete
		e.same("given back by delete", d.Columns, e.applied(w, deletes...).stored, rotated)
		e.holds(d, nil)
	})
}

func valuesAsKeys(e *env) {
	e.eachType(func(e *env, t record.Type) {
		if t.Kind == record.Float || e.run.h.Folds[t.Native] {
			return // no one's key, or not all of them side by side
		}
		d := e.create(Table{Columns: []Column{{Name: "k", Type: t}, {Name: "v", Type: textType}}, Key: []string{"k"}})
		var inserts, deletes []row
		var ask [][]*string
		for i, k := range e.run.h.edges(t) {
			v := []*string{S(fmt.Sprint(i))}
			ask = append(ask, []*string{S(k)})
			inserts = append(inserts, row{key: ask[i], after: v})
			deletes = append(deletes, row{key: ask[i], before: v})
		}
		w := writeOf(driver.Insert, d)
		e.applied(w, inserts...)
		numbers, rows := e.fetch(d.Table, key(d), d.Columns, ask...)
		if len(numbers) != len(ask) {
			e.Errorf("%d of %d keys found", len(numbers), len(ask))
		}
		for i, n := range numbers {
			if want := fmt.Sprint(n - 1); *rows[i][1] != want || *rows[i][0] != *ask[n-1][0] {
				e.Errorf("key %q found the row %s of %q", *ask[n-1][0], *rows[i][1], *rows[i][0])
			}
		}
		w.Op = driver.Delete
		e.applied(w, deletes...)
		e.holds(d, nil)
	})
}

func valuesNull(e *env) {
	d := e.customers()
	w := writeOf(driver.Update, d)
	e.applied(w, row{key: []*string{S("3")}, before: []*string{nil, S("")}, after: []*string{S(""), nil}})
	_, rows := e.fetch(d.Table, key(d), d.Columns, []*string{S("3")})
	e.same("fetched", d.Columns, rows, [][]*string{{S("3"), S(""), nil}})
}
