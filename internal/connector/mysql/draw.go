package mysql

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

var _ driver.Drawer = (*apply)(nil)

// span is the numbers that a transaction has drawn for a column.
type span struct{ first, last uint64 }

// numbers is the column of a table that the server counts; it allows one.
func (t *table) numbers() (column, bool) {
	i := slices.IndexFunc(t.all, func(c column) bool { return c.Identity != "" && c.Type.Kind == record.Int })
	if i < 0 {
		return column{}, false
	}
	return t.all[i], true
}

// given lists the columns that Draw gives values for.
func (t *table) given() (names []string) {
	for _, c := range t.all {
		if c.uuids || c.Identity != "" && c.Type.Kind == record.Int {
			names = append(names, c.Name)
		}
	}
	return names
}

// Draw gives the numbers that come next, or makes UUIDs. See [driver.Drawer].
//
// A number of AUTO_INCREMENT cannot be taken without a row, and a row would let triggers
// act. So nothing keeps the numbers until the rows are there: where another program is
// given one of them meanwhile, the server's primary key refuses one of the two, and if it
// is this one, the whole transaction is taken back, to draw anew (driver.ErrAgain).
func (a *apply) Draw(ctx context.Context, name record.Table, column string, n int64, out io.Writer) error {
	if a.ended || a.broken {
		return errEnded()
	}
	t, err := a.session.inspect(ctx, name)
	if err != nil {
		return err
	}
	i := t.columns.Index(column)
	if i < 0 || !slices.Contains(t.given(), column) {
		return errs.New(errs.Changed, "The table %s does not give new rows a %s itself (any more).", t.name, column).WithMend("Plan the change again.")
	}
	if a.id == "" {
		return &driver.Refusal{Column: column, Message: "The server has no named locks (GET_LOCK), without which rows whose keys it gives could be written twice after an interruption. Give the rows their keys in the file."}
	}
	if t.all[i].uuids {
		return explain(ctx, a.drawUUIDs(ctx, n, out))
	}
	return explain(ctx, a.drawNumbers(ctx, t, t.all[i], n, out))
}

func (a *apply) drawNumbers(ctx context.Context, t *table, c column, n int64, out io.Writer) error {
	next, step, err := a.nextNumber(ctx, t, c)
	if err != nil || n == 0 {
		return err
	}
	most := ^uint64(0) >> (64 - c.Type.Bits)
	if !c.Type.Unsigned {
		most >>= 1
	}
	if next == 0 || next > most || uint64(n-1) > (most-next)/step {
		return &driver.Refusal{Column: c.Name, Message: "The numbers of " + c.Name + " are used up: " + c.Type.Native + " has no room for so many more."}
	}
	w := record.NewWriter(out)
	for i := range n {
		w.Number(i + 1)
		w.String(strconv.FormatUint(next+uint64(i)*step, 10))
		if err := w.End(); err != nil {
			return err
		}
	}
	drawn := span{next, next + uint64(n-1)*step}
	if before, there := a.drawn[t.name]; there {
		drawn.first = before.first
	}
	a.drawn[t.name] = drawn
	return w.Flush()
}

// counterSQL gives the number that the table's counter stands at and the largest one
// of a row that others can see, which a row that was renumbered may have beyond it.
const counterSQL = `SELECT COALESCE((SELECT AUTO_INCREMENT FROM information_schema.TABLES WHERE TABLE_SCHEMA = %s AND TABLE_NAME = %s), 0),
	(SELECT COALESCE(max(%s), 0) FROM %s), @@auto_increment_increment, @@auto_increment_offset`

// nextNumber gives the next number and how far apart numbers are; 0 where there is none
// any more.
func (a *apply) nextNumber(ctx context.Context, t *table, c column) (next, step uint64, err error) {
	// MySQL would tell what the counter was some hours ago.
	if _, err := a.exec(ctx, "SET SESSION sql_big_selects = 1 /*!80000 , information_schema_stats_expiry = 0 */"); err != nil {
		return 0, 0, err
	}
	limited, cancel := a.limit(ctx)
	defer cancel()
	var counter, offset uint64
	var largest string
	literal := func(s string) string { return string(appendLiteral(nil, []byte(s))) }
	sql := fmt.Sprintf(counterSQL, literal(t.name.Schema), literal(t.name.Name), quoted(c.Name), t.sql())
	if err := a.session.row(limited, sql, &counter, &largest, &step, &offset); err != nil {
		return 0, 0, err
	}
	next = max(counter, 1)
	if n, err := strconv.ParseUint(largest, 10, 64); err == nil { // below 0 it is far from next
		if n == ^uint64(0) {
			return 0, step, nil
		}
		next = max(next, n+1)
	}
	if before, there := a.drawn[t.name]; there {
		next = max(next, before.last+1)
	}
	return rounded(next, step, offset), step, nil
}

// rounded gives the first number from next on that is offset more than a multiple of
// step: where servers write to each other's tables, each has numbers of its own. 0 where
// there is none.
func rounded(next, step, offset uint64) uint64 {
	if offset > step { // which the server passes over
		offset = 0
	}
	return next + (step-(next%step)+offset)%step
}

// uuidsAtOnce is how many UUIDs a query makes: the rows of ten digits joined with
// themselves, for not every server has a table of numbers.
const uuidsAtOnce = 10_000

func (a *apply) drawUUIDs(ctx context.Context, n int64, out io.Writer) error {
	const digits = "(SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9 UNION ALL SELECT 10)"
	w := record.NewWriter(out)
	var done int64
	var value string
	for done < n {
		limited, cancel := a.limit(ctx)
		var failed error
		err := a.session.each(limited, fmt.Sprintf("SELECT uuid() FROM %s a CROSS JOIN %[1]s b CROSS JOIN %[1]s c CROSS JOIN %[1]s d LIMIT %d", digits, min(uuidsAtOnce, n-done)), nil, []any{&value}, func() {
			done++
			w.Number(done)
			w.String(value)
			if err := w.End(); failed == nil {
				failed = err
			}
		})
		cancel()
		if err != nil || failed != nil {
			return cmp.Or(err, failed)
		}
	}
	return w.Flush()
}

// again tells that one of the numbers that were drawn for new rows has been given to
// another's row meanwhile; nil where that is not what stands in the way. It takes the
// whole transaction back: other rows of it may have been drawn beside.
func (s *step) again(ctx context.Context) error {
	drawn, there := s.tx.drawn[s.table.name]
	c, counts := s.table.numbers()
	i := slices.IndexFunc(s.key, func(k column) bool { return k.Name == c.Name })
	if s.write.Op != driver.Insert || !there || !counts || i < 0 {
		return nil
	}
	var met bool
	err := s.row(ctx, fmt.Sprintf("SELECT EXISTS (SELECT 1 FROM %s WHERE d.k%d BETWEEN %d AND %d)", s.rows(), i, drawn.first, drawn.last), &met)
	if err != nil || !met {
		return err
	}
	if _, err := s.tx.exec(ctx, "ROLLBACK"); err != nil {
		return err
	}
	return errs.New(errs.Unavailable, "Another program was given a %s that was to be that of a new row of %s, and the database keeps it to one of the two: nothing was written.", c.Name, s.table.name).
		WithMend("Try again.").Because(fmt.Errorf("%w: a number of AUTO_INCREMENT was taken", driver.ErrAgain))
}
