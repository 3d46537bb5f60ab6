package expr

import (
	"slices"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/record"
)

// ordered refuses < and its like for values whose order only the system knows: as
// texts they would be compared in another, and the rule would let pass what it is for.
func (n Node) ordered(op Comparison, with Node) error {
	if n.unordered == nil || op == Equal || op == NotEqual {
		return nil
	}
	mend := "Compare it with == or !=, and with texts as the system writes them."
	if n.unordered.Kind == record.Enum {
		mend = "Name the labels that are meant, as in: " + n.inside(precAdd) + " in [" + strings.Join(meant(n.unordered.Labels, op, with), ", ") + "]."
	}
	return errs.New(errs.Invalid, "%s is of the type %s, whose order only the system knows.", n, n.unordered.Native).WithMend("%s", mend)
}

// meant gives the labels, as a rule writes them, that compare so with another in the
// order of the list; all of them where with is none, or none compares so.
func meant(labels []string, op Comparison, with Node) (out []string) {
	at := -1
	if literal, ok := with.str.(*textLiteral); ok {
		at = slices.Index(labels, literal.s)
	}
	for i, label := range labels {
		if at >= 0 && op.holds(i-at) {
			out = append(out, written(label))
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, label := range labels {
		out = append(out, written(label))
	}
	return out
}
