package workflow_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"sutor/internal/change"
	"sutor/internal/errs"
)

// The law of a change over parents and children, on every system: each of its plans
// counts what a slow and obvious model counts, in which a child may refer to what the
// same change brings; applied, all tables are as the model has them; undone, they are
// what they were; and the evidence proves itself, to both verifiers.

func TestFamilyIsTheModelsSQLite(t *testing.T) {
	t.Parallel()
	path := t.TempDir() + "/kin.db"
	fine(t, os.WriteFile(path, nil, 0o600))
	db := openFile(t, path)
	lawOfFamilies(t, "sqlite", path, kinTables{
		exec: func(q string) error { _, err := db.Exec(q); return err },
		text: func(q string) (text string, err error) { return text, db.QueryRow(q).Scan(&text) },
		list: "group_concat(%s, '\n' ORDER BY id)"})
}

func TestFamilyIsTheModelsPostgres(t *testing.T) {
	t.Parallel()
	e, dsn := newPostgres(t)
	ctx := context.Background()
	lawOfFamilies(t, "postgres", dsn, kinTables{
		exec: func(q string) error { _, err := e.pool.Exec(ctx, q); return err },
		text: func(q string) (text string, err error) { return text, e.pool.QueryRow(ctx, q).Scan(&text) },
		list: "string_agg(%s, '\n' ORDER BY id)"})
}

func TestFamilyIsTheModelsMySQL(t *testing.T) {
	t.Parallel()
	dsn, db := mariaOf(t)
	db.SetMaxOpenConns(1)
	_, err := db.Exec(`SET SESSION sql_mode = concat(@@sql_mode, ',PIPES_AS_CONCAT')`)
	fine(t, err)
	lawOfFamilies(t, "mysql", dsn, kinTables{
		exec: func(q string) error { _, err := db.Exec(q); return err },
		text: func(q string) (text string, err error) { return text, db.QueryRow(q).Scan(&text) },
		list: "group_concat(%s ORDER BY id SEPARATOR '\n')"})
}

// kinTables are three tables, each a child of the one before, seen from outside.
type kinTables struct {
	exec func(string) error
	text func(string) (string, error)
	list string // how rows are put into one text
}

// kinNames are the datasets and their tables, parents first.
var kinNames = []string{"customers", "orders", "notes"}

const kinSchema = `CREATE TABLE customers (id INTEGER PRIMARY KEY, parent INTEGER, name VARCHAR(10));
	CREATE TABLE orders (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES customers (id), name VARCHAR(10));
	CREATE TABLE notes (id INTEGER PRIMARY KEY, parent INTEGER REFERENCES orders (id), name VARCHAR(10));`

const kinCompact = `compact: Example Trading
systems:
  shop: {kind: %s, dsn: "env:SHOP"}
departments: [sales]
people:
  maria@example.test: {roles: [maker], departments: [sales]}
  olaf@example.test: {roles: [owner]}
  aud@example.test: {roles: [auditor]}
datasets:
  notes: {system: shop, table: notes, key: [id], department: sales, owner: olaf@example.test}
  customers: {system: shop, table: customers, key: [id], department: sales, owner: olaf@example.test}
  orders: {system: shop, table: orders, key: [id], department: sales, owner: olaf@example.test}
`

// kinRow is a row; a parent of 0 is none.
type kinRow struct {
	parent int
	name   string
}

type kinRows map[int]kinRow

// dump writes all rows as the tables have them.
func (k kinTables) dump(t tb) (text string) {
	for _, name := range kinNames {
		rows, err := k.text(fmt.Sprintf("SELECT coalesce("+k.list+", '') FROM %s", "id || '|' || coalesce(parent || '', '') || '|' || coalesce(name, '')", name))
		fine(t, err)
		text += name + "\n" + rows + "\n"
	}
	return text
}

// kinDump writes the rows of a model in the same way.
func kinDump(tables []kinRows) (text string) {
	for i, name := range kinNames {
		var lines []string
		for id := 1; id <= kinIDs; id++ {
			if r, there := tables[i][id]; there {
				parent := ""
				if r.parent > 0 {
					parent = fmt.Sprint(r.parent)
				}
				lines = append(lines, fmt.Sprintf("%d|%s|%s", id, parent, r.name))
			}
		}
		text += name + "\n" + strings.Join(lines, "\n") + "\n"
	}
	return text
}

const kinIDs = 9

// drawKin draws rows; those of children refer to rows of the parents.
func drawKin(t *rapid.T, what string, parents func() int, most int) kinRows {
	rows := kinRows{}
	for _, id := range rapid.SliceOfNDistinct(rapid.IntRange(1, kinIDs), 0, most, rapid.ID[int]).Draw(t, what) {
		rows[id] = kinRow{parents(), rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")}
	}
	return rows
}

// predictKin gives what becomes of the tables, and the counts of each plan: a row
// whose parent is neither there nor brought by a row that is taken is invalid, and
// left out.
func predictKin(live, files []kinRows) (after []kinRows, counts []change.Counts) {
	for i := range live {
		now, n := kinRows{}, change.Counts{}
		for id, r := range live[i] {
			now[id] = r
		}
		for id, r := range files[i] {
			known := false
			if i > 0 {
				_, known = after[i-1][r.parent]
			}
			old, there := live[i][id]
			if r.parent == 0 && there { // an empty cell keeps what is there
				r.parent = old.parent
				known = true
			}
			switch {
			case i > 0 && r.parent > 0 && !known:
				n.Invalid++
				continue
			case !there:
				n.Insert++
			case old == r:
				n.Unchanged++
			default:
				n.Update++
			}
			now[id] = r
		}
		after, counts = append(after, now), append(counts, n)
	}
	return after, counts
}

func kinFile(rows kinRows) string {
	out := "id,parent,name\n"
	for id := 1; id <= kinIDs; id++ {
		if r, there := rows[id]; there {
			parent := ""
			if r.parent > 0 {
				parent = fmt.Sprint(r.parent)
			}
			out += fmt.Sprintf("%d,%s,%s\n", id, parent, r.name)
		}
	}
	return out
}

func lawOfFamilies(t *testing.T, kind, dsn string, k kinTables) {
	w := emptyWorld(t, nothing)
	w.connect("shop", kind, dsn)
	fine(t, k.exec(kinSchema))
	w.inForce(t, fmt.Sprintf(kinCompact, kind))
	rapid.Check(t, func(rt *rapid.T) {
		none := func() int { return 0 }
		some := func(of kinRows) func() int {
			return func() int {
				all := []int{0}
				for id := 1; id <= kinIDs; id++ {
					if _, there := of[id]; there {
						all = append(all, id)
					}
				}
				return rapid.SampledFrom(all).Draw(rt, "parent")
			}
		}
		any := func() int { return rapid.IntRange(0, kinIDs).Draw(rt, "any parent") }
		live := []kinRows{drawKin(rt, "live customers", none, 5)}
		live = append(live, drawKin(rt, "live orders", some(live[0]), 5))
		live = append(live, drawKin(rt, "live notes", some(live[1]), 5))
		files := []kinRows{drawKin(rt, "customers", none, 6), drawKin(rt, "orders", any, 6), drawKin(rt, "notes", any, 6)}
		for i := range files {
			if len(files[i]) == 0 {
				files[i][1] = kinRow{0, "d"}
			}
		}
		k.fill(rt, live)
		w.checkFamily(rt, k, live, files)
	})
}

// fill puts rows into the tables, and nothing else.
func (k kinTables) fill(t tb, live []kinRows) {
	for _, name := range []string{"notes", "orders", "customers"} {
		fine(t, k.exec("DELETE FROM "+name))
	}
	for i, name := range kinNames {
		for id, r := range live[i] {
			parent := "NULL"
			if r.parent > 0 {
				parent = fmt.Sprint(r.parent)
			}
			fine(t, k.exec(fmt.Sprintf("INSERT INTO %s VALUES (%d, %s, '%s')", name, id, parent, r.name)))
		}
	}
}

func (w *world) checkFamily(t *rapid.T, k kinTables, live, files []kinRows) {
	before := k.dump(t)
	after, counts := predictKin(live, files)
	order := rapid.Permutation([]int{0, 1, 2}).Draw(t, "order")
	var proposed []string
	for _, i := range order {
		proposed = append(proposed, kinNames[i], kinFile(files[i]))
	}
	c, err := w.chosen("maria", func(string) (change.Options, error) { o := upsert; o.LeaveOut = true; return o, nil }, proposed...)
	fine(t, err)
	in(t, c, change.Planned)
	stored := w.stored(c)
	total := change.Counts{}
	for i, m := range stored.Members {
		if m.Dataset != kinNames[i] {
			t.Fatalf("member %d is %s", i, m.Dataset)
		}
		if d := cmp.Diff(counts[i], m.Plan.Counts); d != "" {
			t.Fatalf("%s counts (-want +got):\n%s%v", m.Dataset, d, c.Members[i].Findings)
		}
		total = total.Plus(counts[i])
	}
	if stored.Plan.Counts != total {
		t.Fatalf("the whole counts %+v, want %+v", stored.Plan.Counts, total)
	}
	if total.Written() == 0 {
		_, err := submit(w, w.as("maria"), c)
		refused(t, err, errs.Blocked, "")
		return
	}
	c = w.applied(t, "maria", "olaf", c)
	if d := cmp.Diff(kinDump(after), k.dump(t)); d != "" {
		t.Fatalf("after the apply (-want +got):\n%s", d)
	}
	r := w.undone(t, "olaf", c)
	if d := cmp.Diff(before, k.dump(t)); d != "" {
		t.Fatalf("after the undo (-want +got):\n%s", d)
	}
	if rapid.IntRange(0, 2).Draw(t, "prove") == 0 {
		w.proves(t, c)
		w.proves(t, r)
	}
}
