package drivertest

import (
	"fmt"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// lawTable creates a table with up to five columns of random types. Tables are
// made by the harness, outside the reach of shrinking.
func (e *env) lawTable(rt *rapid.T) driver.Table {
	types := rapid.SliceOfN(rapid.SampledFrom(e.run.h.Types), 1, 5).Draw(rt, "types")
	table := Table{Columns: []Column{{Name: "id", Type: int64Type}, {Name: "part", Type: textType}}, Key: []string{"id", "part"}}
	for i, t := range types {
		table.Columns = append(table.Columns, Column{Name: fmt.Sprintf("c%d", i), Type: t, Nullable: true})
	}
	return e.create(table)
}

// drawSide draws a value, or NULL, for each column.
func (e *env) drawSide(rt *rapid.T, columns record.Schema, label string) []*string {
	side := make([]*string, len(columns))
	for i, c := range columns {
		if rapid.IntRange(0, 4).Draw(rt, label+" null") > 0 {
			side[i] = S(e.run.h.value(c.Type).Draw(rt, label))
		}
	}
	return side
}

// drawRows draws rows with distinct keys.
func (e *env) drawRows(rt *rapid.T, d driver.Table) (keys, sides [][]*string) {
	ids := rapid.SliceOfNDistinct(rapid.Int64(), 1, 12, rapid.ID[int64]).Draw(rt, "ids")
	slices.Sort(ids)
	for _, id := range ids {
		part := rapid.SampledFrom([]string{"", "a", `\.`, "😀\n"}).Draw(rt, "part")
		keys = append(keys, []*string{S(fmt.Sprint(id)), S(part)})
		sides = append(sides, e.drawSide(rt, others(d), "before"))
	}
	return keys, sides
}

func join(keys, sides [][]*string) [][]*string {
	rows := make([][]*string, len(keys))
	for i := range keys {
		rows[i] = append(slices.Clone(keys[i]), sides[i]...)
	}
	return rows
}

func drawMask(rt *rapid.T, n int) string {
	mask := []byte(strings.Repeat("0", n))
	for i := range mask {
		mask[i] = rapid.SampledFrom([]byte("01")).Draw(rt, "mask")
	}
	return string(mask)
}

// masked gives before with the masked columns of after.
func masked(mask string, before, after []*string) []*string {
	out := slices.Clone(before)
	for i := range mask {
		if mask[i] == '1' {
			out[i] = after[i]
		}
	}
	return out
}

// lawUpdate: update(before→after) gives after, and update(after→before) gives
// before again.
func lawUpdate(e *env) {
	rapid.Check(e.T, func(rt *rapid.T) {
		d := e.lawTable(rt)
		keys, before := e.drawRows(rt, d)
		e.sys.Insert(e.T, d.Table, d.Columns, join(keys, before))
		w := writeOf(driver.Update, d)
		var there, back []row
		var after [][]*string
		for i := range keys {
			mask := drawMask(rt, len(w.Columns))
			a := masked(mask, before[i], e.drawSide(rt, w.Columns, "after"))
			after = append(after, a)
			there = append(there, row{mask: mask, key: keys[i], before: before[i], after: a})
			back = append(back, row{mask: mask, key: keys[i], before: a, after: before[i]})
		}
		law(e, rt, "update", d, w, there, join(keys, after))
		law(e, rt, "update back", d, w, back, join(keys, before))
	})
}

// lawInsert: insert gives the rows, and delete takes exactly them away.
func lawInsert(e *env) {
	rapid.Check(e.T, func(rt *rapid.T) {
		d := e.lawTable(rt)
		keys, sides := e.drawRows(rt, d)
		w := writeOf(driver.Insert, d)
		var inserts, deletes []row
		var stored [][]*string
		for i := range keys {
			mask := drawMask(rt, len(w.Columns))
			s := masked(mask, make([]*string, len(sides[i])), sides[i])
			stored = append(stored, s)
			inserts = append(inserts, row{mask: mask, key: keys[i], after: sides[i]})
			deletes = append(deletes, row{key: keys[i], before: s})
		}
		law(e, rt, "insert", d, w, inserts, join(keys, stored))
		w.Op = driver.Delete
		law(e, rt, "delete", d, w, deletes, nil)
	})
}

// law applies rows and wants the table to hold exactly want, read both ways.
func law(e *env, rt *rapid.T, what string, d driver.Table, w driver.Write, rows []row, want [][]*string) {
	o := e.apply(w, rows...)
	if o.err != nil || len(o.conflicts) > 0 {
		rt.Fatalf("%s: conflicts %v, error %v", what, o.conflicts, o.err)
	}
	expect := show(d.Columns, want)
	if got := show(d.Columns, e.sys.Rows(e.T, d.Table, d.Columns)); got != expect {
		rt.Fatalf("%s: the table holds\n%swant\n%s", what, got, expect)
	}
	if got := show(d.Columns, e.export(d)); got != expect {
		rt.Fatalf("%s: exported\n%swant\n%s", what, got, expect)
	}
}
