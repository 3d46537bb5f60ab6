package wire

// RehearsalRequest is a Compact to be tried, and on how many of the last changes;
// 0 for 200.
type RehearsalRequest struct {
	Text string `json:"text"`
	Last int    `json:"last,omitempty"`
}

// Rehearsal says what a Compact would have made of changes that exist. Nothing is
// put in force or changed by it.
type Rehearsal struct {
	Compact string            `json:"compact"`  // the digest of the one that was tried
	InForce string            `json:"in_force"` // of the one in force
	Counts  RehearsalCounts   `json:"counts"`
	Changes []RehearsedChange `json:"changes"` // newest first; those of which nothing would be different too
	Notes   []string          `json:"notes"`   // what was not tried, and why
}

// RehearsalCounts counts the changes by what would be different.
type RehearsalCounts struct {
	Same     int `json:"same"`
	Blocked  int `json:"blocked"`
	Routed   int `json:"routed"`
	Passes   int `json:"passes"`
	Unjudged int `json:"unjudged"`
	Void     int `json:"void"` // waiting changes whose decisions would be void, among all of the above
}

// What may become of a change that is tried.
const (
	RehearsedSame     = "same"     // the same people would decide, by the same findings
	RehearsedBlocked  = "blocked"  // it could not be submitted
	RehearsedRouted   = "routed"   // other people would have to decide
	RehearsedPasses   = "passes"   // it was blocked, and would not be
	RehearsedUnjudged = "unjudged" // its plan does not tell
)

// RehearsedChange is one change under the Compact that is tried.
type RehearsedChange struct {
	ID       string          `json:"id"`
	Title    string          `json:"title"`
	Dataset  string          `json:"dataset"`
	State    string          `json:"state"`
	Maker    string          `json:"maker"`
	Verdict  string          `json:"verdict"`
	Why      string          `json:"why,omitempty"`
	Then     RehearsedRoute  `json:"then"`
	Now      RehearsedRoute  `json:"now"`
	Rules    []RehearsedRule `json:"rules"`    // that say something else than then
	Unjudged []string        `json:"unjudged"` // what its plan does not tell, and why
	Void     bool            `json:"void"`     // it waits, and its decisions would be void
}

// RehearsedRoute is who had to decide, or would have to.
type RehearsedRoute struct {
	Blocked string `json:"blocked,omitempty"` // why it cannot be submitted
	Route   []Step `json:"route"`
	Why     string `json:"route_why,omitempty"` // of an empty route
	Risk    int    `json:"risk"`
}

// RehearsedRule is a rule that says something else of a change.
type RehearsedRule struct {
	Dataset   string   `json:"dataset,omitempty"` // of a change over several
	Guardrail string   `json:"guardrail"`
	Column    string   `json:"column,omitempty"`
	Then      *RuleHit `json:"then"` // null: it did not hit, or was not there
	Now       *RuleHit `json:"now"`  // null: it does not hit, or is not there
	Message   string   `json:"message"`
	Ranges    []string `json:"ranges,omitempty"`
	Samples   []string `json:"samples,omitempty"` // for who may see values
}

// RuleHit is what follows from a rule, and for how many rows.
type RuleHit struct {
	Severity string `json:"severity"`
	By       string `json:"by,omitempty"`
	Needs    int    `json:"needs,omitempty"`
	Rows     int64  `json:"rows"`
	Unknown  int64  `json:"unknown,omitempty"` // of them could not be judged
}
