package plan

import (
	"sutor/internal/expr"
	"sutor/internal/record"
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
}

// Touched is what an Impact found.
type Touched struct {
	Rows    int64  // that count
	Unknown int64  // for which Where could not be judged; not in Rows
	Sum     string // of the measure over Rows, as text; "" without one
}
