package cli

import (
	"strings"

	"sutor/internal/wire"
)

type meCmd struct{}

func (meCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	me, err := cl.Me(c.ctx)
	if err != nil {
		return err
	}
	return c.show(me, func(p *page) { showMe(p, me) })
}

func showMe(p *page, me wire.Person) {
	p.line("%s (%s): %s; %s.", me.Name, me.Email, strings.Join(me.Roles, ", "), orNone(me.Departments, "no department"))
	if s := me.Standing; s != nil {
		showStanding(p, s)
	}
	for _, d := range me.Deputies {
		state := "decides"
		if !d.InForce {
			state = "will decide"
		}
		p.line("%s %s in the place of %s for %s, from %s until %s.", d.Deputy, state, d.Person, scopeOf(d), when(d.From), when(d.Until))
	}
}

func orNone(names []string, none string) string {
	if len(names) == 0 {
		return none
	}
	return strings.Join(names, ", ")
}

// showStanding shows a maker's level, their record and what the next step takes.
func showStanding(p *page, s *wire.Standing) {
	p.line("Your level: %s.", s.Level)
	if s.Why != "" {
		p.line("  %s", s.Why)
	}
	r := s.Record
	p.line("Your record: %s applied, %d of them clean; %d sent back, %s, %d undone; %s since the first, %s since something went wrong.",
		count(r.Applied, "change", "changes"), r.Clean, r.Rejected, count(r.Conflicts, "conflict", "conflicts"), r.Undone,
		count(r.Days, "day", "days"), count(r.DaysSinceBad, "day", "days"))
	if s.Next == nil {
		return
	}
	p.line("The next step, %s: %s", s.Next.Level, s.Next.Say)
	p.line("  That is: %s", s.Next.When)
	if s.Next.Reached {
		p.line("  You are there: your next change that is applied takes you over.")
	}
}
