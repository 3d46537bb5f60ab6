package duck

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

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
func (f Frozen) rows() string { return withKeys(f.Parquet, f.Stored, f.Manifest) }

// Plans that people look at stay open for a while: making an instance, and the
// order of a million rows, takes longer than a page may. They have places of their
// own beside slots and views.
const (
	shelfPlaces   = 4
	shelfIdle     = 2 * time.Minute
	shelfMemoryMB = 256
	selections    = 6 // kept of each plan
)

// shelf keeps open plans.
type shelf struct {
	mu   sync.Mutex
	open map[string]*openPlan
}

// openPlan is a warm instance over one plan. Its table base has the rows in the
// file's order: pos, n, op, line, mask. Each selection is a table of pos and n.
type openPlan struct {
	mu      sync.Mutex // held while it is used
	session *Session   // nil until it is first used, and after it was put away
	made    []string   // conditions of the selections, the last used last
	totals  map[string]int64
	names   map[string]string
	next    int
	idle    *time.Timer
}

// Browse reads a page of a plan's rows in the file's order: those of the
// selection, and how many it has.
func (e *Engine) Browse(ctx context.Context, f Frozen, s Selection, limit, offset int64) ([]Row, int64, error) {
	o := e.shelf.take(f.Parquet + "\x00" + f.Stored)
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.session == nil {
		if err := o.begin(ctx, e, f); err != nil {
			return nil, 0, err
		}
	}
	o.idle.Reset(shelfIdle)
	where, err := s.where(f)
	if err != nil {
		return nil, 0, err
	}
	table, total, err := o.selected(ctx, f, s, where)
	if err != nil {
		o.putAway() // what half an attempt left behind is not built on
		return nil, 0, err
	}
	rows, err := o.page(ctx, f, table, limit, offset)
	return rows, total, err
}

// take gives the place of a plan; the one that was not used for longest makes room.
func (s *shelf) take(path string) *openPlan {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, there := s.open[path]
	if there {
		return o
	}
	if len(s.open) >= shelfPlaces {
		for other, old := range s.open {
			if old.mu.TryLock() { // one that nobody uses now
				old.putAway()
				old.mu.Unlock()
				delete(s.open, other)
				break
			}
		}
	}
	o = &openPlan{}
	s.open[path] = o
	return o
}

// close closes all of them.
func (s *shelf) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range s.open {
		o.mu.Lock()
		o.putAway()
		o.mu.Unlock()
	}
	clear(s.open)
}

// begin opens the instance and puts the rows in the file's order.
func (o *openPlan) begin(ctx context.Context, e *Engine, f Frozen) error {
	limits := e.o
	limits.MemoryMB, limits.Threads = shelfMemoryMB, 1
	files := []string{f.Parquet}
	if f.Hits != "" {
		files = append(files, f.Hits)
	}
	if f.Stored != "" {
		files = append(files, f.Stored)
	}
	session, err := e.session(ctx, newSlots(1), nil, limits, files)
	if err != nil {
		return err
	}
	o.session, o.made, o.totals, o.names, o.next = session, nil, map[string]int64{}, map[string]string{}, 0
	err = session.exec(ctx, `CREATE TABLE base AS SELECT row_number() OVER (ORDER BY line NULLS LAST, n) AS pos, n, op, line, mask FROM read_parquet(`+text(f.Parquet)+`) ORDER BY pos`)
	if err == nil && f.Hits != "" {
		err = session.load(ctx, `CREATE TABLE hits AS SELECT line, f FROM read_csv(`+text(f.Hits)+`, header = false, auto_detect = false, parallel = true, columns = {'line': 'BIGINT', 'f': 'INTEGER'})`)
	}
	if err != nil {
		o.putAway()
		return err
	}
	o.idle = time.AfterFunc(shelfIdle, func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.putAway()
	})
	return nil
}

// putAway closes the instance; the next who looks opens it again.
func (o *openPlan) putAway() {
	if o.idle != nil {
		o.idle.Stop()
	}
	if o.session != nil {
		o.session.Close()
		o.session = nil
	}
}

// where gives the condition on base; "" for all rows.
func (s Selection) where(f Frozen) (string, error) {
	var parts []string
	if s.Op != "" {
		parts = append(parts, "op = "+text(string(s.Op)))
	}
	if len(s.Lines) > 0 {
		parts = append(parts, "line IN ("+commas(s.Lines)+")")
	}
	if len(s.Findings) > 0 {
		parts = append(parts, "line IN (SELECT line FROM hits WHERE f IN ("+commas(s.Findings)+"))")
	}
	if s.Changed != "" {
		j := f.Manifest.JudgedSchema().Index(s.Changed)
		if j < 0 {
			return "", fmt.Errorf("the plan judges no column %q", s.Changed)
		}
		parts = append(parts, fmt.Sprintf("substr(mask, %d, 1) = '1'", j+1))
	}
	if s.Only != nil {
		parts = append(parts, `n IN (SELECT n FROM read_parquet(`+text(f.Parquet)+`) WHERE `+seen(f.Manifest, *s.Only)+`)`)
	}
	if s.Column != "" {
		value, err := s.value(f)
		if err != nil {
			return "", err
		}
		parts = append(parts, `n IN (SELECT n FROM `+f.rows()+` WHERE `+value+`)`)
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

// selected gives the table of a selection and how many rows it has, making it
// where it is not there yet.
func (o *openPlan) selected(ctx context.Context, f Frozen, s Selection, where string) (table string, total int64, err error) {
	if where == "" {
		where = "true"
	}
	if at := slices.Index(o.made, where); at >= 0 {
		o.made = append(slices.Delete(o.made, at, at+1), where)
		return o.names[where], o.totals[where], nil
	}
	if len(o.made) >= selections {
		old := o.made[0]
		if err := o.session.exec(ctx, `DROP TABLE `+o.names[old]); err != nil {
			return "", 0, err
		}
		o.made = o.made[1:]
		delete(o.names, old)
		delete(o.totals, old)
	}
	o.next++
	table = fmt.Sprintf("s%d", o.next)
	// One thread reads base in its order, so the rows are numbered in it.
	if err := o.session.exec(ctx, `CREATE TABLE `+table+` AS SELECT row_number() OVER () AS pos, n FROM (SELECT n FROM base WHERE `+where+`)`); err != nil {
		return "", 0, err
	}
	if total, err = o.session.count(ctx, `SELECT count(*) FROM `+table); err != nil {
		return "", 0, err
	}
	o.made, o.names[where], o.totals[where] = append(o.made, where), table, total
	return table, total, nil
}

// page reads the rows of one page. Their numbers are narrow in most files, so few
// row groups of the plan are read.
func (o *openPlan) page(ctx context.Context, f Frozen, table string, limit, offset int64) ([]Row, error) {
	at := map[int64]int{}
	var numbers []int64
	err := o.session.query(ctx, fmt.Sprintf(`SELECT n FROM %s WHERE pos > %d AND pos <= %d ORDER BY pos`, table, offset, offset+limit), func(scan func(...any) error) error {
		var n int64
		err := scan(&n)
		at[n] = len(numbers)
		numbers = append(numbers, n)
		return err
	})
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	rows := make([]Row, len(numbers))
	query := fmt.Sprintf(`n BETWEEN %d AND %d AND n IN (%s)`, slices.Min(numbers), slices.Max(numbers), commas(numbers))
	err = o.session.readRows(ctx, f.rows(), f.Manifest, query, func(r Row) { rows[at[r.N]] = r })
	return rows, err
}

func commas[N int | int64](numbers []N) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ","), "[]")
}
