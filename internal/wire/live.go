package wire

import "encoding/json"

// LiveRows is a page of a dataset's rows as they are now.
type LiveRows struct {
	Columns []string                     `json:"columns"` // the key first
	Rows    []map[string]json.RawMessage `json:"rows"`
	Offset  int64                        `json:"offset"`
	More    bool                         `json:"more"`            // there are further ones
	Total   *int64                       `json:"total,omitempty"` // of the whole table; absent where a filter holds
}

// Fitting is the rows that a condition is for, as they are now.
type Fitting struct {
	Rows    int64                        `json:"rows"`
	More    bool                         `json:"more,omitempty"` // counting took too long: there are at least so many
	Columns []string                     `json:"columns"`
	First   []map[string]json.RawMessage `json:"first"`
}
