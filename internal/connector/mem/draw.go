package mem

import (
	"context"
	"io"
	"slices"
	"strconv"

	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// given lists the identity columns.
func (t *table) given() (names []string) {
	for _, c := range t.Columns {
		if c.Identity != "" {
			names = append(names, c.Name)
		}
	}
	return names
}

// Draw counts on in the transaction's copy, past the numbers that rows have.
func (x *tx) Draw(ctx context.Context, name record.Table, column string, n int64, out io.Writer) error {
	t, err := x.table(name)
	if err != nil {
		return err
	}
	if !slices.Contains(t.given(), column) {
		return errs.New(errs.Changed, "%s does not number %s (any more).", name, column).WithMend("Plan the change again.")
	}
	taken, at := map[string]bool{}, t.Columns.Index(column)
	for _, r := range t.rows {
		if r[at] != nil {
			taken[*r[at]] = true
		}
	}
	w := record.NewWriter(out)
	for i := int64(1); i <= n; i++ {
		text := ""
		for text == "" || taken[text] {
			t.last[column]++
			text = strconv.FormatInt(t.last[column], 10)
		}
		w.Number(i)
		w.String(text)
		if err := w.End(); err != nil {
			return err
		}
	}
	return w.Flush()
}

var _ driver.Drawer = (*tx)(nil)
