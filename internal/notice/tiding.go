package notice

import (
	"fmt"
	"slices"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/evidence"
	"sutor/internal/finding"
)

// Tiding is a notice and all whom it is for.
type Tiding struct {
	Notice Notice
	To     []access.Email
}

// Of gives the tidings of what a leaf records: what the change, as it is then,
// means for whom. Who did it is not told of it; of an apply, which ends when
// nobody may be looking, the one who asked for it hears unless it went well.
func Of(c *change.Change, e evidence.Entry, owners []access.Email) []Tiding {
	by := access.Email(e.Body.Who)
	tell := func(k Kind, by access.Email, to ...[]access.Email) []Tiding {
		return []Tiding{{Notice{Kind: k, By: by, Change: c.ID, Dataset: c.Dataset}, slices.Concat(to...)}}
	}
	maker, applier, decided := []access.Email{c.Maker}, []access.Email{c.Applier}, deciders(c)
	to := change.State(e.To)
	switch e.Kind {
	case evidence.PlanStood, evidence.PlansStood:
		t := tell(Planned, "", maker)
		t[0].Notice.Say = standing(c)
		return t
	case evidence.PlanFailed:
		return tell(PlanFailed, "", maker)
	case evidence.ChangeSubmitted:
		if to == change.Submitted {
			return tell(Asked, by, Asks(c))
		}
	case evidence.DecisionApproved:
		if to == change.Approved {
			return tell(Approved, by, maker)
		}
		return tell(Decided, by, maker)
	case evidence.DecisionRejected:
		return tell(SentBack, by, maker, decided)
	case evidence.ChangeSplit:
		t := tell(Split, by, maker, decided)
		if n := len(c.SplitInto); n > 0 {
			t[0].Notice.Say = fmt.Sprintf("A part of change %s was approved. Its other rows are change %s now, which is its maker's again.", c.ID, c.SplitInto[n-1])
		}
		return t
	case evidence.DecisionsVoided:
		return tell(Voided, "", maker, decided)
	case evidence.ApplyResult:
		switch to {
		case change.Applied:
			return tell(Applied, c.Applier, maker, decided, owners)
		case change.Planned:
			return tell(Conflict, "", maker, applier)
		}
		return tell(Failed, "", maker, applier)
	case evidence.ApplyStopped:
		return tell(Stopped, by, maker, applier)
	case evidence.ChangeUndone:
		return tell(Undone, "", maker, applier, decided)
	case evidence.ChangeWithdrawn:
		if from := change.State(e.From); from == change.Submitted || from == change.Approved {
			return tell(Withdrawn, by, Asks(c), decided)
		}
	case evidence.ChangeExpired:
		return tell(Expired, "", maker, Asks(c))
	}
	return nil
}

// Asks gives those who may decide on the steps of a change's route that are open.
func Asks(c *change.Change) (who []access.Email) {
	for _, s := range c.Open() {
		who = append(who, s.Who...)
		for _, v := range s.Left {
			who = append(who, v.To...)
		}
	}
	return who
}

// deciders are those who decided on the change, on any plan of it.
func deciders(c *change.Change) (who []access.Email) {
	for _, d := range c.Decisions {
		who = append(who, d.By)
	}
	return who
}

// standing words a plan that cannot be submitted as it stands; "" for one that can.
func standing(c *change.Change) string {
	blocks := slices.ContainsFunc(c.ByDataset(), func(one *change.Change) bool { return one.Plan != nil && finding.Blocks(one.Plan.Findings) })
	switch {
	case blocks:
		return fmt.Sprintf("The plan of change %s stands, but its findings keep it from being submitted: see what must be mended.", c.ID)
	case c.Plan != nil && c.Plan.Counts.Written() == 0:
		return fmt.Sprintf("The plan of change %s stands, and would change nothing.", c.ID)
	}
	return ""
}
