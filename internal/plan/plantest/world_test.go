package plantest_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"time"

	"pgregory.net/rapid"

	"sutor/internal/connector/mem"
	"sutor/internal/plan"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// many is how many cases a world has that has not one: a plan costs the engine
// the same for all of them.
const many = 32

// world is one table and file, of one case or of many.
type world struct {
	db      *mem.Database
	spec    plan.Spec
	records []fileRecord // of the staging file
	cases   int
	parent  mem.Table // that foreign keys may refer to
	g       *generator
	closed  []record.Table // tables that Sutor's account may not read
	was     []string       // the table before the plan that an undo takes back, if nobody else touched it since
}

// fileRecord is one record of a staging file, without its line number.
type fileRecord struct {
	defect *string
	cells  []*string
}

// order is the file's own order.
func (w *world) order() []int {
	order := make([]int, len(w.records))
	for i := range order {
		order[i] = i
	}
	return order
}

// staging writes the file with its records in the given order, on lines that
// have gaps, as cells with line breaks make them.
func (w *world) staging(order []int) []byte {
	var b bytes.Buffer
	out := record.NewWriter(&b)
	for i, at := range order {
		out.Number(int64(2 + i + i/3))
		for _, v := range append([]*string{w.records[at].defect}, w.records[at].cells...) {
			out.Optional(v)
		}
		if err := out.End(); err != nil {
			panic(err) // a bytes.Buffer does not fail
		}
	}
	if err := out.Flush(); err != nil {
		panic(err)
	}
	return b.Bytes()
}

// generator draws a world.
type generator struct {
	*rapid.T
	loc     *time.Location
	cases   int
	table   mem.Table
	values  map[string][]string            // canonical texts, by column
	spelled map[string]map[string][]string // what else may be written for them
	live    map[int][]map[string]*string   // rows of each case, by column
	added   int                            // columns since the beginning
}

// percent draws 0 to 99 evenly, and towards 0 where rapid makes a case smaller;
// rapid's own ranges give small numbers far more often.
func (g *generator) percent(label string) int {
	return evenly.Draw(g.T, label) * 100 / 1024
}

var evenly = rapid.Custom(func(t *rapid.T) (n int) {
	for range 10 {
		n *= 2
		if rapid.Bool().Draw(t, "") {
			n++
		}
	}
	return n
})

func (g *generator) chance(percent int, label string) bool { return g.percent(label) >= 100-percent }

// upTo draws 0 to n evenly.
func (g *generator) upTo(n int, label string) int { return evenly.Draw(g.T, label) * (n + 1) / 1024 }

func pick[T any](g *generator, label string, from ...T) T {
	return from[evenly.Draw(g.T, label)*len(from)/1024]
}

var tableName, parentName = record.Table{Schema: "Sales Dept", Name: `Cust"omer`}, record.Table{Name: "parent"}

func draw(t *rapid.T, zones []*time.Location) *world {
	g := &generator{T: t, values: map[string][]string{}, spelled: map[string]map[string][]string{}, live: map[int][]map[string]*string{}, loc: rapid.SampledFrom(zones).Draw(t, "zone")}
	g.cases = pick(g, "cases", 1, many, many, many, many)
	g.columns()
	g.constraints()
	w := &world{db: mem.New(), cases: g.cases, g: g}
	if g.chance(15, "parent closed") {
		w.closed = []record.Table{parentName}
	}
	g.hideReferences()
	w.parent = g.create(w.db)
	g.file(w)
	g.rules(w)
	return w
}

// hideReferences has the system show which foreign keys refer to the table, or not.
func (g *generator) hideReferences() {
	g.table.HiddenReferences = ""
	if g.chance(4, "references hidden") {
		g.table.HiddenReferences = "The account does not see them."
	}
}

// caseColumn keeps the cases of a world apart: it is part of the key, and of
// every unique constraint.
const caseColumn = "case"

// keyColumn is what tells the rows of a case apart.
const keyColumn = "Key No."

func (g *generator) several() bool { return g.cases > 1 }

var names = []string{"name", "Straße", "order", "it's", "a,b", `say "x"`, "n", "line"}

// columns draws the table's columns: the key first, in the table anywhere.
func (g *generator) columns() {
	if g.several() {
		g.table.Columns = append(g.table.Columns, record.Column{Name: caseColumn, Type: record.Type{Kind: record.Int, Bits: 32}})
		g.table.Key = append(g.table.Key, caseColumn)
	}
	for i := range 1 + g.upTo(1, "key columns") {
		c := record.Column{Name: []string{keyColumn, "other key"}[i], Type: pick(g, "key type", keyTypes...)}
		if c.Type.Kind == record.Int {
			c.Identity = pick(g, "identity", "", "", "", "default", "default", "default", "always")
		}
		g.table.Columns, g.table.Key = append(g.table.Columns, c), append(g.table.Key, c.Name)
	}
	g.table.Defaults, g.table.Generated = map[string]*string{}, map[string]mem.Formula{}
	for i := range g.upTo(4, "columns") {
		c := record.Column{Name: names[i], Type: pick(g, "type", types...), Nullable: g.chance(75, "nullable")}
		g.pool(c)
		switch g.column(&c); {
		case g.chance(20, "first"):
			g.table.Columns = slices.Insert(g.table.Columns, 0, c)
		default:
			g.table.Columns = append(g.table.Columns, c)
		}
	}
	for _, c := range g.table.Columns {
		g.pool(c)
		if c.Type.Kind == record.Text && g.chance(30, "any case") {
			g.table.NoCase = append(g.table.NoCase, c.Name)
		}
	}
}

// column draws how the system fills a column.
func (g *generator) column(c *record.Column) {
	switch g.upTo(15, "filled") {
	case 14, 15:
		v := pick(g, "default", g.values[c.Name]...)
		g.table.Defaults[c.Name] = &v
	case 13:
		name, v := keyColumn, pick(g, "computed", g.values[c.Name]...)
		g.table.Generated[c.Name] = func(of func(string) *string) *string {
			if key := of(name); key == nil || len(*key)%2 == 0 {
				return nil
			}
			return &v
		}
	case 12:
		if c.Type.Kind == record.Int {
			c.Identity = pick(g, "identity", "default", "always")
		}
	}
}

// pool draws the texts and values of a column: all there are for the key, so that
// rows have keys of their own; few for the others, so that values meet.
func (g *generator) pool(c record.Column) {
	if g.values[c.Name] != nil {
		return
	}
	texts := rapid.Permutation(usual[c.Type.Kind]).Draw(g.T, "pool")
	if !slices.Contains(g.table.Key, c.Name) {
		texts = texts[:min(len(texts), 3+g.upTo(5, "size of pool"))]
	}
	if spelled := g.dialect(c); spelled != nil {
		g.values[c.Name], g.spelled[c.Name] = slices.Sorted(maps.Keys(spelled)), spelled
		return
	}
	spelled := map[string][]string{}
	for _, text := range append(texts, certain[c.Type.Kind]) {
		v, p := c.Type.Parse(text, g.loc)
		if c.Type.Kind == record.Native {
			v, p = mem.Spelling(text)
		}
		if p != record.OK || v == "" && slices.Contains(g.table.Key, c.Name) {
			continue
		}
		if spelled[v] == nil {
			g.values[c.Name] = append(g.values[c.Name], v)
		}
		spelled[v] = append(spelled[v], text)
	}
	g.spelled[c.Name] = spelled
}

// constraints draws unique and foreign keys, over key columns too.
func (g *generator) constraints() {
	all := g.table.Columns.Names()
	some := func(label string) []string {
		return rapid.SliceOfNDistinct(rapid.SampledFrom(all), 1, min(2, len(all)), rapid.ID[string]).Draw(g.T, label)
	}
	for i := range max(0, g.upTo(4, "uniques")-2) {
		u := mem.Unique{Name: fmt.Sprint("u", i), Columns: g.within(some("unique"))}
		g.table.Uniques = append(g.table.Uniques, u)
		for _, name := range u.Columns {
			if g.chance(60, "never null") {
				g.table.Columns[g.table.Columns.Index(name)].Nullable = false
			}
		}
	}
	for range max(0, g.upTo(4, "foreign keys")-2) {
		fk := driver.ForeignKey{Columns: some("foreign key"), RefTable: parentName, OnDelete: pick(g, "on delete", "", "", "cascade", "set null"),
			OnUpdate: pick(g, "on update", "", "", "cascade", "set null")}
		for i := range fk.Columns {
			fk.RefColumns = append(fk.RefColumns, fmt.Sprintf("%d to %s", i, fk.Columns[i]))
		}
		if g.chance(40, "own table") {
			fk.RefTable, fk.RefColumns = tableName, g.alike(fk.Columns)
			fk.Deferred = g.chance(40, "deferred")
		}
		g.table.ForeignKeys = append(g.table.ForeignKeys, fk)
	}
}

// within adds the case to columns that must be unique.
func (g *generator) within(columns []string) []string {
	if g.several() && !slices.Contains(columns, caseColumn) {
		columns = append(columns, caseColumn)
	}
	return columns
}

// alike gives columns of the same types.
func (g *generator) alike(columns []string) (out []string) {
	for _, c := range g.table.Columns.Pick(columns) {
		var same []string
		for _, other := range g.table.Columns {
			if other.Type.Equal(c.Type) {
				same = append(same, other.Name)
			}
		}
		out = append(out, pick(g, "referred", same...))
	}
	return out
}

// create makes the tables and fills them; a row that the system refuses is not
// there. It gives the table that foreign keys refer to.
func (g *generator) create(db *mem.Database) mem.Table {
	g.table.Name = tableName
	db.Create(g.table)
	g.describe(db)
	parent := mem.Table{Name: parentName}
	for _, fk := range g.table.ForeignKeys {
		for i, name := range fk.RefColumns {
			if at := g.table.Columns.Index(fk.Columns[i]); fk.RefTable == parentName && parent.Columns.Index(name) < 0 {
				parent.Columns = append(parent.Columns, record.Column{Name: name, Type: g.table.Columns[at].Type, Nullable: true})
				g.values[name] = g.values[fk.Columns[i]]
			}
		}
	}
	db.Create(parent)
	for _, t := range []mem.Table{g.table, parent} {
		given := g.given(t)
		for n := range g.cases {
			for at := range g.upTo(6, "rows") {
				values := g.row(given, n, at)
				if row := g.named(given, values); g.store(db, t, row) && t.Name == tableName {
					g.live[n] = append(g.live[n], row)
				}
			}
		}
	}
	return parent
}

// row draws the live row of the nth case that is the at'th in the order of keys.
func (g *generator) row(columns record.Schema, n, at int) []*string {
	values := make([]*string, len(columns))
	for i, c := range columns {
		switch {
		case c.Name == caseColumn:
			values[i] = number(n)
		case c.Name == keyColumn:
			values[i] = g.nth(c, n+at)
		case !c.Nullable || !g.chance(20, "null"):
			v := pick(g, "value", g.values[c.Name]...)
			values[i] = &v
		}
	}
	return values
}

// nth gives a key's value by number, as long as there are enough of them.
func (g *generator) nth(c record.Column, n int) *string {
	values := g.values[c.Name]
	return &values[n%len(values)]
}

func number(n int) *string { return text(fmt.Sprint(n)) }
