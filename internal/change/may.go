package change

import (
	"slices"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/errs"
)

// Act is something a person may do to one change; its text is the command.
type Act string

const (
	ActSee      Act = "see"
	ActReplan   Act = "replan"
	ActMend     Act = "mend"
	ActTry      Act = "try" // write the plan in a transaction that is rolled back
	ActSubmit   Act = "submit"
	ActWithdraw Act = "withdraw"
	ActApprove  Act = "approve"
	ActReject   Act = "reject"
	ActApply    Act = "apply"
	ActStop     Act = "stop"
	ActHold     Act = "hold" // take back what was approved
	ActUndo     Act = "undo"
	ActComment  Act = "comment"
	ActProve    Act = "prove" // export its evidence
)

// Acts lists every act but to comment, which whoever sees a change may do always.
var Acts = []Act{ActSee, ActReplan, ActMend, ActTry, ActSubmit, ActWithdraw, ActApprove, ActReject, ActApply, ActStop, ActHold, ActUndo, ActProve}

// from says in which states an act is possible at all.
var from = map[Act][]State{
	ActReplan:   {Planned, Submitted, Approved, Rejected, Failed, Expired},
	ActMend:     {Planned, Submitted, Approved, Rejected, Failed, Expired},
	ActTry:      {Planned, Submitted, Approved},
	ActSubmit:   {Planned},
	ActWithdraw: {Draft, Planning, Planned, Submitted, Approved, Rejected, Failed, Expired},
	ActApprove:  {Submitted},
	ActReject:   {Submitted},
	ActApply:    {Approved, Applying},
	ActStop:     {Applying},
	ActHold:     {Approved},
	ActUndo:     {Applied},
	ActSee:      States(),
	ActProve:    States(),
	ActComment:  States(),
}

// Judge answers whether the person may do the act to the change now. The order
// of refusal is the contract's: may not see it (NotFound), has no right to the
// act in any state (Forbidden), the state or the decisions stand in the way
// (Blocked). For a decision it also gives the role in which it would count.
//
// Segregation of duties is here: the maker of a change never decides on it, in
// no role and on no path, and nobody decides twice. A change of which it was erased who
// had a hand in it does not go on, for it is not known any more who must not decide.
//
// ds are the change's datasets. Of a family ([Member]) who may see one may see that
// it is there, and decides for those datasets where they stand in the route; what
// reaches all of it takes the right on all.
func Judge(c *Change, a Act, p access.Principal, ds ...access.Dataset) (Seat, error) {
	sees := func(d access.Dataset) bool { return access.May(p, access.SeeChanges, d) }
	if !slices.ContainsFunc(ds, sees) {
		return Seat{}, Unseen(c.ID)
	}
	if err := right(c, a, p, ds); err != nil {
		return Seat{}, err
	}
	if !slices.Contains(from[a], c.State) {
		return Seat{}, stateInTheWay(c, a)
	}
	if p := c.Purged; (a == ActReplan || a == ActMend) && p != nil && p.Texts != nil {
		return Seat{}, errs.New(errs.Blocked, "Who did what in change %s was erased on %s, so nobody can go on with it.", c.ID, p.Texts.Format(time.DateOnly)).
			WithMend("Propose it anew.")
	}
	if a == ActApprove || a == ActReject {
		return seatFor(c, p, ds)
	}
	return Seat{}, nil
}

// Unseen is the one answer for a change that is absent and for one that the
// person may not see.
func Unseen(id ID) error {
	return errs.New(errs.NotFound, "There is no change %s that you may see.", id).
		WithMend("Check the number; changes are seen by the people of their department, owners, managers, stewards and auditors.")
}

// right answers whether the person could do the act in some state.
func right(c *Change, a Act, p access.Principal, ds []access.Dataset) error {
	maker, own := asMaker(c, p, ds)
	owned := func(d access.Dataset) bool { return d.OwnedBy(p) }
	proposes := func(d access.Dataset) bool { return access.May(p, access.Propose, d) }
	proposed := func(d access.Dataset) bool { return access.May(maker, access.Propose, d) }
	switch a {
	case ActSee, ActComment:
		return nil
	case ActReplan, ActMend, ActSubmit, ActWithdraw:
		if own && each(ds, func(d access.Dataset) bool { return proposed(d) || c.IsReversal() && d.OwnedBy(maker) }) {
			return nil
		}
		return forbidden("Only %s, who made change %s, may %s it.", c.Maker, c.ID, a)
	case ActApprove, ActReject:
		return mayDecide(c, p, ds)
	case ActApply:
		if each(ds, owned) || own && each(ds, proposed) {
			return nil
		}
		return forbidden("Change %s is applied by its maker once it is approved, or by an owner of %s.", c.ID, namesOf(ds))
	case ActStop:
		if each(ds, owned) || p.Email == c.Applier || own && each(ds, proposes) {
			return nil
		}
		return forbidden("The apply of change %s is stopped by whoever applied it, its maker, or an owner of %s.", c.ID, namesOf(ds))
	case ActHold:
		if slices.ContainsFunc(ds, owned) || own && each(ds, proposes) { // who answers for one of them may hold all of it back
			return nil
		}
		return forbidden("Change %s is held back by its maker or by an owner of %s.", c.ID, namesOf(ds))
	case ActTry:
		if each(ds, owned) || own && each(ds, proposes) {
			return nil
		}
		return forbidden("Change %s is tried by its maker or an owner of %s.", c.ID, namesOf(ds))
	case ActUndo:
		if each(ds, func(d access.Dataset) bool { return owned(d) || proposes(d) }) {
			return nil
		}
		return forbidden("Only an owner of %s or a maker of its department may propose to undo change %s.", namesOf(ds), c.ID)
	case ActProve:
		if c.Maker == p.Email && (!c.IsFamily() || each(ds, func(d access.Dataset) bool { return access.May(p, access.SeeValues, d) })) ||
			each(ds, func(d access.Dataset) bool { return access.May(p, access.ProveChanges, d) }) {
			return nil
		}
		return forbidden("The evidence of change %s is for its maker, the owners of %s, its managers and auditors.", c.ID, namesOf(ds))
	}
	return forbidden("Nobody may %s a change.", a)
}

// each tells whether something holds for all datasets of a change.
func each(ds []access.Dataset, holds func(access.Dataset) bool) bool {
	return len(ds) > 0 && !slices.ContainsFunc(ds, func(d access.Dataset) bool { return !holds(d) })
}

func namesOf(ds []access.Dataset) string {
	names := make([]string, len(ds))
	for i, d := range ds {
		names[i] = d.Name
	}
	return strings.Join(names, " and ")
}

func forbidden(format string, args ...any) error {
	return errs.New(errs.Forbidden, format, args...)
}

// mayDecide holds the segregation of duties.
func mayDecide(c *Change, p access.Principal, ds []access.Dataset) error {
	if c.MadeBy(p.Email) {
		return errs.New(errs.Forbidden, "You made change %s, so you may not decide on it.", c.ID).
			WithMend("Another owner of %s, or whoever else its route names, decides.", namesOf(ds))
	}
	named := slices.ContainsFunc(c.Route, func(s Step) bool { return s.Role == access.Steward })
	stands := func(q capacity) bool {
		return slices.ContainsFunc(ds, func(d access.Dataset) bool {
			return q.fills(access.Owner, d) || q.fills(access.Manager, d) || named && q.fills(access.Steward, d)
		})
	}
	may, barred := capacities(c, p)
	switch {
	case slices.ContainsFunc(may, stands):
		return nil
	case slices.ContainsFunc(barred, stands):
		return errs.New(errs.Forbidden, "You take the place of %s, who made change %s, so you may not decide on it in anybody's place.", c.Maker, c.ID).
			WithMend("An owner of %s decides, or another deputy.", namesOf(ds))
	}
	return errs.New(errs.Forbidden, "You have no role that decides on changes of %s.", namesOf(ds)).
		WithMend("Its owners decide, and managers of the department %s where a guardrail asks for them.", departmentsOf(ds))
}

func departmentsOf(ds []access.Dataset) string {
	var names []string
	for _, d := range ds {
		if !slices.Contains(names, string(d.Department)) {
			names = append(names, string(d.Department))
		}
	}
	return strings.Join(names, " or ")
}

// DecidesFor gives the datasets for which a decision in the seat counts: those of a
// family's open steps that the person can fill. None in a change over one dataset.
func DecidesFor(c *Change, seat Seat, p access.Principal, ds ...access.Dataset) (names []string) {
	may, _ := capacities(c, p)
	for _, q := range may {
		for _, s := range c.Open() {
			if q.place == seat.For && s.Role == seat.Role && s.Dataset != "" && q.fillsStep(s, ds) && !slices.Contains(names, s.Dataset) {
				names = append(names, s.Dataset)
			}
		}
	}
	return names
}

// stateInTheWay says why the state forbids the act and what would help.
func stateInTheWay(c *Change, a Act) error {
	e := errs.New(errs.Blocked, "Change %s is %s, so it cannot be %s now.", c.ID, c.State.Words(), a.participle())
	switch {
	case a == ActApply && (c.State == Applied || c.State == Undone):
		e.Message = "Change " + string(c.ID) + " is applied already; nothing was written twice."
	case a == ActApply && c.State == Submitted:
		e.WithMend("It still waits for a decision: %s.", Asks(c.Open()))
	case a == ActApply && c.State == Planned, (a == ActApprove || a == ActReject) && c.State == Planned:
		e.WithMend("Its maker submits it first: sutor change submit %s", c.ID)
	case a == ActUndo:
		e.WithMend("Only an applied change can be undone, and only once.")
	case c.State == Planning || c.State == Applying:
		e.WithMend("Wait until that is done.")
	case a == ActSubmit && c.State == Rejected:
		e.WithMend("Mend what the comment says, then: sutor change replan %s", c.ID)
	}
	return e
}

// Asks lists the roles that steps ask for.
func Asks(steps []Step) string {
	text := ""
	for i, s := range steps {
		if i > 0 {
			text += ", "
		}
		if text += string(s.Role); s.Dataset != "" {
			text += " of " + s.Dataset
		}
	}
	if text == "" {
		return "none"
	}
	return text
}

// Words gives the state as it stands in a sentence.
func (s State) Words() string {
	switch s {
	case Planning:
		return "being planned"
	case Applying:
		return "being applied"
	case PartlyApplied:
		return "partly applied"
	}
	return string(s)
}

func (a Act) participle() string {
	switch a {
	case ActSee:
		return "seen"
	case ActReplan:
		return "planned again"
	case ActMend:
		return "mended"
	case ActTry:
		return "tried"
	case ActSubmit:
		return "submitted"
	case ActWithdraw:
		return "withdrawn"
	case ActApprove:
		return "approved"
	case ActReject:
		return "rejected"
	case ActApply:
		return "applied"
	case ActStop:
		return "stopped"
	case ActComment:
		return "commented on"
	case ActHold:
		return "held back"
	case ActUndo:
		return "undone"
	}
	return "proved"
}
