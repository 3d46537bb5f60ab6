package cli

import (
	"strings"

	"sutor/internal/client"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

type changeSetCmd struct {
	Dataset         string   `arg:"" help:"The dataset to change."`
	Where           string   `required:"" placeholder:"EXPR" help:"Which rows, as in \"country == 'DE'\"; true for all."`
	Set             []string `required:"" sep:"none" placeholder:"'column = EXPR'" help:"What a column becomes, as in 'credit_limit = round(credit_limit * 1.03, 2)' or 'note = null'; several times."`
	ApplyAt         string   `placeholder:"TIME" help:"When it is to be applied, once approved: '2026-12-31 18:00' here, or with an offset, or +2h."`
	LeaveOutInvalid bool     `help:"Leave rows out whose values cannot be taken; the owner sees it."`
	Title           string   `placeholder:"T" help:"What the change is, for those who decide."`
	Reason          string   `placeholder:"R" help:"Why."`
}

func (k *changeSetCmd) Run(c *console) error {
	p := client.RuleProposal{Title: k.Title, Reason: k.Reason, LeaveOutInvalid: k.LeaveOutInvalid, ByRule: wire.ByRule{Where: k.Where}}
	for _, text := range k.Set {
		// The first = divides: names of columns hardly ever hold one, and expressions do.
		column, to, ok := strings.Cut(text, "=")
		if column = strings.TrimSpace(column); !ok || column == "" || strings.TrimSpace(to) == "" {
			return errs.New(errs.Usage, "--set must be 'column = expression', but is %q.", text).WithMend("Write it as in --set 'credit_limit = credit_limit * 2'.")
		}
		p.Set = append(p.Set, wire.Assign{Column: column, To: strings.TrimSpace(to)})
	}
	var err error
	if p.ApplyAt, err = moment(k.ApplyAt); err != nil {
		return err
	}
	cl, err := c.client()
	if err != nil {
		return err
	}
	ch, err := cl.ProposeRule(c.ctx, k.Dataset, p)
	return c.planned(cl, ch, err)
}
