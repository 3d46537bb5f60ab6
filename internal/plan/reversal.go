package plan

import (
	"fmt"
	"strings"

	"sutor/internal/finding"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// The sentences on rows that a reversal leaves alone, for every engine. A row is
// kept because of the first two, and impossible because of any other.
const (
	WhyChanged = "changed by somebody else since; left as it is"
	WhyAdded   = "a column that was added since has a value; left as it is"
	WhyGone    = "deleted by somebody else since"
	WhyReused  = "the key is in use again"
	WhyDropped = "a column that it wrote is not there any more"
)

// WhyNeeded: the system would not take the row without a value that it never had.
func WhyNeeded(c record.Column) string {
	return fmt.Sprintf("the system needs a value for %s by now, and it had none", c.Title())
}

// WhyTaken: another live row has its unique value.
func WhyTaken(columns record.Schema) string {
	return fmt.Sprintf("another row has its %s now", strings.Join(columns.Titles(), ", "))
}

// WhyTwins: several rows of the reversal would have one unique value, because of
// what others wrote in another column of it since.
func WhyTwins(columns record.Schema) string {
	return fmt.Sprintf("several rows would have the same %s now", strings.Join(columns.Titles(), ", "))
}

// WhyLost: the row that it refers to is not there any more.
func WhyLost(columns record.Schema, to record.Table) string {
	return fmt.Sprintf("its %s refers to a row of %s that is not there any more", strings.Join(columns.Titles(), ", "), to)
}

// WhyReferred: rows refer to one that would be deleted.
func WhyReferred(ref driver.Reference) string {
	why := fmt.Sprintf("rows of %s refer to it", ref.Table)
	switch ref.OnDelete {
	case "":
		return why
	case "cascade":
		return why + " and would be deleted with it"
	}
	return why + " and would lose the reference with it"
}

// WhyFollowed: rows refer to values that would change, and would be changed with them.
func WhyFollowed(ref driver.Reference) string {
	does := " and would be changed with it"
	if ref.OnUpdate != "cascade" {
		does = " and would lose the reference with it"
	}
	return fmt.Sprintf("rows of %s refer to its %s", ref.Table, strings.Join(ref.RefColumns, ", ")) + does
}

// WhyUnread: whether rows refer to one that would be deleted, or changed in what they
// refer to, cannot be read.
func WhyUnread(ref driver.Reference) string {
	return fmt.Sprintf("rows of %s may refer to it and be deleted or changed with it, and Sutor cannot read that", ref.Table)
}

// WhyHidden: rows of tables that are not known may refer to one that would be deleted.
const WhyHidden = "rows of tables that Sutor cannot see may refer to it and be deleted or changed with it"

// KeptFinding: rows that a reversal leaves as they are.
func KeptFinding() finding.Finding {
	return warning("kept", "", "Rows were changed by somebody else since; they are left as they are.", "Look at them one by one: each says why. To take one back all the same, propose a change with it.")
}

// ImpossibleFinding: rows that cannot be reversed.
func ImpossibleFinding() finding.Finding {
	return warning("impossible", "", "Rows cannot be reversed, and are left as they are.", "Look at them one by one: each says why.")
}
