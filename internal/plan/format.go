package plan

import (
	"fmt"
	"strings"

	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/record"
	"sutor/internal/record/format"
)

// Unclear is the problem of a cell whose column can be read in several ways; a
// single text never has it.
const Unclear record.Problem = "unclear-format"

// FormatFinding tells that a column is not written in the standard way, and how it
// was read. A sign that was taken off is always named. Its samples are a text and
// what it was read as ([ReadAs]). chosen: by the person, for this change; from: the
// earlier change in which it was chosen, where only that decided.
func FormatFinding(c record.Column, f format.Format, chosen bool, from change.ID) finding.Finding {
	out := warning(finding.Format, c.Name, "", "")
	out.Message = fmt.Sprintf("%s is read as %s: %s.", c.Title(), f.Name, f.Says)
	if from != "" {
		out.Message = fmt.Sprintf("%s is read as %s (%s), as chosen in change %s: the file alone does not tell.", c.Title(), f.Name, f.Says, from)
	}
	if f.Sign != "" {
		out.Message += fmt.Sprintf(" Every cell carries %s; the values are taken without it.", f.Sign)
	}
	if f.Note != "" {
		out.Message += " " + f.Note
	}
	out.Mend = "Look at the samples. If it is written in another way, say so with --format '" + c.Name + "=…'."
	if chosen {
		out.Mend = "It was chosen so with --format."
	}
	return out
}

// UnclearFinding: nothing is guessed between formats that read the same cells as
// different values. Its samples are made by [Ways].
func UnclearFinding(c record.Column, between []format.Format) finding.Finding {
	var says, options []string
	for _, f := range between {
		says = append(says, fmt.Sprintf("%s (%s)", f.Name, f.Says))
		if f.Note != "" {
			says[len(says)-1] = fmt.Sprintf("%s (%s; %s)", f.Name, f.Says, strings.ToLower(f.Note[:1])+strings.TrimSuffix(f.Note[1:], "."))
		}
		options = append(options, formatOption(c.Name, f.Name))
	}
	return invalid(finding.Unclear, c.Name, fmt.Sprintf("%s can be read in several ways, which give different values, and nothing is guessed: %s.", c.Title(), strings.Join(says, " or ")),
		"Say how it is written: "+strings.Join(options, " or ")+".")
}

// MisfitFinding: texts that are not written as the rest of their column.
func MisfitFinding(c record.Column, f format.Format) finding.Finding {
	out := ValueFinding(c, record.NotOfType)
	out.Message = fmt.Sprintf("%s is not %s as it is written in this column, %s (%s).", c.Title(), c.Type.Article(), f.Name, f.Says)
	out.Mend = "Write it in the same way as the others; a column is read by one format."
	return out
}

// formatOption writes the --format that a person can type.
func formatOption(column, name string) string {
	return "--format '" + strings.ReplaceAll(column+"="+name, "'", `'\''`) + "'"
}

// The samples of readings are made by engines from these parts, so that all make
// the same.
const (
	ReadAs  = " → "      // between a text and its value
	WayIs   = ": "       // between a text and what it may mean
	WayOr   = " or "     // between two of these
	NoValue = "no value" // a reading that the type cannot hold
)

// WayBy stands behind a reading.
func WayBy(f format.Format) string { return " (" + f.Name + ")" }
