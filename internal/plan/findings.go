package plan

import (
	"fmt"
	"strings"

	"sutor/internal/finding"
	"sutor/internal/intake"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// The wording of the built-in checks stands here once, for every engine. All of
// them make their rows invalid (finding.Block), and the maker mends them, unless
// said otherwise.

func invalid(guardrail, column, message, mend string) finding.Finding {
	return finding.Finding{Guardrail: guardrail, Severity: finding.Block, Invalid: true, Column: column, Message: message, Mend: mend, Who: finding.Maker}
}

// by gives the finding with another who can mend it.
func by(who string, f finding.Finding) finding.Finding {
	f.Who = who
	return f
}

// RaggedFinding: records with another number of cells than the header.
func RaggedFinding(columns int) finding.Finding {
	return invalid(finding.Ragged, "", fmt.Sprintf("Rows have more or fewer cells than the %d of the header line.", columns),
		"Look for a separator or a line break inside a cell; such a cell must stand in quotes.")
}

// BrokenQuoteFinding: text after a closing quote.
func BrokenQuoteFinding() finding.Finding {
	return invalid(finding.Ragged, "", "Rows have a quote in the wrong place, so where their cells end cannot be told.",
		`Write a quote inside a quoted cell twice, as in "5"" pipe".`)
}

// CellDefects are the codes of the defects that single cells of a workbook have
// (package intake/xlsx): the cell says of itself that it holds no value.
func CellDefects() []string { return []string{"error", "formula", "date", "number", "boolean"} }

// BrokenCellFinding: a cell of a workbook that holds no value.
func BrokenCellFinding() finding.Finding {
	return invalid(finding.Value, "", "Rows have a cell that holds no value: an error such as #N/A, a formula that was never computed, or a day that does not exist.",
		"The notes on the file name the columns; mend the cells in the workbook, let it compute, and save it.")
}

// ValueFinding: texts that are not values of the column's type.
func ValueFinding(c record.Column, p record.Problem) finding.Finding {
	message, mend := p.Sentence(c.Type)
	return invalid(finding.Value, c.Name, fmt.Sprintf("%s %s.", c.Title(), message), mend)
}

// MissingKeyFinding: rows without a key.
func MissingKeyFinding(c record.Column) finding.Finding {
	return invalid(finding.MissingKey, c.Name, fmt.Sprintf("Rows have no %s, so it cannot be told which row they mean.", c.Title()), "Fill the key in, or take the rows out.")
}

// DuplicateFinding: rows that mean the same live row, as the system compares keys.
func DuplicateFinding(key record.Schema) finding.Finding {
	return invalid(finding.Duplicate, strings.Join(key.Names(), ", "), "Several rows of the file mean the same row; which one counts cannot be guessed.", "Keep one of them.")
}

// UnknownKeyFinding: update mode, no such row.
func UnknownKeyFinding() finding.Finding {
	return invalid(finding.UnknownKey, "", "Rows do not exist in the system, and this change only updates rows that do.", "Check the key. If these rows are meant to be new, propose the file with --mode upsert.")
}

// ExistingKeyFinding: insert mode, the row is there.
func ExistingKeyFinding() finding.Finding {
	return invalid(finding.ExistingKey, "", "Rows exist in the system already, and this change only adds new ones.", "Check the key. If these rows are meant to be changed, propose the file with --mode upsert.")
}

// OutsideFinding: the maker sees and may change some rows only. It is the same
// whether a row is not there, or is there and not for them; and it says nothing of
// which rows they see, since that may be a condition on what they do not.
func OutsideFinding() finding.Finding {
	return invalid(finding.Outside, "", "Rows are not among those that you may see and change, or would not be among them any more.",
		"Take them out, or ask an owner of the dataset, who may see more.")
}

// NotAllowedFinding: the dataset does not allow the operation.
func NotAllowedFinding(op string) finding.Finding {
	what := "Rows are not in the system yet, and the Compact does not allow new rows on this dataset."
	if op == "update" {
		what = "Rows would change what is in the system, and the Compact allows only new rows on this dataset."
	}
	return invalid(finding.NotAllowed, "", what, "Take the rows out, or ask the steward to allow the "+op+".")
}

// NumberedFinding: a new row gives a key that the system numbers itself.
func NumberedFinding(c record.Column) finding.Finding {
	return invalid(finding.NotWritable, c.Name, fmt.Sprintf("New rows give a %s, which the system numbers itself.", c.Title()), "Check the key: a row with it does not exist.")
}

// NotWritableFinding: a column that may not be changed would be.
func NotWritableFinding(c record.Column) finding.Finding {
	who := "the Compact does not allow that"
	if c.Generated || c.Identity == "always" {
		who = "the system fills it itself"
	}
	return invalid(finding.NotWritable, c.Name, fmt.Sprintf("%s would be changed, and %s.", c.Title(), who), "Leave the column out of the file, or keep its values as they are.")
}

// EmptiedFinding warns of cells that would lose their value.
func EmptiedFinding(c record.Column) finding.Finding {
	return warning(finding.EmptiedCells, c.Name, fmt.Sprintf("Cells of %s would lose their value.", c.Title()),
		"Check that this is meant: the old values stay in the plan and can be brought back by undo.")
}

// NotNullFinding: the system needs a value.
func NotNullFinding(c record.Column) finding.Finding {
	return invalid(finding.NotNull, c.Name, fmt.Sprintf("%s must have a value, and has none.", c.Title()), "Fill it in.")
}

// RequiredFinding: the Compact asks for a value.
func RequiredFinding(c record.Column) finding.Finding {
	return invalid(finding.Required, c.Name, fmt.Sprintf("%s must have a value: the Compact requires it.", c.Title()), "Fill it in.")
}

// OneOfFinding: not one of the listed values.
func OneOfFinding(c record.Column, values []string) finding.Finding {
	shown := strings.Join(values, ", ")
	if len(values) > 20 {
		shown = strings.Join(values[:20], ", ") + ", …"
	}
	return invalid(finding.OneOf, c.Name, fmt.Sprintf("%s is not one of: %s.", c.Title(), shown), "Use one of the listed values, exactly as written.")
}

// PatternFinding: a text that does not match, said in the Compact's words where it
// has some.
func PatternFinding(c record.Column, pattern *Limit) finding.Finding {
	if pattern.Say != "" {
		return invalid(finding.Pattern, c.Name, fmt.Sprintf("%s is not written as it must be: %s", c.Title(), pattern.Say), "Write it in this form.")
	}
	return invalid(finding.Pattern, c.Name, fmt.Sprintf("%s does not match the pattern %s.", c.Title(), pattern.Text), "Write it in the form that the pattern asks for.")
}

// MinFinding: below the smallest value allowed.
func MinFinding(c record.Column, limit *Limit) finding.Finding {
	return invalid(finding.Min, c.Name, fmt.Sprintf("%s is below %s, the smallest value allowed.", c.Title(), limit.Text), "Check the number; the limit is the Compact's.")
}

// MaxFinding: above the largest value allowed.
func MaxFinding(c record.Column, limit *Limit) finding.Finding {
	return invalid(finding.Max, c.Name, fmt.Sprintf("%s is above %s, the largest value allowed.", c.Title(), limit.Text), "Check the number; the limit is the Compact's.")
}

// UniqueFinding: another row has these values.
func UniqueFinding(columns record.Schema) finding.Finding {
	names, titles := strings.Join(columns.Names(), ", "), strings.Join(columns.Titles(), ", ")
	return invalid(finding.Unique, names, fmt.Sprintf("%s must be unique in the system, and another row has the same.", titles), "Use another value, or change the other row in the same file.")
}

// UniqueSwapFinding: rows take values that other rows give up in the same change,
// and the system would meet them in between.
func UniqueSwapFinding(columns record.Schema) finding.Finding {
	names, titles := strings.Join(columns.Names(), ", "), strings.Join(columns.Titles(), ", ")
	return invalid(finding.UniqueSwap, names, fmt.Sprintf("%s must be unique in the system after every single row, and rows take what other rows give up in this same change.", titles),
		"Do it in two changes: first let the other rows have another value, then give it to these.")
}

// HiddenFinding warns that rows which were not found may be there; why is the
// system's own reason.
func HiddenFinding(why string) finding.Finding {
	return by(finding.Steward, warning(finding.Hidden, "", why+" Rows that were not found may be there all the same.",
		"A new row whose key is taken by such a row is refused when it is applied. The steward can have Sutor's account see all rows."))
}

// ForeignKeyFinding: nothing there to refer to.
func ForeignKeyFinding(columns record.Schema, to record.Table) finding.Finding {
	names, titles := strings.Join(columns.Names(), ", "), strings.Join(columns.Titles(), ", ")
	return invalid(finding.ForeignKey, names, fmt.Sprintf("%s refers to rows of %s that do not exist.", titles, to), "Check the value, or have the missing row created first.")
}

// ReadingFinding tells what must be known about how the file was read.
func ReadingFinding(n intake.Note) finding.Finding {
	return finding.Finding{Guardrail: finding.Reading, Severity: n.Severity, Rows: n.Rows, Column: n.Column, Message: n.Say, Mend: n.Mend, Ranges: finding.Ranges(n.Lines), Who: finding.Maker}
}

// UncheckedFinding warns of rows whose references could not be looked up, since
// Sutor's account may not read the table referred to.
func UncheckedFinding(columns record.Schema, to record.Table) finding.Finding {
	names, titles := strings.Join(columns.Names(), ", "), strings.Join(columns.Titles(), ", ")
	return by(finding.Steward, warning(finding.Unchecked, names, fmt.Sprintf("Whether %s refers to rows of %s that exist could not be checked: Sutor's account may not read that table.", titles, to),
		"A row that refers to nothing is refused when the change is applied, and then nothing is written. The steward can let Sutor's account read the table."))
}

// UnmatchedFinding warns of columns of the file that were not used.
func UnmatchedFinding(columns []string) finding.Finding {
	return warning(finding.Unmatched, "", fmt.Sprintf("Columns of the file match nothing in the dataset and were left out: %s.", strings.Join(columns, ", ")),
		"If one of them means a column of the dataset, say so with --map 'File column=column'.")
}

// MovedFinding: live rows are not what the plan says any more; lines are the
// file's, as far as they are known.
func MovedFinding(rows int64, lines []int64) finding.Finding {
	return finding.Finding{Guardrail: finding.Moved, Severity: finding.Block, Rows: rows, Ranges: finding.Ranges(lines), Who: finding.Maker,
		Message: "Live rows are not what the plan says any more: somebody changed, deleted or added them since.",
		Mend:    "Plan the change again: it is compared with what is there now."}
}

// ConstraintFinding: the system itself refuses rows. known are the columns of the
// table; rows are 0 where none is refused by itself; more: there may be others.
func ConstraintFinding(no *driver.Refusal, known []string, rows int64, more bool) finding.Finding {
	f := finding.Finding{Guardrail: finding.Constraint, Severity: finding.Block, Rows: rows, Column: no.Column,
		Message: "The system refuses rows: " + no.Message, Who: finding.Maker}
	if f.Column = strings.Join(f.Columns(known), ", "); f.Column != "" {
		f.Mend = fmt.Sprintf("Correct %s in these rows, or take them out.", f.Column)
	} else {
		f.Mend, f.Who = "The rule is the system's own, and the steward knows it. Correct these rows, or take them out.", finding.Steward
	}
	switch {
	case rows == 0 && !more:
		f.Message = "The system refuses rows together, of which it takes each by itself: " + no.Message
	case more:
		f.Message += " There may be more such rows: the search for them has its bounds."
	}
	return f
}
