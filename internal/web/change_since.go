package web

import (
	"context"
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
)

// sinceModel is what is different from the plan that somebody decided on before.
type sinceModel struct {
	decided   string // who did what, and when; "" where there is nothing to tell
	comment   string
	different []string // in sentences
}

// undecided are the states in which people want to know what is different.
var undecided = []change.State{change.Planned, change.Submitted}

// sinceOf asks what is different. Those who do not see all of the change are not told,
// and what cannot be told is left out: the page is whole without it.
func (s *site) sinceOf(ctx context.Context, p access.Principal, c wire.Change) (m sinceModel) {
	decided := c.Plan != nil && slices.ContainsFunc(c.Decisions, func(d wire.Decision) bool { return d.Digest != c.Plan.Digest })
	if !decided || !slices.Contains(undecided, change.State(c.State)) {
		return m
	}
	found, err := s.uc.Since(ctx, p, change.ID(c.ID))
	if err != nil || found.Decision == nil {
		return m
	}
	d := found.Decision
	did := " sent it back on "
	if d.Decision == "approve" {
		did = " approved another plan on "
	}
	m.decided, m.comment = d.By+did+when(d.At)+".", ui.Plain(d.Comment)
	for _, one := range found.Datasets {
		says := differenceWords(one)
		if len(found.Datasets) > 1 {
			says = one.Dataset + ": " + says
		}
		m.different = append(m.different, says)
	}
	return m
}

// differenceWords says what is different: "2 rows are new, 1 is not in it any more."
func differenceWords(d wire.Differences) string {
	if d.Why != "" {
		return d.Why
	}
	if d.Added+d.Gone+d.Other == 0 {
		return "It would write the very same: " + rowsOrNone(d.Same) + "."
	}
	var parts []string
	say := func(n int64, one, many string) {
		switch {
		case n == 1:
			parts = append(parts, "1 row "+one)
		case n > 1:
			parts = append(parts, group(n)+" rows "+many)
		}
	}
	say(d.Added, "is new in it", "are new in it")
	say(d.Gone, "is not in it any more", "are not in it any more")
	say(d.Other, "gets something else", "get something else")
	say(d.Same, "is as it was", "are as they were")
	return strings.Join(parts, ", ") + "."
}

func rowsOrNone(n int64) string {
	if n == 0 {
		return "no rows"
	}
	return rowsWords(n)
}
