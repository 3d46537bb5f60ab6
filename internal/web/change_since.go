package web

import (
	"context"
	"log/slog"
	"slices"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
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

// sinceOf asks what is different. Those who do not see all of the change are not told.
func (s *site) sinceOf(ctx context.Context, p access.Principal, c wire.Change) (m sinceModel) {
	decided := c.Plan != nil && slices.ContainsFunc(c.Decisions, func(d wire.Decision) bool { return d.Digest != c.Plan.Digest })
	if !decided || !slices.Contains(undecided, change.State(c.State)) {
		return m
	}
	found, err := s.uc.Since(ctx, p, change.ID(c.ID))
	if err != nil && errs.KindOf(err) == errs.Internal {
		s.o.Log.ErrorContext(ctx, "plans were not compared", slog.String("change", c.ID), slog.String("cause", errs.Detail(err)))
	}
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
		says := ui.Plain(one.Says)
		if len(found.Datasets) > 1 {
			says = one.Dataset + ": " + says
		}
		m.different = append(m.different, says)
	}
	return m
}
