package change

// Recipe is the version of a recipe (package recipe) that a change was made by,
// with what it says of columns, so that a plan can be understood without it.
type Recipe struct {
	ID      string            `json:"id"`
	Name    string            `json:"name"`
	Version int               `json:"version"`
	Columns []string          `json:"columns"` // the header of the file that it was saved from
	Map     map[string]string `json:"map"`     // each of them → column; "" leaves it out
}

// Mapped says what became of one column of the file.
type Mapped struct {
	File       string      `json:"file"`                  // its name in the header
	Column     string      `json:"column,omitempty"`      // the dataset's; empty where it was left out
	How        string      `json:"how,omitempty"`         // as in package intake; empty where nothing fits it
	Confidence int         `json:"confidence,omitempty"`  // 1 to 100
	Why        string      `json:"why,omitempty"`         // in words
	Format     string      `json:"format,omitempty"`      // that its cells were read by (package record/format); empty for the standard one
	FormatFrom ID          `json:"format_from,omitempty"` // the change in which Format was chosen, where only that decided
	Candidates []Candidate `json:"candidates,omitempty"`  // what it may be, where that must be asked
}

// Candidate is a column of the dataset that a column of the file may be.
type Candidate struct {
	Column     string `json:"column"`
	Confidence int    `json:"confidence"`
	Why        string `json:"why"`
}

// Decided tells whether it is settled what the column is, or that it is not wanted.
func (m Mapped) Decided() bool { return m.How != "" }
