package guard

import (
	"strconv"

	"sutor/internal/access"
	"sutor/internal/expr"
	"sutor/internal/finding"
	"sutor/internal/record"
)

// Change holds the figures of a whole change that rules are judged on.
type Change struct {
	Rows      int64 // to be written: Inserts + Updates + Deletes
	Inserts   int64
	Updates   int64
	Deletes   int64
	TableRows int64 // in the table before the change; negative where it is not known
	Risk      int   // the risk's score
	Maker     access.Email
}

// ChangeRule is a compiled rule that is judged once per change. It is immutable.
type ChangeRule struct {
	Rule
	condition expr.Condition
}

// CompileChange compiles a rule of each: change, or the condition of a freedom.
// What is wrong with the rule's text is an [*Error].
func CompileChange(rule Rule) (*ChangeRule, error) {
	condition, err := compile(rule, EachChange, changeScope{})
	if err != nil {
		return nil, err
	}
	return &ChangeRule{Rule: rule, condition: condition}, nil
}

// Condition is the compiled rule.
func (r *ChangeRule) Condition() expr.Condition { return r.condition }

// AnyChange says what is so for every change, for [expr.Possible].
func AnyChange() []expr.Claim {
	condition, err := compile(Rule{When: "rows >= 0 && inserts >= 0 && updates >= 0 && deletes >= 0 && risk >= 0 && risk <= 100"}, EachChange, changeScope{})
	if err != nil {
		panic("guard: what is so for every change: " + err.Error())
	}
	return []expr.Claim{{Condition: condition, Answers: expr.OnlyTrue}}
}

// Makers lists the addresses that a condition over changes compares the maker with.
func Makers(c expr.Condition) []string { return c.Written(expr.Ref{Side: expr.Whole, Name: maker}) }

// Eval gives the rule's answer for a change. For a guardrail ask Hit of it; a
// freedom holds only where it is expr.True.
func (r *ChangeRule) Eval(c Change) expr.Truth { return r.condition.Judge(figures{c}) }

// Unknowns says in plain words why some change could make the rule unknown.
func (r *ChangeRule) Unknowns() []string {
	return r.condition.Unknowns(func(ref expr.Ref) bool { return ref.Name == tableRows })
}

// MayBeUnknown tells whether some change could make the rule unknown.
func (r *ChangeRule) MayBeUnknown() bool { return len(r.Unknowns()) > 0 }

// Finding words the rule's answer; false where it does not hit.
func (r *ChangeRule) Finding(answer expr.Truth) (finding.Finding, bool) {
	if !answer.Hit() {
		return finding.Finding{}, false
	}
	return r.finding(Hits{}, answer == expr.Unknown), true
}

// Names of the figures; the last has no name in the language.
const (
	tableRows = "the table's number of rows"
	maker     = "maker"
)

var figureType = record.Type{Kind: record.Int, Bits: 64}

// figures is the Env of a change.
type figures struct{ c Change }

// Column gives a figure as canonical text.
func (f figures) Column(_ expr.Side, name string) (string, bool) {
	number := func(n int64) (string, bool) { return strconv.FormatInt(n, 10), true }
	switch name {
	case "rows":
		return number(f.c.Rows)
	case "inserts":
		return number(f.c.Inserts)
	case "updates":
		return number(f.c.Updates)
	case "deletes":
		return number(f.c.Deletes)
	case "risk":
		return number(int64(f.c.Risk))
	case maker:
		return string(f.c.Maker), true
	}
	text, _ := number(f.c.TableRows)
	return text, f.c.TableRows >= 0
}

// Op and Changed belong to rows; no change rule can name them.
func (f figures) Op() string        { return "" }
func (f figures) Changed() []string { return nil }
