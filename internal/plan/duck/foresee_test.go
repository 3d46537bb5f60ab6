package duck_test

import (
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sutor/internal/change"
	"sutor/internal/connector/mem"
	"sutor/internal/plan"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/system/driver"
)

// TestForeseen: a reversal that is frozen as if nothing had changed since is the one that
// is made once all live rows are known, whatever did change.
func TestForeseen(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		since    func(*stock)
		foreseen bool
		want     change.Counts
	}{
		{"nothing changed", func(*stock) {}, true, change.Counts{Update: 300, Delete: 100}},
		{"what the plan did not write", func(s *stock) { s.items[2][2] = "7.00" }, true, change.Counts{Update: 300, Delete: 100}},
		{"a value that it wrote", func(s *stock) { s.items[3][1] = "other" }, false, change.Counts{Update: 299, Delete: 100, Kept: 1}},
		{"another value of a row that it wrote to", func(s *stock) { s.items[3][2] = "7.00" }, false, change.Counts{Update: 300, Delete: 100}},
		{"a new row", func(s *stock) { s.items[950][1] = "other" }, false, change.Counts{Update: 300, Delete: 99, Kept: 1}},
		{"no value where there was an empty one", func(s *stock) { s.items[950][2] = "" }, false, change.Counts{Update: 300, Delete: 99, Kept: 1}},
		{"a row is gone", func(s *stock) { delete(s.items, 3) }, false, change.Counts{Update: 299, Delete: 100, Impossible: 1}},
		{"a new row is gone", func(s *stock) { delete(s.items, 950) }, false, change.Counts{Update: 300, Delete: 99, Unchanged: 1}},
		{"rows refer to a new one", func(s *stock) { s.parts[1] = 950 }, true, change.Counts{Update: 300, Delete: 99, Impossible: 1}},
		{"both", func(s *stock) { s.parts[1], s.items[951][2] = 950, "7.00" }, false, change.Counts{Update: 300, Delete: 98, Impossible: 1, Kept: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			there, then, file := renamed()
			c.since(then)
			var want *plan.Outcome
			for i, place := range []duck.Comparing{duck.Here, duck.Arriving, duck.Arriving} {
				out, how := undo(t, place, i == 2, there, then, file, nil)
				if how.foreseen != (c.foreseen && place == duck.Arriving) || how.abreast != (place == duck.Arriving) {
					t.Errorf("%+v", how)
				}
				if want == nil {
					want = out
				}
				a, b := out.Manifest, want.Manifest
				if a.Counts != c.want || a.Rows != b.Rows || a.File != b.File || findings(out) != findings(want) {
					t.Errorf("%d: the plan is %+v, %s; want %+v, %+v, %s", i, a, findings(out), c.want, b, findings(want))
				}
				if diff := cmp.Diff(want.Facts, out.Facts); diff != "" {
					t.Errorf("facts: %s", diff)
				}
			}
		})
	}
}

// TestAbreast: what was stored is read beside what was applied, and the plan comes in its
// order where its rows do; else they are sorted, and the plan is the same.
func TestAbreast(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		alter   func(*duck.Session, *plan.Spec, duck.Reversal)
		abreast bool
		want    change.Counts
	}{
		{"as they were written", nil, true, change.Counts{Update: 300, Delete: 100}},
		{"rows between them that cannot go back", func(_ *duck.Session, spec *plan.Spec, rev duck.Reversal) {
			spec.Table.Columns = slices.Clone(spec.Table.Columns)
			spec.Table.Columns[2].Nullable = false
		}, false, change.Counts{Update: 250, Delete: 100, Impossible: 50}},
	} {
		t.Run(c.name, func(t *testing.T) {
			there, then, file := renamed()
			for id := int64(0); id < 300; id += 6 { // these had no price
				there.items[id][2] = ""
				then.items[id][2], file[id/3][2] = "1.00", "1.00"
			}
			var want *plan.Outcome
			for _, place := range []duck.Comparing{duck.Here, duck.Arriving} {
				out, how := undo(t, place, false, there, then, file, c.alter)
				if place == duck.Arriving && how != (made{foreseen: true, abreast: c.abreast}) {
					t.Errorf("%+v", how)
				}
				if want == nil {
					want = out
				}
				if a, b := out.Manifest, want.Manifest; a.Counts != c.want || a.Rows != b.Rows || a.File != b.File {
					t.Errorf("the plan is %+v, want %+v, %+v", a, c.want, b)
				}
			}
		})
	}
}

// renamed gives what there is, what there is once new names and items were applied, and the
// file of them.
func renamed() (there, then *stock, file [][]string) {
	there, then = newStock(), newStock()
	for id := range int64(900) {
		if id%3 == 0 {
			file = append(file, []string{fmt.Sprint(id), fmt.Sprint("new name of ", id), ""})
		}
	}
	for id := range int64(100) {
		file = append(file, []string{fmt.Sprint(900 + id), fmt.Sprint("item ", 900+id), "1.50"})
	}
	for _, r := range file {
		var id int64
		fmt.Sscan(r[0], &id)
		item := then.items[id]
		if item == nil {
			item = []string{r[0], r[1], r[2]}
		}
		item[1], then.items[id] = r[1], item
	}
	return there, then, file
}

// stock is a table of items by id, each with its id, name and price, and one of parts,
// with the items that they refer to.
type stock struct {
	items map[int64][]string
	parts map[int64]int64
}

func newStock() *stock {
	s := &stock{items: map[int64][]string{}, parts: map[int64]int64{}}
	for id := range int64(900) {
		s.items[id] = []string{fmt.Sprint(id), fmt.Sprint("item ", id), fmt.Sprintf("%d.50", id)}
	}
	return s
}

var (
	itemColumns = record.Schema{
		{Name: "id", Type: record.Type{Kind: record.Int, Bits: 64}},
		{Name: "name", Type: record.Type{Kind: record.Text}, Nullable: true},
		{Name: "price", Type: record.Type{Kind: record.Decimal, Precision: 12, Scale: 2}, Nullable: true},
	}
	partColumns = record.Schema{itemColumns[0], {Name: "item", Type: record.Type{Kind: record.Int, Bits: 64}, Nullable: true}}
)

// system has both tables.
func (s *stock) system(t *testing.T) *system.System {
	t.Helper()
	db, item, part := mem.New(), record.Table{Name: "item"}, record.Table{Name: "part"}
	db.Create(mem.Table{Name: item, Columns: itemColumns, Key: []string{"id"}})
	db.Create(mem.Table{Name: part, Columns: partColumns, Key: []string{"id"}})
	var items, parts [][]*string
	for _, r := range s.items {
		item := []*string{&r[0], &r[1], &r[2]}
		if r[2] == "" {
			item[2] = nil
		}
		items = append(items, item)
	}
	for id, to := range s.parts {
		number, item := fmt.Sprint(id), fmt.Sprint(to)
		parts = append(parts, []*string{&number, &item})
	}
	must(t, db.Insert(item, itemColumns, items))
	must(t, db.Insert(part, partColumns, parts))
	sys, err := system.Open(t.Context(), "mem", "mem", "", system.Registry{"mem": db.Open})
	must(t, err)
	return sys
}

// applied makes the plan of a file, and what is kept once it was applied.
func applied(t *testing.T, s *duck.Session, spec plan.Spec, there *stock, file [][]string) duck.Reversal {
	t.Helper()
	out, err := s.Build(t.Context(), spec, stage(t, s, file), there.system(t), func(string, int64, int64) {})
	must(t, err)
	rev := duck.Reversal{Manifest: out.Manifest, Parquet: s.Path("forward.parquet"), Stored: s.Path("stored.parquet"), Columns: itemColumns[1:]}
	must(t, os.Rename(out.Parquet, rev.Parquet))
	found, err := s.Stored(t.Context(), rev.Parquet, rev.Manifest, rev.Columns, nil, rev.Stored)
	must(t, err)
	if len(found) > 0 {
		t.Fatalf("stored otherwise: %v", found)
	}
	return rev
}

// undo makes the plan of a file, and its reversal, maybe as that of very many rows, once it
// was applied, something was altered, and there is what there is then.
func undo(t *testing.T, place duck.Comparing, many bool, there, then *stock, file [][]string, alter func(*duck.Session, *plan.Spec, duck.Reversal)) (*plan.Outcome, made) {
	t.Helper()
	e, err := duck.New(duck.Options{Dir: t.TempDir(), Comparing: place})
	must(t, err)
	t.Cleanup(e.Close)
	if many {
		e.SortAlone()
	}
	s, err := e.Session(t.Context())
	must(t, err)
	t.Cleanup(s.Close)
	spec := stockSpec()
	quiet := func(string, int64, int64) {}
	rev := applied(t, s, spec, there, file)
	must(t, s.Reset(t.Context()))
	spec.Sources, spec.Columns = nil, nil
	spec.Table.ReferencedBy = []driver.Reference{{Table: record.Table{Name: "part"}, Columns: partColumns[1:], RefColumns: []string{"id"}}}
	if alter != nil {
		alter(s, &spec, rev)
	}
	d, err := s.CompareReversal(t.Context(), spec, rev, then.system(t), quiet)
	must(t, err)
	how := made{d.Foreseen(), d.Abreast()}
	all, _, err := duck.Finish(t.Context(), d)
	must(t, err)
	return all[0], how
}

// made is how a reversal was made.
type made struct{ foreseen, abreast bool }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
