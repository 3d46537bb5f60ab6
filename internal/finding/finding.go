// Package finding holds what a check found: which rule, how serious, how many
// rows and where, in words that tell a person what to mend and who can.
//
// Findings are grouped: one Finding stands for all rows that the same rule hit
// in the same column. They are part of a plan's frozen content: their JSON is
// digested in the plan's manifest, so their form changes only with the
// manifest's version.
package finding

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Severity says what follows from a finding.
type Severity string

const (
	Block   Severity = "block"   // the change cannot be submitted
	Approve Severity = "approve" // someone more must decide
	Warn    Severity = "warn"    // told, nothing more
)

// Names of the built-in checks, as they stand in Finding.Guardrail. A name from
// the Compact is never one of these: compact check refuses it.
const (
	Value        = "value"         // a text is not a value of the column's type
	Ragged       = "ragged-row"    // more or fewer cells than the header line
	MissingKey   = "missing-key"   // a key cell is empty
	OtherKey     = "other-key"     // a row gives a key, and is found by something else to be another
	GivenKey     = "given-key"     // new rows whose key the system gives (warning)
	Duplicate    = "duplicate-key" // two rows mean the same live row
	UnknownKey   = "unknown-key"   // update mode: no such row
	ExistingKey  = "existing-key"  // insert mode: the row is there already
	NotAllowed   = "not-allowed"   // insert, update or delete is not allowed on the dataset
	NotWritable  = "not-writable"  // a column that may not be changed would be
	NotNull      = "not-null"      // the column must have a value
	Required     = "required"      // the Compact says it must have a value
	OneOf        = "one-of"        // not one of the listed values
	Min          = "min"
	Max          = "max"
	Pattern      = "pattern"
	Unique       = "unique"         // another row has this value already
	UniqueSwap   = "unique-swap"    // a value that another row gives up in the same change, where the system judges row by row
	ForeignKey   = "foreign-key"    // no such row in the table referred to
	Unchecked    = "unchecked"      // a rule of the system that Sutor may not read enough to check (warning)
	Hidden       = "hidden"         // the system hides rows from Sutor (warning)
	EmptiedCells = "emptied"        // cells that would lose their value (warning)
	Format       = "format"         // a column is not written in the standard way (warning)
	Unclear      = "unclear-format" // a column can be read in several ways, with different values
	Unseen       = "unseen"         // texts with characters that cannot be seen (warning)
	Padded       = "padded"         // texts with blanks at their ends (warning)
	LookAlike    = "look-alike"     // words that mix alphabets whose letters look the same (warning)
	AlikeKeys    = "alike-keys"     // new keys that look the same as another one (warning)
	Reading      = "reading"        // what a person must know about how the file was read (package intake)
	Unmatched    = "unmatched"      // columns of the file that match nothing (warning)
	Matched      = "matched"        // columns of the file that were matched by a guess (warning)
	Question     = "question"       // columns of the file that may be one of the dataset; somebody must say (warning)
	Recipe       = "recipe"         // the file has other columns than the recipe that it was read by (warning)
	Twin         = "twin"           // another change has the same rows (warning)
	AsStored     = "as-stored"      // the system stored something else than was approved
	Constraint   = "constraint"     // the system refuses it: told by a trial, or by the apply
	Moved        = "live-changed"   // a trial met live rows that are not what the plan says
	Outside      = "outside-rows"   // not among the rows that the maker sees and may change
	OutsidePart  = "outside-part"   // a row of a sync's file is outside the part that it stands for
	SyncKey      = "sync-key"       // a row of a sync's file has no key, so nothing may be deleted
	SyncShare    = "sync-share"     // a sync would delete too much of its part
	Referred     = "referred-to"    // rows refer to one that would be deleted, or to values that would change, and would be changed with them
	Uncomputed   = "uncomputed"     // a rule gives no value
	Unjudged     = "unjudged"       // rows of the table that a rule or a sync's part cannot judge (warning)
)

// ByCompact lists those of the built-in checks that hold a plan to what the Compact
// says of a dataset and its columns. What the others find depends on the file and on
// the live system alone.
var ByCompact = []string{NotAllowed, NotWritable, Required, OneOf, Min, Max, Pattern}

// BuiltIn lists every name above.
var BuiltIn = []string{
	Value,
	Ragged,
	MissingKey,
	OtherKey,
	GivenKey,
	Duplicate,
	UnknownKey,
	ExistingKey,
	NotAllowed,
	NotWritable,
	NotNull,
	Required,
	OneOf,
	Min,
	Max,
	Pattern,
	Unique,
	UniqueSwap,
	ForeignKey,
	Unchecked,
	Hidden,
	EmptiedCells,
	Format,
	Unclear,
	Unseen,
	Padded,
	LookAlike,
	AlikeKeys,
	Reading,
	Unmatched,
	Matched,
	Question,
	Recipe,
	Twin,
	AsStored,
	Constraint,
	Moved,
	Outside,
	OutsidePart,
	SyncKey,
	SyncShare,
	Referred,
	Uncomputed,
	Unjudged,
}

// Who can mend what a finding is about. Where a guardrail asks for somebody's
// approval it is the role that decides ([Finding].By).
const (
	Maker   = "maker"   // of the change: mends the file, or takes rows out
	Owner   = "owner"   // of the dataset
	Steward = "steward" // the rules, the account that Sutor has, the system itself
)

// MaxExamples bounds Finding.Examples.
const MaxExamples = 3

// Example is one of the rows that a finding is about, as a person finds it: values
// as they stand in the file, or as a rule computes them, cut and made visible as by [Sample].
type Example struct {
	Row   int64  `json:"row,omitempty"`   // of the file; absent where there is no file
	Key   string `json:"key,omitempty"`   // of several columns joined by ", ", as is Value
	Value string `json:"value,omitempty"` // of Finding.Column, as in the file
	Live  string `json:"live,omitempty"`  // what the system has there, where it has the row and that is something else
}

// Finding is one rule's result over a whole plan.
type Finding struct {
	Guardrail string   `json:"guardrail"`
	Severity  Severity `json:"severity"`
	Rows      int64    `json:"rows"`             // rows concerned; 0 for a finding about the change as a whole
	Column    string   `json:"column,omitempty"` // the column concerned, if it is one
	Message   string   `json:"message"`
	Mend      string   `json:"mend,omitempty"`
	Ranges    []string `json:"ranges,omitempty"`  // file rows, "9" or "2-5", ascending; at most MaxRanges, then "…"; none of a change by rule
	By        string   `json:"by,omitempty"`      // Approve: the role that must decide
	Needs     int      `json:"needs,omitempty"`   // Approve: how many of the role, where more than one
	Samples   []string `json:"samples,omitempty"` // up to three offending texts, cut at 80 characters
	Invalid   bool     `json:"invalid,omitempty"` // its rows are counted as invalid: they are not part of the plan
	Unknown   int64    `json:"unknown,omitempty"` // rows hit because the rule could not be judged
	Who       string   `json:"who,omitempty"`     // who can mend it
	Dataset   string   `json:"dataset,omitempty"` // where it is shown: of which dataset of a change over several
	// Examples are up to three of its rows, of different texts where there are some.
	Examples []Example `json:"examples,omitempty"`
}

// Columns gives those of the known columns that Column names: one, or several
// joined by ", ".
func (f Finding) Columns(known []string) []string {
	if slices.Contains(known, f.Column) { // a name may hold a comma itself
		return []string{f.Column}
	}
	return slices.DeleteFunc(strings.Split(f.Column, ", "), func(c string) bool { return !slices.Contains(known, c) })
}

// Grouped writes a count as people read it: 1,234,567.
func Grouped(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// MaxRanges bounds Finding.Ranges.
const MaxRanges = 200

// Ranges folds ascending row numbers into ranges: 2,3,4,9 → "2-4", "9".
func Ranges(rows []int64) []string {
	var out []string
	for i := 0; i < len(rows); {
		j := i
		for j+1 < len(rows) && rows[j+1] <= rows[j]+1 {
			j++
		}
		out = append(out, Range(rows[i], rows[j]))
		i = j + 1
	}
	return out
}

// Range writes one range.
func Range(from, to int64) string {
	if from == to {
		return fmt.Sprint(from)
	}
	return fmt.Sprintf("%d-%d", from, to)
}

// Sample cuts an offending text to what a person needs to recognise it, and shows
// what cannot be seen in it (Visible).
func Sample(text string) string {
	text = Visible(strings.ToValidUTF8(text, "�"))
	if r := []rune(text); len(r) > 80 {
		return string(r[:79]) + "…"
	}
	return text
}

// Blocks tells whether any finding stops the change from being submitted.
func Blocks(all []Finding) bool {
	for _, f := range all {
		if f.Severity == Block {
			return true
		}
	}
	return false
}
