package cli

import (
	"strings"

	"sutor/internal/wire"
)

type accessAskCmd struct {
	Dataset string   `arg:"" help:"The dataset you ask to see."`
	Columns []string `placeholder:"COLUMN" help:"Columns whose values you ask to see, separated by commas."`
	For     int      `required:"" placeholder:"DAYS" help:"For how many days."`
	Reason  string   `required:"" placeholder:"WHY" help:"Why; its owner decides by it."`
}

func (k *accessAskCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	a, err := cl.AskAccess(c.ctx, k.Dataset, k.Columns, k.For, k.Reason)
	if err != nil {
		return err
	}
	return c.show(a, func(p *page) {
		p.line("You asked for access, as request %s. If there is such a dataset, its owners see that.", a.ID)
		p.line("Next:")
		p.line("  sutor access list")
	})
}

type accessListCmd struct{}

func (accessListCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	all, err := cl.Accesses(c.ctx)
	if err != nil {
		return err
	}
	return c.show(all, func(p *page) {
		if len(all) == 0 {
			p.line("Nobody asked for access that concerns you.")
			return
		}
		t := table{head: []string{"ID", "PERSON", "DATASET", "COLUMNS", "DAYS", "STATE", "UNTIL", "YOU MAY", "REASON"}}
		for _, a := range all {
			until := ""
			if a.Until != nil {
				until = when(*a.Until)
			}
			t.row(a.ID, a.Person, a.Dataset, strings.Join(a.Columns, ", "), count(int64(a.Days), "day", "days"), a.State, until, strings.Join(a.May, ", "), a.Reason)
		}
		t.write(p)
	})
}

type accessGrantCmd struct {
	ID      string `arg:"" help:"The request."`
	For     int    `placeholder:"DAYS" help:"For fewer days than were asked for."`
	Comment string `placeholder:"TEXT" help:"For whoever asked."`
}

func (k *accessGrantCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	a, err := cl.GrantAccess(c.ctx, k.ID, k.For, k.Comment)
	return c.answered(a, err)
}

type accessDenyCmd struct {
	ID      string `arg:"" help:"The request."`
	Comment string `required:"" placeholder:"WHY" help:"Why; whoever asked reads it."`
}

func (k *accessDenyCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	a, err := cl.DenyAccess(c.ctx, k.ID, k.Comment)
	return c.answered(a, err)
}

type accessEndCmd struct {
	ID      string `arg:"" help:"The request."`
	Comment string `placeholder:"TEXT" help:"Why."`
}

func (k *accessEndCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	a, err := cl.EndAccess(c.ctx, k.ID, k.Comment)
	return c.answered(a, err)
}

// answered shows what came of a request.
func (c *console) answered(a wire.Access, err error) error {
	if err != nil {
		return err
	}
	return c.show(a, func(p *page) {
		p.line("Request %s of %s to see %s is %s.", a.ID, a.Person, a.Dataset, a.State)
		if a.Until != nil && a.State == "granted" {
			p.line("It ends by itself: %s.", when(*a.Until))
		}
	})
}
