package change

// Rule is a change without a file: what every row that Where picks gets. It is kept
// as an artefact too, in the place of a file.
type Rule struct {
	Where string   `json:"where"` // in the guardrail language, over the columns of the row
	Set   []Assign `json:"set"`
}

// Assign is what one column becomes: an expression in the same language, or null.
type Assign struct {
	Column string `json:"column"`
	To     string `json:"to"`
}
