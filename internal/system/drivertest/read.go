package drivertest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

func fetchKeys(e *env) {
	d := e.customers()
	numbers, rows := e.fetch(d.Table, key(d), d.Columns, []*string{S("3")}, []*string{S("99")}, []*string{nil}, []*string{S("1")}, []*string{S("3")})
	got := map[int64][]*string{}
	for i, n := range numbers {
		got[n] = rows[i]
	}
	if len(numbers) != 3 || len(got) != 3 {
		e.Fatalf("got the numbers %v, want 1, 4 and 5", numbers)
	}
	e.same("fetched", d.Columns, [][]*string{got[1], got[4], got[5]}, [][]*string{
		{S("3"), nil, S("")}, {S("1"), S("Ada"), S("NET30")}, {S("3"), nil, S("")}})
}

func fetchComposite(e *env) {
	d := e.create(Table{
		Columns: []Column{{Name: "a", Type: int64Type}, {Name: "b", Type: textType}, {Name: "v", Type: textType}},
		Key:     []string{"a", "b"},
	})
	e.sys.Insert(e.T, d.Table, d.Columns, [][]*string{
		{S("1"), S("x"), S("1x")}, {S("1"), S("y"), S("1y")}, {S("2"), S("x"), S("2x")}})
	// The order of By is the caller's, not the key's.
	by := d.Columns.Pick([]string{"b", "a"})
	numbers, rows := e.fetch(d.Table, by, d.Columns.Pick([]string{"v"}),
		[]*string{S("x"), S("2")}, []*string{S("y"), S("2")}, []*string{S("x"), nil})
	if !slices.Equal(numbers, []int64{1}) {
		e.Fatalf("got the numbers %v, want 1", numbers)
	}
	e.same("fetched", nil, rows, [][]*string{{S("2x")}})
}

func fetchOther(e *env) {
	d := e.customers()
	e.sys.Insert(e.T, d.Table, d.Columns, [][]*string{{S("21"), S("Ada"), nil}})
	numbers, rows := e.fetch(d.Table, d.Columns.Pick([]string{"name"}), d.Columns.Pick([]string{"id"}), []*string{S("Bob")}, []*string{S("Ada")})
	var got []string
	for i, n := range numbers {
		got = append(got, fmt.Sprint(n, " ", *rows[i][0]))
	}
	slices.Sort(got)
	if !slices.Equal(got, []string{"1 2", "2 1", "2 21"}) {
		e.Errorf("got %v", got)
	}
}

func fetchNothing(e *env) {
	d := e.customers()
	if numbers, _ := e.fetch(d.Table, key(d), d.Columns); len(numbers) != 0 {
		e.Errorf("nothing asked, got %v", numbers)
	}
}

func fetchCutOff(e *env) {
	d := e.customers()
	for _, in := range []string{"1,\"1\"\n2,\"2", "1,\"1\"\n2,\"2\"", "1,\"1\"\n2", "1,x\"1\"\n", "1,\"1\"x\n", "1\n", "1,\"1\",\"1\"\n"} {
		l := driver.Lookup{Table: d.Table, By: key(d), Columns: d.Columns}
		if _, _, err := e.drv.Fetch(e.ctx, l, strings.NewReader(in), new(bytes.Buffer)); err == nil {
			e.Errorf("Fetch takes %q for a whole stream", in)
		}
	}
}

func fetchMissing(e *env) {
	d := e.customers()
	no := record.Schema{{Name: "no such column", Type: textType}}
	for _, l := range []driver.Lookup{
		{Table: record.Table{Schema: d.Table.Schema, Name: "no such table"}, By: key(d), Columns: d.Columns},
		{Table: d.Table, By: key(d), Columns: no},
		{Table: d.Table, By: no, Columns: d.Columns},
	} {
		_, _, err := e.drv.Fetch(e.ctx, l, numbered([][]*string{{S("1")}}), new(bytes.Buffer))
		e.kind(err, errs.Invalid, errs.Changed)
		if err != nil && !strings.Contains(err.Error(), "no such") {
			e.Errorf("%q should name what is missing", err)
		}
	}
}

func fetchLarge(e *env) {
	d := e.create(Table{Columns: []Column{{Name: "id", Type: int64Type}, {Name: "v", Type: textType}}, Key: []string{"id"}})
	const rows = 10_000
	var stored, ask [][]*string
	for i := range rows {
		v := fmt.Sprintf("value %d", i)
		if i == rows/2 {
			v = strings.Repeat("megabyte\n\"\\.", 1<<20/12)
		}
		id := S(fmt.Sprint(i))
		stored, ask = append(stored, []*string{id, S(v)}), append(ask, []*string{id})
	}
	e.sys.Insert(e.T, d.Table, d.Columns, stored)
	numbers, got := e.fetch(d.Table, key(d), d.Columns, ask...)
	if len(numbers) != rows {
		e.Fatalf("got %d rows", len(numbers))
	}
	for i, n := range numbers {
		if *got[i][0] != *stored[n-1][0] || *got[i][1] != *stored[n-1][1] {
			e.Fatalf("row %d came back as another", n)
		}
	}
}

func exportOrder(e *env) {
	d := e.customers()
	e.same("exported", d.Columns, e.export(d), [][]*string{
		{S("1"), S("Ada"), S("NET30")}, {S("2"), S("Bob"), nil}, {S("3"), nil, S("")}, {S("20"), S("Zoë"), S("NET60")}})
	empty := e.create(Table{Columns: []Column{{Name: "id", Type: int64Type}}, Key: []string{"id"}})
	e.same("exported of an empty table", nil, e.export(empty), nil)
}

func exportPages(e *env) {
	d := e.customers()
	for _, p := range []struct {
		limit, offset int64
		ids           []string
	}{{2, 0, []string{"1", "2"}}, {2, 2, []string{"3", "20"}}, {3, 3, []string{"20"}}, {5, 9, nil}, {0, 0, nil}} {
		var out bytes.Buffer
		n, err := e.drv.Page(e.ctx, d.Table, driver.View{Key: key(d), Limit: p.limit, Offset: p.offset}, d.Columns, &out)
		if err != nil {
			e.Fatalf("Page: %v", err)
		}
		numbers, rows, err := decode(out.Bytes())
		if err != nil || n != int64(len(p.ids)) || len(rows) != len(p.ids) {
			e.Fatalf("Page(%d, %d) gave %d of %d rows, %v", p.limit, p.offset, n, len(rows), err)
		}
		for i, row := range rows {
			if *row[0] != p.ids[i] || numbers[i] != p.offset+int64(i)+1 {
				e.Errorf("Page(%d, %d) gave row %d with the id %s, want %d with %s", p.limit, p.offset, numbers[i], *row[0], p.offset+int64(i)+1, p.ids[i])
			}
		}
	}
}

func count(e *env) {
	d := e.customers()
	if n, err := e.drv.Count(e.ctx, d.Table); err != nil || n != 4 {
		e.Errorf("Count gives %d, %v; want 4", n, err)
	}
}

// exportViews: the system orders by a column, NULL last both ways, and lets the key
// decide between equals; a filter narrows what is counted.
func exportViews(e *env) {
	d := e.customers()
	by := func(name string) record.Schema { return d.Columns.Pick([]string{name}) }
	terms := by(d.Columns[2].Name)
	named := record.Filter{All: []record.Filter{
		{Test: &record.Test{Column: d.Columns[1], Is: record.Null, Not: true}},
		{Test: &record.Test{Column: d.Columns[0], Is: record.Less, Values: []string{"20"}}}}}
	for _, p := range []struct {
		view driver.View
		ids  []string
	}{
		{driver.View{By: terms, Limit: 9}, []string{"3", "1", "20", "2"}},
		{driver.View{By: terms, Desc: true, Limit: 9}, []string{"20", "1", "3", "2"}},
		{driver.View{By: by(d.Columns[0].Name), Desc: true, Limit: 2, Offset: 1}, []string{"3", "2"}},
		{driver.View{Where: named, Limit: 9}, []string{"1", "2"}},
		{driver.View{Where: named, Limit: 1, Offset: 1}, []string{"2"}},
	} {
		p.view.Key = key(d)
		var out bytes.Buffer
		_, err := e.drv.Page(e.ctx, d.Table, p.view, d.Columns, &out)
		if err != nil {
			e.Fatalf("Page(%+v): %v", p.view, err)
		}
		numbers, rows, err := decode(out.Bytes())
		if err != nil || len(rows) != len(p.ids) {
			e.Fatalf("Page(%+v) gave %d rows, %v", p.view, len(rows), err)
		}
		for i, row := range rows {
			if *row[0] != p.ids[i] || numbers[i] != p.view.Offset+int64(i)+1 {
				e.Errorf("Page(%+v) gave row %d with the id %s, want %s", p.view, numbers[i], *row[0], p.ids[i])
			}
		}
	}
}
