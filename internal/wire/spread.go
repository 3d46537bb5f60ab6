package wire

import "encoding/json"

// Spread is how the values of a number column lie, before and after, in the rows in
// which a plan changes it.
type Spread struct {
	Column string      `json:"column"`
	Rows   int64       `json:"rows"`
	Before SpreadSide  `json:"before"`
	After  SpreadSide  `json:"after"`
	Bins   []SpreadBin `json:"bins"` // side by side; the first and the last count what lies beyond, too
}

// SpreadSide sums one side up; without values all is 0.
type SpreadSide struct {
	Values int64   `json:"values"`
	Least  float64 `json:"least"`
	Middle float64 `json:"middle"` // the median
	Most   float64 `json:"most"`
}

// SpreadBin counts the values from one number up to, and without, another.
type SpreadBin struct {
	From   float64 `json:"from"`
	To     float64 `json:"to"`
	Before int64   `json:"before"`
	After  int64   `json:"after"`
}

// ConflictRow is a row that somebody else has changed between the plan and its apply.
type ConflictRow struct {
	Row
	Live map[string]json.RawMessage `json:"live"` // as it is now; null: it is not there any more, or not for you
}
