package web

import (
	"slices"
	"strings"

	"sutor/internal/wire"
)

// sentenceOf says in one sentence what a change does: "1,204 customers get new
// payment terms; 12 are new; 3 cannot be." It is "" as long as there is no plan.
func sentenceOf(c wire.Change) string {
	if c.Plan == nil {
		return ""
	}
	if len(c.Members) > 0 {
		return sentenceOfAll(c)
	}
	n := c.Plan.Counts
	rows := strings.ReplaceAll(c.Dataset, "_", " ")
	var parts []string
	say := func(count int64, one, many string) {
		switch {
		case count == 1:
			parts = append(parts, "1 "+one)
		case count > 1:
			parts = append(parts, group(count)+" "+many)
		}
	}
	if c.Reverses != nil {
		say(n.Update, "of "+rows+" gets back what it had", rows+" get back what they had")
		say(n.Delete, "that was new is taken out", "that were new are taken out")
		say(n.Insert, "that was deleted comes back", "that were deleted come back")
		if n.Kept != nil {
			say(*n.Kept, "stays, because others changed it since", "stay, because others changed them since")
		}
		if n.Impossible != nil {
			say(*n.Impossible, "cannot be brought back", "cannot be brought back")
		}
	} else {
		what := "changed values"
		if columns := updatedColumns(c); len(columns) > 0 && len(columns) <= 3 {
			what = "new " + listed(columns)
		}
		say(n.Update, "of "+rows+" gets "+what, rows+" get "+what)
		say(n.Insert, "is new", "are new")
		say(n.Delete, "is deleted", "are deleted")
	}
	if len(parts) == 0 {
		parts = []string{"Nothing would change"}
	}
	say(n.Invalid, "cannot be", "cannot be")
	return strings.Join(parts, "; ") + "."
}

// updatedColumns gives the columns that updates write, or else those of the file, but
// the key, in words.
func updatedColumns(c wire.Change) []string {
	var out []string
	key := map[string]bool{}
	if len(c.Plan.Columns) > 0 {
		key[c.Plan.Columns[0]] = true // the key comes first
	}
	for _, m := range c.Plan.Mapping {
		if m.Column != "" && !key[m.Column] && (len(c.Plan.Updated) == 0 || slices.Contains(c.Plan.Updated, m.Column)) {
			out = append(out, strings.ReplaceAll(m.Column, "_", " "))
		}
	}
	return out
}

func listed(all []string) string {
	if len(all) < 2 {
		return strings.Join(all, "")
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}
