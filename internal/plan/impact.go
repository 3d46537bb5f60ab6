package plan

import (
	"fmt"
	"strings"

	"sutor/internal/expr"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Impact asks which rows of a related table belong to the rows that a plan
// updates or deletes. New rows have none yet.
type Impact struct {
	Table   record.Table
	By      record.Schema   // columns of Table
	Of      []string        // the dataset's columns that they match, as they were before
	Where   *expr.Condition // which of the rows count, over columns on the side Whole; nil for all
	Reads   record.Schema   // the columns of Table that Where reads, and the measure
	Measure string          // column of Reads whose sum is told; "" for none

	// Deletes is the reference by which the system deletes or changes rows of Table with
	// those that a plan deletes; only these count then, those too that are left alone
	// because of it. Nil: updated and deleted rows.
	Deletes *driver.Reference
}

// Lookup asks for the related rows that may count.
func (im Impact) Lookup() driver.Lookup {
	l := driver.Lookup{Table: im.Table, By: im.By, Columns: im.Reads}
	if len(l.Columns) == 0 {
		l.Columns = im.By[:1]
	}
	if im.Where != nil {
		l.Where = im.Where.Narrow(expr.Whole, im.Reads)
	}
	return l
}

// Cascades gives what a delete of rows of a table would do elsewhere, and what to
// call it.
func Cascades(t driver.Table) (all []Impact, labels []string) {
	for _, ref := range t.ReferencedBy {
		if ref.OnDelete == "" || ref.Table == t.Table {
			continue
		}
		does := "deleted with them"
		if ref.OnDelete != "cascade" {
			does = "emptied of " + strings.Join(ref.Columns.Names(), ", ") + " with them"
			if ref.OnDelete == "set default" {
				does = "given another " + strings.Join(ref.Columns.Names(), ", ") + " with them"
			}
		}
		all = append(all, Impact{Table: ref.Table, By: ref.Columns, Of: ref.RefColumns, Deletes: &ref})
		labels = append(labels, fmt.Sprintf("rows of %s, %s", ref.Table, does))
	}
	return all, labels
}

// Touched is what an Impact found.
type Touched struct {
	Rows    int64  // that count
	Unknown int64  // for which Where could not be judged; not in Rows
	Sum     string // of the measure over Rows, as text; "" without one
}
