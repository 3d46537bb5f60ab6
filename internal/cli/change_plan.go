package cli

import (
	"time"

	"sutor/internal/client"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

type changePlanCmd struct {
	Dataset         string   `arg:"" help:"The dataset to change."`
	File            string   `arg:"" help:"The file with the rows; - for standard input."`
	Mode            string   `enum:"upsert,update,insert,sync" default:"upsert" help:"How rows are taken: ${enum} (sync is not there yet)."`
	Within          string   `hidden:"" placeholder:"EXPR" help:"With sync: the part of the table that the file stands for."`
	Empty           string   `enum:"keep,clear" default:"keep" help:"What an empty cell does to its column: ${enum}."`
	LeaveOutInvalid bool     `help:"Leave invalid rows out of the plan; the owner sees it."`
	Map             []string `sep:"none" placeholder:"'File column=column'" help:"Which column of the file is which; several times. Without a column it is left out."`
	Sheet           string   `hidden:"" placeholder:"NAME" help:"The sheet of a workbook."`
	Title           string   `placeholder:"T" help:"What the change is, for those who decide."`
	Reason          string   `placeholder:"R" help:"Why."`
}

func (k *changePlanCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	f, closeFile, err := c.open(k.File)
	if err != nil {
		return err
	}
	defer closeFile()
	ch, err := cl.Propose(c.ctx, client.Proposal{Dataset: k.Dataset, Mode: k.Mode, Empty: k.Empty, Title: k.Title, Reason: k.Reason,
		Within: k.Within, Sheet: k.Sheet, LeaveOutInvalid: k.LeaveOutInvalid, Map: k.Map}, f)
	return c.planned(cl, ch, err)
}

type changeReplanCmd struct {
	ID   string `arg:"" help:"The change."`
	File string `arg:"" optional:"" help:"Another file; without one the same again, with today's data."`
}

func (k *changeReplanCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	if k.File == "" {
		ch, err := cl.Replan(c.ctx, k.ID, nil)
		return c.planned(cl, ch, err)
	}
	f, closeFile, err := c.open(k.File)
	if err != nil {
		return err
	}
	defer closeFile()
	ch, err := cl.Replan(c.ctx, k.ID, &f)
	return c.planned(cl, ch, err)
}

// planned waits for the plan of a change that has just been accepted and shows
// it. Once a plan stands that is a success, whatever was found.
func (c *console) planned(cl *client.Client, ch wire.Change, err error) error {
	if err != nil {
		return err
	}
	if ch, err = c.settle(cl, ch); err != nil {
		return err
	}
	if err := c.show(ch, func(p *page) { showPlanned(p, ch) }); err != nil {
		return err
	}
	return planOutcome(ch)
}

// planOutcome tells whether a plan stands.
func planOutcome(ch wire.Change) error {
	switch {
	case ch.State == "failed":
		return problemError(ch)
	case ch.Plan == nil:
		return errs.New(errs.Blocked, "Change %s has no plan: it is %s.", ch.ID, stateWords(ch.State))
	}
	return nil
}

// settle waits until nobody works on the change any more, with a bar on a
// terminal.
func (c *console) settle(cl *client.Client, ch wire.Change) (wire.Change, error) {
	if c.json || !terminal(c.stderr) {
		return cl.Settle(c.ctx, ch, 30*time.Second, func(wire.Change) {})
	}
	bar := newBar(c.stderr)
	defer bar.end()
	return cl.Settle(c.ctx, ch, time.Second, bar.show)
}

type changeUndoCmd struct {
	ID      string `arg:"" help:"The applied change."`
	Comment string `placeholder:"C" help:"Why it is undone."`
}

func (k *changeUndoCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	ch, err := cl.Undo(c.ctx, k.ID, k.Comment)
	if err != nil {
		return err
	}
	if ch, err = c.settle(cl, ch); err != nil {
		return err
	}
	err = c.show(ch, func(p *page) {
		p.line("Change %s would undo change %s.", ch.ID, k.ID)
		showPlanned(p, ch)
		p.line("%s", ch.ID) // alone on the last line, for scripts
	})
	if err != nil {
		return err
	}
	return planOutcome(ch)
}
