package workflow

import (
	"fmt"
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/finding"
)

// blocked tells whether a finding stands in the way of a planned change.
func blocked(c *change.Change) bool {
	return slices.ContainsFunc(c.ByDataset(), func(one *change.Change) bool { return finding.Blocks(one.Plan.Findings) })
}

// next says whose move it is.
func (w *Workflow) next(tx Tx, c *change.Change) (string, error) {
	maker, err := w.makerOf(tx, c)
	if err != nil {
		return "", err
	}
	switch c.State {
	case change.Planning:
		return "It is being planned.", nil
	case change.Planned:
		if c.Plan != nil && blocked(c) || c.TrialOf().Blocks() {
			return fmt.Sprintf("%s mends what blocks it, or withdraws it.", maker), nil
		}
		if c.Plan != nil && c.Plan.Counts.Written() == 0 {
			return "Nothing would change, so there is nothing to submit.", nil
		}
		return fmt.Sprintf("%s submits it.", maker), nil
	case change.Submitted:
		who, err := w.asked(tx, c)
		return "It waits for a decision: " + strings.Join(who, " and ") + ".", err
	case change.Approved:
		if at := c.Options.ApplyAt; at != nil && w.Now().Before(*at) {
			return fmt.Sprintf("It is applied by itself at %s. Until then %s or an owner may hold it back.", w.told(*at), maker), nil
		}
		return fmt.Sprintf("%s or an owner applies it.", maker), nil
	case change.Rejected:
		return fmt.Sprintf("%s mends what the comment says and plans it again.", maker), nil
	case change.Applying:
		return "It is being applied.", nil
	case change.Failed:
		return fmt.Sprintf("%s mends it and plans it again, or withdraws it.", maker), nil
	}
	return "", nil
}

// makerOf names who goes on with a change: its maker or, after they have left, those
// who took their duties over.
func (w *Workflow) makerOf(tx Tx, c *change.Change) (string, error) {
	if w.here(c.Maker) {
		return string(c.Maker), nil
	}
	var heirs []access.Email
	for _, name := range c.Datasets() {
		to, err := w.heirsOf(tx, c.Maker, name)
		if err != nil {
			return "", err
		}
		heirs = append(heirs, to...)
	}
	if len(heirs) == 0 {
		return fmt.Sprintf("Nobody (%s has left, and the department has no manager)", c.Maker), nil
	}
	return fmt.Sprintf("%s (in the place of %s, who has left)", joined(unique(heirs)), c.Maker), nil
}

// asked names the people of the open steps, with those who may decide in their
// place.
func (w *Workflow) asked(tx Tx, c *change.Change) (out []string, err error) {
	all, err := w.deputiesNow(tx)
	if err != nil {
		return nil, err
	}
	for _, s := range c.Open() {
		dataset := s.Dataset
		if dataset == "" {
			dataset = c.Dataset
		}
		var names []string
		for _, e := range w.Compact().Deciders(dataset, s.Role) {
			if c.MadeBy(e) {
				continue
			}
			name := string(e)
			if deputies := deputiesOf(all, e, dataset); len(deputies) > 0 && s.Role != access.Steward {
				name += fmt.Sprintf(" (or %s in their place)", joined(deputies))
			}
			names = append(names, name)
		}
		vacant, err := w.vacancies(tx, w.Compact(), dataset, s.Role)
		if err != nil {
			return nil, err
		}
		for _, v := range vacant {
			if !c.MadeBy(v.Of) {
				names = append(names, fmt.Sprintf("%s in the place of %s, who has left", joined(v.To), v.Of))
			}
		}
		role := string(s.Role)
		if s.Dataset != "" {
			role += " of " + s.Dataset
		}
		out = append(out, fmt.Sprintf("%s (%s)", role, strings.Join(names, ", ")))
	}
	return out, nil
}

// unique keeps the first of each person.
func unique(people []access.Email) (out []access.Email) {
	seen := map[access.Email]bool{}
	for _, e := range people {
		if !seen[e] {
			seen[e], out = true, append(out, e)
		}
	}
	return out
}
