package cli

import (
	"strings"

	"sutor/internal/wire"
)

type deputySetCmd struct {
	Deputy  string   `arg:"" placeholder:"EMAIL" help:"Who decides in your place; a person of the Compact."`
	Until   string   `required:"" placeholder:"DAY" help:"The last day (2026-12-31), or the moment at which it is over."`
	From    string   `placeholder:"DAY" help:"The first day, or a moment; now where it is left out."`
	Dataset []string `placeholder:"NAME" help:"For this dataset alone; can be given several times."`
}

func (k *deputySetCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	d, err := cl.NameDeputy(c.ctx, wire.Naming{Deputy: k.Deputy, From: k.From, Until: k.Until, Datasets: k.Dataset})
	if err != nil {
		return err
	}
	return c.show(d, func(p *page) {
		p.line("%s decides in your place for %s, from %s until %s.", d.Deputy, scopeOf(d), when(d.From), when(d.Until))
		p.line("You may still decide yourself; the two of you count once.")
		p.line("Next:")
		p.line("  sutor deputy end %s", d.Deputy)
	})
}

type deputyListCmd struct{}

func (deputyListCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	all, err := cl.Deputies(c.ctx)
	if err != nil {
		return err
	}
	return c.show(all, func(p *page) {
		if len(all) == 0 {
			p.line("Nobody decides in your place, and you decide in nobody's.")
			return
		}
		t := table{head: []string{"ID", "DEPUTY", "IN THE PLACE OF", "FROM", "UNTIL", "FOR", "NOW"}}
		for _, d := range all {
			now := "in force"
			if !d.InForce {
				now = d.Why
			}
			t.row(d.ID, d.Deputy, d.Person, when(d.From), when(d.Until), scopeOf(d), now)
		}
		t.write(p)
	})
}

type deputyEndCmd struct {
	Deputy string `arg:"" placeholder:"EMAIL" help:"Your deputy, or whose deputy you are; or the ID."`
}

func (k *deputyEndCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	d, err := cl.EndDeputy(c.ctx, k.Deputy)
	if err != nil {
		return err
	}
	return c.show(d, func(p *page) {
		p.line("%s does not decide in the place of %s any more. What they decided until now counts.", d.Deputy, d.Person)
	})
}

func scopeOf(d wire.Deputy) string {
	if len(d.Datasets) == 0 {
		return "all datasets"
	}
	return strings.Join(d.Datasets, ", ")
}
