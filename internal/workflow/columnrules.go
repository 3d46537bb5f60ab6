package workflow

import (
	"fmt"
	"slices"
	"strings"

	"sutor/internal/compact"
	"sutor/internal/expr"
	"sutor/internal/plan"
	"sutor/internal/record"
)

// sensible tells of column rules that contradict each other, or that can never
// count.
func (k *compiler) sensible(rule compact.ColumnRule, c record.Column) {
	k.values(rule, c)
	said := rulesOf(rule)
	if why := k.unwritten(rule, c); why != "" && len(said) > 0 {
		k.warn(rule.Path, fmt.Sprintf("No proposal can write %s, since %s: %s here has no effect.", c.Name, why, strings.Join(said, ", ")), "Remove it, or let the column be written.")
	}
}

// rulesOf names what a column rule says of values that are written.
func rulesOf(r compact.ColumnRule) (names []string) {
	for name, there := range map[string]bool{"`one_of`": len(r.OneOf) > 0, "`min`": r.Min != nil, "`max`": r.Max != nil, "`pattern`": r.Pattern != "",
		"`required`": r.Required, "`critical`": r.Critical} {
		if there {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// unwritten says why no proposal can write a column; "" if one can.
func (k *compiler) unwritten(rule compact.ColumnRule, c record.Column) string {
	switch {
	case c.Generated:
		return "the system computes it"
	case c.Identity == "always":
		return "the system numbers it"
	case !rule.MayWrite():
		return "it is not `writable`"
	case !k.d.Allows(compact.Insert) && slices.Contains(k.d.Key, c.Name):
		return "it is part of the key and the dataset does not allow insert"
	case !k.d.Allows(compact.Insert) && !k.d.Allows(compact.Update):
		return "the dataset allows delete only"
	}
	return ""
}

// values tells of listed values that the column's other rules refuse.
func (k *compiler) values(rule compact.ColumnRule, c record.Column) {
	compiled := k.spec.Rules[c.Name]
	limits := []struct {
		name  string
		limit *plan.Limit
	}{{"min", compiled.Min}, {"max", compiled.Max}, {"pattern", compiled.Pattern}}
	var wrong []compact.Problem
	for i, text := range rule.OneOf {
		v, p := c.Type.Parse(text, k.c.Timezone)
		if p != record.OK {
			return // told already
		}
		row := expr.Row{Operation: expr.Update, Values: map[expr.Ref]string{{Side: expr.After, Name: c.Name}: v}, Columns: []string{c.Name}}
		for _, l := range limits {
			if l.limit != nil && l.limit.Beyond.Judge(row).Hit() {
				p := k.c.Problem(rule.Path.To("one_of", fmt.Sprint(i)), fmt.Sprintf("%s can never be %q: its `%s` refuses it.", c.Name, text, l.name), "Correct one of the two.")
				p.Warning = true
				wrong = append(wrong, p)
				break
			}
		}
	}
	if len(wrong) > 0 && len(wrong) == len(rule.OneOf) {
		k.problem(rule.Path.To("one_of"), fmt.Sprintf("No value could be right for %s: every one of `one_of` is refused by its other rules.", c.Name), "Correct one of them.")
		return
	}
	k.problems = append(k.problems, wrong...)
}

// inserts tells of a column because of which no row can ever be inserted.
func (k *compiler) inserts() {
	if !k.d.Allows(compact.Insert) {
		return
	}
	for _, c := range k.t.Columns {
		rule := k.d.Columns[c.Name]
		needed := !c.Nullable || rule.Required
		if !needed || c.HasDefault || c.Generated || c.Identity != "" {
			continue
		}
		why := ""
		switch {
		case c.Type.Kind == record.Unsupported:
			why = "Sutor cannot write its type " + c.Type.Native
		case !rule.MayWrite():
			why = "it is not `writable`"
		default:
			continue
		}
		k.warn(k.d.Path.To("columns", c.Name), fmt.Sprintf("No row can be inserted: each needs a value in %s, and %s.", c.Name, why), "Take insert out of `allow`, or give the column a default in the system.")
	}
}
