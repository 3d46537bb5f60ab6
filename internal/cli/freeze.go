package cli

import "sutor/internal/wire"

type freezeCmd struct {
	Dataset string `arg:"" help:"The dataset."`
	Say     string `required:"" placeholder:"WHY" help:"Why; those who wait will read it."`
}

func (k *freezeCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	d, err := cl.Freeze(c.ctx, k.Dataset, k.Say)
	return c.stopped(d, err)
}

type unfreezeCmd struct {
	Dataset string `arg:"" help:"The dataset."`
	Say     string `placeholder:"WHY" help:"Why it may go on."`
}

func (k *unfreezeCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	d, err := cl.Unfreeze(c.ctx, k.Dataset, k.Say)
	return c.stopped(d, err)
}

// stopped shows whether a dataset is frozen.
func (c *console) stopped(d wire.Dataset, err error) error {
	if err != nil {
		return err
	}
	return c.show(d, func(p *page) { showFrozen(p, d) })
}

func showFrozen(p *page, d wire.Dataset) {
	if d.Frozen == nil {
		p.line("%s is not frozen: approved changes may be applied.", d.Name)
		return
	}
	p.line("✗ %s is frozen since %s, by %s: %s", d.Name, when(d.Frozen.At), d.Frozen.By, d.Frozen.Say)
	p.line("  Nothing is applied to it until that is lifted: sutor unfreeze %s", d.Name)
}
