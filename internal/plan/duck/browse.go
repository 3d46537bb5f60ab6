package duck

import (
	"context"
	"fmt"
	"strings"

	"sutor/internal/expr"
	"sutor/internal/plan"
	"sutor/internal/system/driver"
)

// Selection picks rows of a plan; the zero value picks all.
type Selection struct {
	Op       driver.Op
	Findings []int   // rows that one of these findings is about, by its number in the plan's findings
	Changed  string  // rows in which this judged column changes
	Column   string  // rows in which this column, before or after…
	Has      string  // …has this text in it, in capitals or not; or…
	Is       string  // …is exactly this; or…
	Empty    bool    // …is an empty text, or none at all
	Lines    []int64 // rows of the file; nil for all
	// Only is what both sides of a row must certainly be; nil: rows of any kind.
	Only *expr.Condition
}

// Frozen names the files of a plan on this machine.
type Frozen struct {
	Manifest plan.Manifest
	Parquet  string
	Hits     string // the lines behind the findings; "" where they are not kept
	Stored   string // the rows as the system stored them, with the keys that it gave; "" where that is not asked for
}

// rows is the SQL of the plan's rows.
func (f Frozen) rows() string { return f.rowsIn(f.Parquet) }

// rowsIn is the same of a copy of its file.
func (f Frozen) rowsIn(parquet string) string { return withKeys(parquet, f.Stored, f.Manifest) }

// all gives how many rows the plan has.
func (f Frozen) all() int64 {
	c := f.Manifest.Counts
	return c.Written() + c.Kept + c.Impossible
}

// onShelf names the plan where plans stay open.
func (f Frozen) onShelf() string { return f.Parquet + "\x00" + f.Stored }

// nearTop is how many rows from its beginning of a large plan can be shown before they are
// in the file's order: they are found in one pass over the plan, once for each selection.
const nearTop = 2_000

// manyRowsShown is from how many rows on a plan is large: below, its order takes no longer
// than a page.
const manyRowsShown = 200_000

// Browse reads a page of a plan's rows in the file's order: those of the
// selection, and how many it has.
func (e *Engine) Browse(ctx context.Context, f Frozen, s Selection, limit, offset int64) ([]Row, int64, error) {
	var rows []Row
	var total int64
	err := e.look(ctx, f.onShelf(), f, s, func(o *openPlan, where string) error {
		places, n, err := o.places(ctx, e, f, s, where, limit, offset)
		if err != nil {
			return err
		}
		total = n
		rows, err = o.page(ctx, e, f, places)
		return err
	})
	return rows, total, err
}

// place is where a row stands: by its key, which its number tells, and in the file, 0 where it
// is none of the file.
type place struct{ n, line int64 }

// places gives the places of the rows of a page, and how many rows the selection has.
func (o *openPlan) places(ctx context.Context, e *Engine, f Frozen, s Selection, where string, limit, offset int64) (places []place, total int64, err error) {
	sel, err := o.selected(ctx, where)
	if err != nil {
		return nil, 0, err
	}
	early := f.all() > e.early && offset+limit <= nearTop && len(s.Findings) == 0
	if n, known := s.total(f); known {
		sel.total = n
	}
	if early && (e.early < 0 || !sel.made()) {
		if sel.asked > 1 { // somebody stays with it, and will go further
			if err := o.make(ctx, sel); err != nil {
				return nil, 0, err
			}
		}
		from := `read_parquet(` + text(f.Parquet) + `) WHERE ` + where
		if sel.top == nil {
			sel.top, err = o.list(ctx, fmt.Sprintf(`%s ORDER BY line NULLS LAST, n LIMIT %d`, from, nearTop))
		}
		if err == nil {
			err = o.count(ctx, sel, from)
		}
		top := sel.top[min(offset, int64(len(sel.top))):]
		return top[:min(limit, int64(len(top)))], sel.total, err
	}
	if err = o.await(ctx, sel); err == nil {
		err = o.count(ctx, sel, sel.table)
	}
	if err == nil {
		places, err = o.list(ctx, fmt.Sprintf(`%s WHERE rowid >= %d AND rowid < %d ORDER BY rowid`, sel.table, offset, offset+limit))
	}
	return places, sel.total, err
}

// list gives places of rows.
func (o *openPlan) list(ctx context.Context, from string) (places []place, err error) {
	places = []place{}
	err = o.session.query(ctx, `SELECT n, coalesce(line, 0) FROM `+from, func(scan func(...any) error) error {
		var p place
		err := scan(&p.n, &p.line)
		places = append(places, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return places, nil
}

// count counts the rows of a selection, where they are not known.
func (o *openPlan) count(ctx context.Context, sel *selected, from string) error {
	if sel.total >= 0 {
		return nil
	}
	n, err := o.session.count(ctx, `SELECT count(*) FROM `+from)
	if err == nil {
		sel.total = n
	}
	return err
}

// total gives how many rows a selection has, where the plan's own counts tell.
func (s Selection) total(f Frozen) (int64, bool) {
	c := f.Manifest.Counts
	if len(s.Findings)+len(s.Lines) > 0 || s.Changed != "" || s.Column != "" || s.Only != nil {
		return 0, false
	}
	n, known := map[driver.Op]int64{
		"": f.all(), driver.Insert: c.Insert, driver.Update: c.Update, driver.Delete: c.Delete, plan.Kept: c.Kept, plan.Impossible: c.Impossible,
	}[s.Op]
	return n, known
}

// everyRow is the condition of a selection of all rows.
const everyRow = "true"

// where gives the condition on base, or on the plan's file.
func (s Selection) where(f Frozen) (string, error) {
	parts := []string{everyRow}
	if s.Op != "" {
		parts = append(parts, "op = "+text(string(s.Op)))
	}
	if len(s.Lines) > 0 {
		parts = append(parts, "line IN ("+commas(s.Lines)+")")
	}
	if len(s.Findings) > 0 {
		parts = append(parts, "hit(line, ["+commas(s.Findings)+"])")
	}
	if s.Changed != "" {
		j := f.Manifest.JudgedSchema().Index(s.Changed)
		if j < 0 {
			return "", fmt.Errorf("the plan judges no column %q", s.Changed)
		}
		parts = append(parts, fmt.Sprintf("substr(mask, %d, 1) = '1'", j+1))
	}
	if s.Only != nil {
		parts = append(parts, among("n", `SELECT n FROM read_parquet(`+text(f.Parquet)+`) WHERE `+seen(f.Manifest, *s.Only), f.all()))
	}
	if s.Column != "" {
		value, err := s.value(f)
		if err != nil {
			return "", err
		}
		parts = append(parts, among("n", `SELECT n FROM `+f.rows()+` WHERE `+value, f.all()))
	}
	return strings.Join(parts, " AND "), nil
}

// value is the condition on what stands in one column.
func (s Selection) value(f Frozen) (string, error) {
	var cells []string
	if i := f.Manifest.KeySchema().Index(s.Column); i >= 0 {
		cells = []string{fmt.Sprintf("k%d", i)}
	} else if j := f.Manifest.JudgedSchema().Index(s.Column); j >= 0 {
		cells = []string{fmt.Sprintf("b%d", j), fmt.Sprintf("a%d", j)}
	} else {
		return "", fmt.Errorf("the plan has no column %q", s.Column)
	}
	for i, c := range cells {
		switch {
		case s.Empty:
			cells[i] = `coalesce(` + c + `, '') = ''` + sideThere(c)
		case s.Is != "":
			cells[i] = c + ` = ` + text(s.Is)
		default:
			cells[i] = `contains(lower(` + c + `), lower(` + text(s.Has) + `))`
		}
	}
	return "(" + strings.Join(cells, " OR ") + ")", nil
}

// sideThere leaves out the side that a row has not: the before of an insert and the
// after of a delete are NULL, and no empty cells.
func sideThere(cell string) string {
	switch cell[0] {
	case 'b':
		return ` AND op <> 'insert'`
	case 'a':
		return ` AND op IN ('insert', 'update')`
	}
	return ""
}

func commas[N int | int64](numbers []N) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ","), "[]")
}
