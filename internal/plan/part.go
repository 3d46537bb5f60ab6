package plan

import (
	"fmt"
	"strings"

	"sutor/internal/expr"
	"sutor/internal/finding"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Part is the part of a table that the file of a sync stands for: the rows for
// which a condition is true. What of them is not in the file is deleted. Rows
// outside of it, and those for which the condition cannot be judged, are not
// compared with the file and never deleted.
//
// The part is read before the file's rows are looked up, so that what somebody adds
// in between is never taken for a row that is not in the file. Every column that can
// be read is judged: a row is deleted only as it was seen, and comes back whole.
type Part struct {
	Where      expr.Condition // over columns of the key and the judged set, on the side [expr.Whole]
	MaxDeletes int            // per cent of the rows inside that may be deleted
}

// Rule is a change without a file: each row for which Where is true gets new values,
// computed from what it has. Its "file" are the rows, in the order of their keys,
// with a column for each of Set; the same checks run over it. The rows are read
// once: what the values are computed from is what is compared before the write.
type Rule struct {
	Where expr.Condition // over columns of the key and the judged set, on the side [expr.Whole]
	Set   []Assign       // columns of the judged set, each once
}

// Assign is one column's new value.
type Assign struct {
	Column string
	Null   bool       // it becomes NULL
	To     expr.Value // else this, over the same columns as Where
}

// Uncomputed is the problem of a cell whose value is not known.
const Uncomputed record.Problem = "uncomputed"

// UncomputedFinding: a value of a rule that cannot be computed.
func UncomputedFinding(c record.Column, to expr.Value) finding.Finding {
	return invalid(finding.Uncomputed, c.Name, fmt.Sprintf("%s cannot be computed: something that %s reads has no value, or too many digits.", c.Title(), to),
		"Ask for rows that have what it takes, as in --where '… && x != null'.")
}

// ComputedFinding: a value of a rule that the column cannot have.
func ComputedFinding(c record.Column, p record.Problem, to expr.Value) finding.Finding {
	f := ValueFinding(c, p)
	f.Guardrail = finding.Uncomputed
	f.Message = fmt.Sprintf("What %s gives for %s", to, f.Message)
	f.Mend = "Write an expression that gives values of the column."
	if p == record.TooExact && c.Type.Kind == record.Decimal || p == record.NotOfType && c.Type.Kind == record.Int {
		f.Mend = fmt.Sprintf("Nothing is rounded unless you say so: round(%s, %d).", to, max(c.Type.Scale, 0))
	}
	return f
}

// OutsidePartFinding: rows of a sync's file that are not inside its part, or would not
// be.
func OutsidePartFinding(within expr.Condition) finding.Finding {
	return invalid(finding.OutsidePart, "", fmt.Sprintf("Rows are not inside the part that the file stands for (%s), or it cannot be told.", within),
		"Take them out, give new rows all columns that the part asks for, or choose another --within.")
}

// LeavesFinding: rows of a sync's file that would leave its part.
func LeavesFinding(within expr.Condition) finding.Finding {
	return invalid(finding.OutsidePart, "", fmt.Sprintf("Rows would leave the part that the file stands for (%s).", within),
		"Move them with a change of their own, with --mode update.")
}

// SyncKeyFinding: rows of which nobody knows which row they mean. It blocks even
// where they are left out: the rows that they mean would be deleted.
func SyncKeyFinding() finding.Finding {
	return finding.Finding{Guardrail: finding.SyncKey, Severity: finding.Block,
		Message: "Rows have no readable key, so it cannot be told which rows are not in the file, and none may be deleted.", Mend: "Mend the keys; leaving the rows out does not help here."}
}

// SyncShareFinding: more is to be deleted than is usual.
func SyncShareFinding(deletes, inside int64, most int) finding.Finding {
	return finding.Finding{Guardrail: finding.SyncShare, Severity: finding.Block,
		Message: fmt.Sprintf("%d of the %d rows inside the part would be deleted, more than %d %%.", deletes, inside, most),
		Mend:    "Check that the file is whole. Where so many deletions are right, the steward raises sync: {deletes: …} of the dataset."}
}

// DeleteNotAllowedFinding: the dataset does not allow deletes.
func DeleteNotAllowedFinding() finding.Finding {
	return finding.Finding{Guardrail: finding.NotAllowed, Severity: finding.Block,
		Message: "Rows would be deleted, which the Compact does not allow on this dataset.", Mend: "Use --mode upsert, or ask the steward to allow it."}
}

// UnjudgedFinding tells of rows for which a part's or rule's condition is unknown.
func UnjudgedFinding(where expr.Condition, rows int64, then string) finding.Finding {
	return finding.Finding{Guardrail: finding.Unjudged, Severity: finding.Warn,
		Message: fmt.Sprintf("For %s of the table it cannot be told whether %s, or there is no key. Nothing of that is %s.", howMany(rows), where, then),
		Mend:    "Something that it reads has no value there. Add what such rows should count as, as in x == null || …"}
}

// What is not done to rows that cannot be judged.
const (
	NotDeleted = "deleted"
	NotChanged = "changed"
)

func howMany(rows int64) string {
	if rows == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", rows)
}

// ReferredFinding: rows to be deleted that others refer to.
func ReferredFinding(ref driver.Reference) finding.Finding {
	return finding.Finding{Guardrail: finding.Referred, Severity: finding.Block,
		Message: "Rows cannot be deleted: " + WhyReferred(ref) + ".", Mend: "Keep them in the file, or change the rows that refer to them first."}
}

// FollowedFinding: rows of another table, or of this one, would be changed with values
// that they refer to.
func FollowedFinding(ref driver.Reference) finding.Finding {
	return notChanged(ref, WhyFollowed(ref), "Keep the value, or first have the rows that refer to it changed to refer to another row.")
}

// UnreadFollowedFinding: rows may refer to values that would change, and be changed with
// them.
func UnreadFollowedFinding(ref driver.Reference) finding.Finding {
	return by(finding.Steward, notChanged(ref, WhyUnread(ref), "The steward lets Sutor's account read that table."))
}

func notChanged(ref driver.Reference, why, mend string) finding.Finding {
	return invalid(finding.Referred, strings.Join(ref.RefColumns, ", "), "Rows cannot be changed: "+why+".", mend)
}

// HiddenReferencesFinding: rows to be deleted that others may refer to, of tables that are
// not known.
func HiddenReferencesFinding() finding.Finding {
	return by(finding.Steward, finding.Finding{Guardrail: finding.Referred, Severity: finding.Block,
		Message: "Rows cannot be deleted: " + WhyHidden + ".", Mend: "The steward gives Sutor's account the rights that sutor doctor names."})
}

// UnreadFinding: rows to be deleted that others may refer to.
func UnreadFinding(ref driver.Reference) finding.Finding {
	return finding.Finding{Guardrail: finding.Referred, Severity: finding.Block,
		Message: "Rows cannot be deleted: " + WhyUnread(ref) + ".", Mend: "The steward lets Sutor's account read that table."}
}
