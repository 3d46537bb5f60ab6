package drivertest

import (
	"bytes"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

func test(c record.Column, is record.Relation, not bool, values ...string) record.Filter {
	return record.Filter{Test: &record.Test{Column: c, Is: is, Values: values, Not: not}}
}

// selected gives the rows that Select writes, as a set of shown rows.
func (e *env) selected(d driver.Table, where record.Filter) map[string]int {
	e.Helper()
	var out bytes.Buffer
	n, err := e.drv.Select(e.ctx, d.Table, where, nil, d.Columns, &out)
	if err != nil {
		e.Fatalf("Select: %v", err)
	}
	numbers, got := e.shown(d, out.Bytes(), n)
	for i, number := range numbers {
		if number != int64(i)+1 {
			e.Fatalf("row %d has the number %d", i+1, number)
		}
	}
	return got
}

// shown gives the numbers of rows that came, and the rows as a set.
func (e *env) shown(d driver.Table, out []byte, said int64) (numbers []int64, set map[string]int) {
	e.Helper()
	numbers, rows, err := decode(out)
	if err != nil || int64(len(rows)) != said {
		e.Fatalf("%d rows were told, %d came, %v", said, len(rows), err)
	}
	set = map[string]int{}
	for _, row := range rows {
		set[show(d.Columns, [][]*string{row})]++
	}
	return numbers, set
}

// lookedUp gives the rows that Fetch writes of all keys, as a set of shown rows.
func (e *env) lookedUp(d driver.Table, where record.Filter) map[string]int {
	e.Helper()
	var out bytes.Buffer
	_, n, err := e.drv.Fetch(e.ctx, driver.Lookup{Table: d.Table, By: key(d), Columns: d.Columns, Where: where}, numbered(e.sys.Rows(e.T, d.Table, key(d))), &out)
	if err != nil {
		e.Fatalf("Fetch: %v", err)
	}
	_, got := e.shown(d, out.Bytes(), n)
	return got
}

// selectNarrows: where the values are ordinary, exactly the rows that a filter lets
// through come, those that are looked up as well.
func selectNarrows(e *env) {
	d := e.customers()
	id, name, terms := d.Columns[0], d.Columns[1], d.Columns[2]
	for _, c := range []struct {
		where record.Filter
		ids   []string
	}{
		{record.Filter{}, []string{"1", "2", "3", "20"}},
		{record.Filter{Any: []record.Filter{}}, nil},
		{test(name, record.Same, false, "Ada", "Zoë"), []string{"1", "20", "3"}},
		{test(name, record.Same, true, "Ada"), []string{"2", "20", "3"}},
		{test(name, record.Null, true), []string{"1", "2", "20"}},
		{test(terms, record.Null, false), []string{"2"}},
		{test(terms, record.StartsWith, false, "NET"), []string{"1", "20", "2"}},
		{test(terms, record.EndsWith, true, "30"), []string{"2", "3", "20"}},
		{test(terms, record.Contains, false, "T6"), []string{"2", "20"}},
		{test(name, record.Less, false, "B"), []string{"1", "3"}},
		{test(id, record.AtMost, true, "2"), []string{"3", "20"}},
		{test(id, record.Less, false, "2.5"), []string{"1", "2"}},
		{record.Filter{All: []record.Filter{test(id, record.Less, false, "20"), test(name, record.Null, true)}}, []string{"1", "2"}},
		{record.Filter{Any: []record.Filter{test(id, record.Same, false, "20"), test(name, record.Same, false, "Bob")}}, []string{"20", "2", "3"}},
	} {
		want := map[string]int{}
		for _, row := range e.sys.Rows(e.T, d.Table, d.Columns) {
			if slices.Contains(c.ids, *row[0]) {
				want[show(d.Columns, [][]*string{row})]++
			}
		}
		if got := e.selected(d, c.where); !maps.Equal(got, want) {
			e.Errorf("%+v gives %v, want %v", c.where, got, want)
		}
		if got := e.lookedUp(d, c.where); !maps.Equal(got, want) {
			e.Errorf("a lookup with %+v gives %v, want %v", c.where, got, want)
		}
	}
}

// selectInOrder: with a key the rows come in its order, as Export gives them.
func selectInOrder(e *env) {
	d := e.customers()
	var all, some bytes.Buffer
	_, err := e.drv.Export(e.ctx, d.Table, key(d), d.Columns, &all)
	n, err2 := e.drv.Select(e.ctx, d.Table, record.Filter{}, key(d), d.Columns, &some)
	if err != nil || err2 != nil || n != 4 {
		e.Fatalf("%d rows, %v, %v", n, err, err2)
	}
	if all.String() != some.String() {
		e.Errorf("got\n%s\nwant\n%s", some.String(), all.String())
	}
}

func selectMissing(e *env) {
	d := e.customers()
	no := record.Column{Name: "no such column", Type: textType}
	_, err := e.drv.Select(e.ctx, d.Table, test(no, record.Same, false, "x"), nil, d.Columns, new(bytes.Buffer))
	e.kind(err, errs.Invalid, errs.Changed)
	_, _, err = e.drv.Fetch(e.ctx, driver.Lookup{Table: d.Table, By: key(d), Columns: d.Columns, Where: test(no, record.Same, false, "x")}, strings.NewReader("1,\"3\"\n"), new(bytes.Buffer))
	e.kind(err, errs.Invalid, errs.Changed)
	_, err = e.drv.Select(e.ctx, record.Table{Schema: d.Table.Schema, Name: "no such table"}, record.Filter{}, nil, d.Columns, new(bytes.Buffer))
	e.kind(err, errs.Invalid, errs.Changed)
}

// lawSelect: no row stays behind that a filter lets through, and none comes twice
// or altered, whatever the types and values.
func lawSelect(e *env) {
	rapid.Check(e.T, func(rt *rapid.T) {
		d := e.lawTable(rt)
		keys, sides := e.drawRows(rt, d)
		rows := join(keys, sides)
		e.sys.Insert(e.T, d.Table, d.Columns, rows)
		for range 4 {
			where := drawFilter(rt, d, rows, 2)
			got := e.selected(d, where)
			for _, row := range rows {
				shown := show(d.Columns, [][]*string{row})
				value := func(column string) *string { return row[d.Columns.Index(column)] }
				if got[shown] > 1 || got[shown] == 0 && where.Lets(value) {
					rt.Fatalf("%+v gives %d times %s", where, got[shown], shown)
				}
				delete(got, shown)
			}
			if len(got) > 0 {
				rt.Fatalf("%+v gives other rows: %v", where, got)
			}
		}
	})
}

func drawFilter(rt *rapid.T, d driver.Table, rows [][]*string, depth int) record.Filter {
	if depth > 0 && rapid.Bool().Draw(rt, "join") {
		parts := make([]record.Filter, rapid.IntRange(0, 3).Draw(rt, "parts"))
		for i := range parts {
			parts[i] = drawFilter(rt, d, rows, depth-1)
		}
		if rapid.Bool().Draw(rt, "any") {
			return record.Filter{Any: parts}
		}
		return record.Filter{All: parts}
	}
	i := rapid.IntRange(0, len(d.Columns)-1).Draw(rt, "column")
	c := d.Columns[i]
	t := record.Test{Column: c, Is: rapid.SampledFrom(record.Relations(c.Type.Kind)).Draw(rt, "relation"), Not: rapid.Bool().Draw(rt, "not")}
	for t.Is != record.Null && len(t.Values) < 2 {
		if v := rapid.SampledFrom(rows).Draw(rt, "row")[i]; v != nil && rapid.Bool().Draw(rt, "met") {
			t.Values = append(t.Values, *v)
		} else {
			t.Values = append(t.Values, value(c.Type).Draw(rt, "value"))
		}
	}
	return record.Filter{Test: &t}
}
