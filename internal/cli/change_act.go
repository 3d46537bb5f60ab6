package cli

import (
	"sutor/internal/client"
	"sutor/internal/errs"
	"sutor/internal/wire"
)

// acting is what the commands that act on a change have in common.
type acting struct {
	ID      string `arg:"" help:"The change."`
	Comment string `placeholder:"C" help:"What you want to say about it."`
}

// do calls the server and shows what the change has become.
func (a *acting) do(c *console, did string, call func(*client.Client) (wire.Change, error)) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	ch, err := call(cl)
	if err != nil {
		return err
	}
	return c.show(ch, func(p *page) { showActed(p, ch, did) })
}

type changeTryCmd struct {
	ID string `arg:"" help:"The change."`
}

// Help is what must be known before.
func (*changeTryCmd) Help() string {
	return "Nothing of a trial stays in the tables, but numbers that the system gives by itself (sequences) advance, and a trigger that acts outside of the database acts. " +
		"It holds locks as an apply does. A plan of up to 10,000 rows is tried by itself when it is submitted."
}

func (k *changeTryCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	ch, err := cl.Try(c.ctx, k.ID)
	if err != nil {
		return err
	}
	if err := c.show(ch, func(p *page) { showTried(p, ch) }); err != nil {
		return err
	}
	return trialOutcome(ch)
}

// trialOutcome tells whether the system would take the plan.
func trialOutcome(ch wire.Change) error {
	if ch.Trial == nil {
		return nil
	}
	switch ch.Trial.Outcome {
	case "refused":
		return errs.New(errs.Blocked, "The system would not take the plan of change %s.", ch.ID).WithMend("Mend what the findings say, and plan it again.")
	case "moved":
		return errs.New(errs.Changed, "%s", ch.Trial.Why).WithMend("Plan it again: sutor change replan %s", ch.ID)
	case "unknown":
		return errs.New(errs.Unavailable, "%s", ch.Trial.Why)
	}
	return nil
}

// onPlan is acting of acts that may name the plan that is meant.
type onPlan struct {
	acting
	Digest string `placeholder:"D" help:"Only if exactly this plan still stands."`
}

type changeSubmitCmd struct{ onPlan }

func (k *changeSubmitCmd) Run(c *console) error {
	return k.do(c, "submitted", func(cl *client.Client) (wire.Change, error) { return cl.Submit(c.ctx, k.ID, k.Digest, k.Comment) })
}

type changeWithdrawCmd struct{ onPlan }

func (k *changeWithdrawCmd) Run(c *console) error {
	return k.do(c, "withdrawn", func(cl *client.Client) (wire.Change, error) { return cl.Withdraw(c.ctx, k.ID, k.Digest, k.Comment) })
}

// deciding is what approve and reject have in common: they name one plan.
type deciding struct {
	acting
	Digest string `placeholder:"D" help:"Decide on exactly this plan; without it on the one that stands now."`
}

// digest gives the plan to decide on.
func (d *deciding) digest(c *console, cl *client.Client) (string, error) {
	if d.Digest != "" {
		return d.Digest, nil
	}
	ch, err := cl.Change(c.ctx, d.ID, 0)
	if err != nil {
		return "", err
	}
	if ch.Plan == nil {
		return "", errs.New(errs.Blocked, "Change %s has no plan yet: it is %s.", d.ID, stateWords(ch.State))
	}
	return ch.Plan.Digest, nil
}

func (d *deciding) decide(c *console, did string, call func(cl *client.Client, digest string) (wire.Change, error)) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	digest, err := d.digest(c, cl)
	if err != nil {
		return err
	}
	ch, err := call(cl, digest)
	if err != nil {
		return err
	}
	return c.show(ch, func(p *page) {
		showActed(p, ch, did+" with the plan "+decidedPlan(ch, digest))
		if ch.Plan != nil && ch.Plan.Digest != digest {
			showSplit(p, ch)
		}
	})
}

// decidedPlan gives the plan that was decided on: of an approval in part not the one
// that was looked at, but the part's.
func decidedPlan(ch wire.Change, digest string) string {
	if ch.Plan != nil {
		return ch.Plan.Digest
	}
	return digest
}

type changeApproveCmd struct {
	deciding
	Only    string `placeholder:"EXPR" xor:"part" help:"Only the rows of which this holds for certain, in the guardrail language; the others go back to the maker as a change of their own."`
	Finding string `placeholder:"NAME" xor:"part" help:"Only the rows of this finding (NAME or NAME:COLUMN)."`
	Without string `placeholder:"NAME" xor:"part" help:"Only the rows that this finding is not about."`
	Look    bool   `help:"With --only, --finding or --without: tell how many rows that would be, and decide nothing."`
}

func (k *changeApproveCmd) Run(c *console) error {
	part := client.Part{Only: k.Only, Finding: k.Finding, Without: k.Without}
	switch {
	case k.Look && part == (client.Part{}):
		return errs.New(errs.Usage, "--look needs a part to look at.").WithMend("Name it with --only, --finding or --without.")
	case k.Look:
		return k.look(c, part)
	case part != (client.Part{}):
		return k.decide(c, "approved in part", func(cl *client.Client, digest string) (wire.Change, error) {
			return cl.ApprovePart(c.ctx, k.ID, digest, part, k.Comment)
		})
	}
	return k.decide(c, "approved", func(cl *client.Client, digest string) (wire.Change, error) {
		return cl.Approve(c.ctx, k.ID, digest, k.Comment)
	})
}

// look tells what the approval of a part would do.
func (k *changeApproveCmd) look(c *console, part client.Part) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	digest, err := k.digest(c, cl)
	if err != nil {
		return err
	}
	l, err := cl.LookPart(c.ctx, k.ID, digest, part)
	if err != nil {
		return err
	}
	return c.show(l, func(p *page) { showPart(p, k.ID, l) })
}

type changeRejectCmd struct{ deciding }

func (k *changeRejectCmd) Run(c *console) error {
	return k.decide(c, "sent back", func(cl *client.Client, digest string) (wire.Change, error) {
		return cl.Reject(c.ctx, k.ID, digest, k.Comment)
	})
}

type changeApplyCmd struct{ onPlan }

func (k *changeApplyCmd) Run(c *console) error {
	cl, err := c.client()
	if err != nil {
		return err
	}
	ch, err := cl.Apply(c.ctx, k.ID, k.Digest, k.Comment)
	if err != nil {
		return err
	}
	if ch, err = c.settle(cl, ch); err != nil {
		return err
	}
	if err := c.show(ch, func(p *page) { showResult(p, ch) }); err != nil {
		return err
	}
	return applyOutcome(ch)
}

// applyOutcome tells whether the plan was written.
func applyOutcome(ch wire.Change) error {
	switch ch.State {
	case "applied", "undone":
		return nil
	case "failed":
		return problemError(ch)
	case "planned", "partly_applied":
		conflicts := int64(0)
		if ch.Result != nil {
			conflicts = ch.Result.Conflicts
		}
		if ch.Problem != nil && (ch.Result == nil || len(ch.Result.ConflictRows) == 0) { // it was no row of the file: a column is gone, say
			return problemError(ch)
		}
		what := "Nothing was written"
		if ch.State == "partly_applied" {
			what = "Only a part was written"
		}
		return errs.New(errs.Changed, "%s: %s changed since the plan was made.", what, count(conflicts, "row has", "rows have")).
			WithMend("Plan again with today's data, and look: sutor change replan %s", ch.ID)
	}
	return errs.New(errs.Blocked, "Change %s was not applied: it is %s. %s", ch.ID, stateWords(ch.State), ch.Why)
}
