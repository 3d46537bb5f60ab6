package drivertest

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// answer is what a lookup that compares says of a row.
type answer struct {
	number int64
	same   bool
	row    []*string
}

// compare looks rows up by their key and has them compared, in the order of numbers.
func (e *env) compare(from driver.Fetcher, l driver.Lookup, ask ...[]*string) (all []answer) {
	e.Helper()
	var out bytes.Buffer
	sent, found, err := from.Fetch(e.ctx, l, numbered(ask), &out)
	if err != nil {
		e.Fatalf("Fetch that compares: %v", err)
	}
	numbers, rows, err := decode(out.Bytes())
	if err != nil || sent != int64(len(ask)) || found != int64(len(rows)) {
		e.Fatalf("Fetch that compares says %d sent and %d found of %d and %d, %v", sent, found, len(ask), len(rows), err)
	}
	for i, n := range numbers {
		if len(rows[i]) != 1+len(l.Columns) || rows[i][0] == nil || *rows[i][0] != "0" && *rows[i][0] != "1" {
			e.Fatalf("Fetch that compares gives the fields %v", show(nil, rows[i:i+1]))
		}
		all = append(all, answer{n, *rows[i][0] == "1", rows[i][1:]})
	}
	slices.SortStableFunc(all, func(a, b answer) int { return int(a.number - b.number) })
	return all
}

// compares is the lookup of a whole table whose columns after the key are compared.
func compares(d driver.Table) driver.Lookup {
	return driver.Lookup{Table: d.Table, By: key(d), Columns: d.Columns, Unless: others(d), Still: d.PrimaryKey}
}

// compareExactly: each value beside each other one of its type, and beside texts that
// only look the same to the system, or that the column cannot hold. What is the same
// comes back without its value, everything else whole.
func compareExactly(e *env) {
	e.eachType(func(e *env, t record.Type) {
		d, rows := e.valueTable(t)
		e.sys.Insert(e.T, d.Table, d.Columns, rows)
		var ask [][]*string
		var stored []*string
		for _, r := range rows {
			for i, given := range beside(e.run.h, t) {
				if r[1] == nil || *r[1] == *given || len(*r[1])+len(*given) < 1000 || i%5 == 0 {
					ask, stored = append(ask, []*string{r[0], given}), append(stored, r[1])
				}
			}
			ask, stored = append(ask, []*string{r[0], nil}), append(stored, r[1])
		}
		got := e.compare(e.drv, compares(d), ask...)
		if len(got) != len(ask) {
			e.Fatalf("%d rows asked for, %d came", len(ask), len(got))
		}
		for i, a := range got {
			given, v := ask[i][1], stored[i]
			same := given == nil || v != nil && *given == *v
			want := []*string{ask[i][0], v}
			if same {
				want[1] = nil
			}
			if a.number != int64(i+1) || a.same != same {
				e.Fatalf("row %d: %s beside %s is said to be the same: %v", a.number, shown(v), shown(given), a.same)
			}
			e.same(fmt.Sprintf("%s beside %s", shown(v), shown(given)), d.Columns, [][]*string{a.row}, [][]*string{want})
		}
	})
}

func shown(v *string) string {
	if v == nil {
		return "NULL"
	}
	return shorten(fmt.Sprintf("%q", *v))
}

// beside gives the canonical texts that values of a type are compared with.
func beside(h Harness, t record.Type) (all []*string) {
	for _, v := range h.edges(t) {
		all = append(all, S(v))
	}
	if t.Kind != record.Text {
		return all
	}
	for _, v := range append(h.edges(t), "plain", "é") {
		for _, near := range []string{strings.ToUpper(v), strings.ToLower(v), v + " ", strings.TrimSpace(v), strings.NewReplacer("é", "e\u0301", "e\u0301", "é").Replace(v)} {
			whole := record.Type{Kind: record.Text, Fixed: t.Fixed} // longer than the column, too
			if c, p := whole.Parse(near, time.UTC); p == record.OK && utf8.ValidString(c) {
				all = append(all, S(c))
			}
		}
	}
	all = append(all, S(strings.Repeat("too long for some ", 20)), S("日本😀"))
	slices.SortFunc(all, func(a, b *string) int { return strings.Compare(*a, *b) })
	return slices.CompactFunc(all, func(a, b *string) bool { return *a == *b })
}

// compareColumns: all that is given must be the same, in one row of several that are
// found too; columns that are not compared, and those wanted still, come back as they
// should.
func compareColumns(e *env) {
	d := e.customers()
	e.sys.Insert(e.T, d.Table, d.Columns, [][]*string{{S("21"), S("Ada"), S("NET60")}})
	l := compares(d)
	got := e.compare(e.drv, l,
		[]*string{S("1"), S("Ada"), S("NET30")}, []*string{S("1"), S("Ada"), S("NET3")}, []*string{S("1"), nil, S("NET30")}, []*string{S("1"), nil, nil},
		[]*string{S("2"), S("Bob"), S("")}, []*string{S("3"), S(""), S("")}, []*string{S("3"), nil, S("")}, []*string{S("99"), nil, nil}, []*string{nil, nil, nil})
	want := []answer{
		{1, true, []*string{S("1"), nil, nil}}, {2, false, []*string{S("1"), S("Ada"), S("NET30")}}, {3, true, []*string{S("1"), nil, nil}}, {4, true, []*string{S("1"), nil, nil}},
		{5, false, []*string{S("2"), S("Bob"), nil}}, {6, false, []*string{S("3"), nil, S("")}}, {7, true, []*string{S("3"), nil, nil}}}
	e.answered(d, got, want)

	l.Unless, l.Still = d.Columns.Pick([]string{"terms"}), []string{"name"}
	e.answered(d, e.compare(e.drv, l, []*string{S("1"), S("NET30")}, []*string{S("1"), S("NET31")}),
		[]answer{{1, true, []*string{nil, S("Ada"), nil}}, {2, false, []*string{S("1"), S("Ada"), S("NET30")}}})

	l.By, l.Still = d.Columns.Pick([]string{"name"}), d.PrimaryKey
	got = e.compare(e.drv, l, []*string{S("Ada"), S("NET60")})
	slices.SortFunc(got, func(a, b answer) int { return strings.Compare(*a.row[0], *b.row[0]) })
	e.answered(d, got, []answer{{1, false, []*string{S("1"), S("Ada"), S("NET30")}}, {1, true, []*string{S("21"), nil, nil}}})
}

func (e *env) answered(d driver.Table, got, want []answer) {
	e.Helper()
	if len(got) != len(want) {
		e.Fatalf("%d rows came, want %d", len(got), len(want))
	}
	for i, w := range want {
		if got[i].number != w.number || got[i].same != w.same {
			e.Errorf("answer %d: row %d, the same: %v; want row %d, %v", i+1, got[i].number, got[i].same, w.number, w.same)
		}
		e.same(fmt.Sprintf("answer %d", i+1), d.Columns, [][]*string{got[i].row}, [][]*string{w.row})
	}
}

// compareZero: of floats, 0 and -0 have one canonical text; whether the system calls
// them the same is its own affair, as long as either comes back as itself.
func compareZero(e *env) {
	for _, t := range e.run.h.Types {
		if t.Kind != record.Float {
			continue
		}
		d := e.create(Table{Columns: []Column{{Name: "id", Type: int64Type}, {Name: "v", Type: t, Nullable: true}}, Key: []string{"id"}})
		e.sys.Insert(e.T, d.Table, d.Columns, [][]*string{{S("1"), S("-0.0")}, {S("2"), S("0.0")}})
		for i, a := range e.compare(e.drv, compares(d), []*string{S("1"), S("0.0")}, []*string{S("2"), S("0.0")}) {
			if !a.same && (a.row[1] == nil || canonicalFloat(*a.row[1], t.Bits) != "0.0") || a.same && a.row[1] != nil || i == 1 && !a.same {
				e.Errorf("row %d, the same: %v, holds %s", a.number, a.same, shown(a.row[1]))
			}
		}
	}
}

// compareSnapshot: a snapshot compares with what was there.
func compareSnapshot(e *env) {
	d := e.customers()
	s := e.snapshot()
	defer e.closed(s)
	e.answered(d, e.compare(s, compares(d), []*string{S("1"), S("Ada"), S("NET30")}, []*string{S("20"), S("Zoe"), S("NET60")}),
		[]answer{{1, true, []*string{S("1"), nil, nil}}, {2, false, []*string{S("20"), S("Zoë"), S("NET60")}}})
}

func compareCutOff(e *env) {
	d := e.customers()
	for _, in := range []string{"1,\"1\",\"Ada\",\"NET30\"\n2,\"2\",\"Bob", "1,\"1\",\"Ada\"\n", "1,\"1\"\n", "1,\"1\",\"Ada\",\"NET30\",\n"} {
		if _, _, err := e.drv.Fetch(e.ctx, compares(d), strings.NewReader(in), new(bytes.Buffer)); err == nil {
			e.Errorf("Fetch that compares takes %q for a whole stream", in)
		}
	}
	l := compares(d)
	l.Unless = record.Schema{{Name: "no such column", Type: textType}}
	if _, _, err := e.drv.Fetch(e.ctx, l, strings.NewReader("1,\"1\",\"x\"\n"), new(bytes.Buffer)); err == nil {
		e.Error("a column that is not there is compared")
	}
}

// lawCompare: rows are said to be the same only where they are, and are whole else;
// random rows of all types, compared in some of their columns.
func lawCompare(e *env) {
	columns := []Column{{Name: "id", Type: int64Type}}
	for i, t := range e.run.h.Types {
		columns = append(columns, Column{Name: fmt.Sprint("c", i), Type: t, Nullable: true})
	}
	d := e.create(Table{Columns: columns, Key: []string{"id"}})
	draw := rapid.Custom(func(t *rapid.T) []*string {
		var r []*string
		for _, c := range columns[1:] {
			r = append(r, rapid.OneOf(rapid.Just[*string](nil), rapid.Map(e.run.h.value(c.Type), S), rapid.Map(e.run.h.value(c.Type), S)).Draw(t, c.Name))
		}
		return r
	})
	var rows, ask [][]*string
	for i := range 60 {
		rows = append(rows, append([]*string{S(fmt.Sprint(i))}, draw.Example(i)...))
		given := slices.Clone(rows[i])
		other := draw.Example(1000 + i)
		for j := range other {
			if (i+j)%3 == 0 {
				given[1+j] = nil
			}
		}
		if i%2 == 0 {
			given[1+i%len(other)] = other[i%len(other)]
		}
		ask = append(ask, given)
	}
	e.sys.Insert(e.T, d.Table, d.Columns, rows)
	_, whole := e.fetch(d.Table, key(d), d.Columns, firsts(rows)...)
	held := map[string][]*string{}
	for _, r := range whole {
		held[*r[0]] = r
	}
	same := 0
	for i, a := range e.compare(e.drv, compares(d), ask...) {
		live := held[fmt.Sprint(i)]
		want := true
		for j, given := range ask[i] {
			want = want && (given == nil || show(d.Columns[j:j+1], [][]*string{{given}}) == show(d.Columns[j:j+1], [][]*string{{live[j]}}))
		}
		if a.same != want {
			e.Fatalf("said to be the same: %v; the row is\n%sand was compared with\n%s", a.same, show(d.Columns, [][]*string{live}), show(d.Columns, ask[i:i+1]))
		}
		if want {
			same++
			live = append([]*string{live[0]}, make([]*string, len(live)-1)...)
		}
		e.same("the row", d.Columns, [][]*string{a.row}, [][]*string{live})
	}
	if same < 20 || same > 50 {
		e.Errorf("%d of 60 rows are the same, which makes a poor case", same)
	}
}

func firsts(rows [][]*string) (out [][]*string) {
	for _, r := range rows {
		out = append(out, r[:1])
	}
	return out
}
