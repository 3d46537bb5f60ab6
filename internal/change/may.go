package change

import (
	"slices"

	"sutor/internal/access"
	"sutor/internal/errs"
)

// Act is something a person may do to one change; its text is the command.
type Act string

const (
	ActSee      Act = "see"
	ActReplan   Act = "replan"
	ActMend     Act = "mend"
	ActSubmit   Act = "submit"
	ActWithdraw Act = "withdraw"
	ActApprove  Act = "approve"
	ActReject   Act = "reject"
	ActApply    Act = "apply"
	ActUndo     Act = "undo"
	ActProve    Act = "prove" // export its evidence
)

// Acts lists every act.
var Acts = []Act{ActSee, ActReplan, ActMend, ActSubmit, ActWithdraw, ActApprove, ActReject, ActApply, ActUndo, ActProve}

// from says in which states an act is possible at all.
var from = map[Act][]State{
	ActReplan:   {Planned, Submitted, Approved, Rejected, Failed, Expired},
	ActMend:     {Planned, Submitted, Approved, Rejected, Failed, Expired},
	ActSubmit:   {Planned},
	ActWithdraw: {Draft, Planning, Planned, Submitted, Approved, Rejected, Failed, Expired},
	ActApprove:  {Submitted},
	ActReject:   {Submitted},
	ActApply:    {Approved, Applying},
	ActUndo:     {Applied},
	ActSee:      States(),
	ActProve:    States(),
}

// Judge answers whether the person may do the act to the change now. The order
// of refusal is the contract's: may not see it (NotFound), has no right to the
// act in any state (Forbidden), the state or the decisions stand in the way
// (Blocked). For a decision it also gives the role in which it would count.
//
// Segregation of duties is here: the maker of a change never decides on it, in
// no role and on no path, and nobody decides twice.
func Judge(c *Change, a Act, p access.Principal, d access.Dataset) (access.Role, error) {
	if !access.May(p, access.SeeChanges, d) {
		return "", Unseen(c.ID)
	}
	if err := right(c, a, p, d); err != nil {
		return "", err
	}
	if !slices.Contains(from[a], c.State) {
		return "", stateInTheWay(c, a)
	}
	if a == ActApprove || a == ActReject {
		return roleFor(c, p, d)
	}
	return "", nil
}

// Unseen is the one answer for a change that is absent and for one that the
// person may not see.
func Unseen(id ID) error {
	return errs.New(errs.NotFound, "There is no change %s that you may see.", id).
		WithMend("Check the number; changes are seen by the people of their department, owners, managers, stewards and auditors.")
}

// right answers whether the person could do the act in some state.
func right(c *Change, a Act, p access.Principal, d access.Dataset) error {
	own := c.Maker == p.Email
	switch a {
	case ActSee:
		return nil
	case ActReplan, ActMend, ActSubmit, ActWithdraw:
		if own && (access.May(p, access.Propose, d) || c.IsReversal() && d.OwnedBy(p)) {
			return nil
		}
		return forbidden("Only %s, who made change %s, may %s it.", c.Maker, c.ID, a)
	case ActApprove, ActReject:
		return mayDecide(c, p, d)
	case ActApply:
		if d.OwnedBy(p) || own && access.May(p, access.Propose, d) {
			return nil
		}
		return forbidden("Change %s is applied by its maker once it is approved, or by an owner of %s.", c.ID, d.Name)
	case ActUndo:
		if d.OwnedBy(p) || access.May(p, access.Propose, d) {
			return nil
		}
		return forbidden("Only an owner of %s or a maker of its department may propose to undo change %s.", d.Name, c.ID)
	case ActProve:
		if own || access.May(p, access.ProveChanges, d) {
			return nil
		}
		return forbidden("The evidence of change %s is for its maker, the owners of %s, its managers and auditors.", c.ID, d.Name)
	}
	return forbidden("Nobody may %s a change.", a)
}

func forbidden(format string, args ...any) error {
	return errs.New(errs.Forbidden, format, args...)
}

// mayDecide holds the segregation of duties.
func mayDecide(c *Change, p access.Principal, d access.Dataset) error {
	if c.Maker == p.Email {
		return errs.New(errs.Forbidden, "You made change %s, so you may not decide on it.", c.ID).
			WithMend("Another owner of %s, or whoever else its route names, decides.", d.Name)
	}
	if len(rolesOf(c, p, d)) == 0 {
		return errs.New(errs.Forbidden, "You have no role that decides on changes of %s.", d.Name).
			WithMend("Its owners decide, and managers of the department %s where a guardrail asks for them.", d.Department)
	}
	return nil
}

// rolesOf gives the roles in which the person may decide on the change at all.
// A steward counts only where the route names stewards.
func rolesOf(c *Change, p access.Principal, d access.Dataset) []access.Role {
	var roles []access.Role
	if d.OwnedBy(p) {
		roles = append(roles, access.Owner)
	}
	if p.Is(access.Manager) && p.In(d.Department) {
		roles = append(roles, access.Manager)
	}
	named := slices.ContainsFunc(c.Route, func(s Step) bool { return s.Role == access.Steward })
	if p.Is(access.Steward) && named {
		roles = append(roles, access.Steward)
	}
	return roles
}

// roleFor picks the role in which a decision counts: of the open steps that the
// person can fill, the first after which the others can still fill the rest.
// Nobody decides for two roles.
func roleFor(c *Change, p access.Principal, d access.Dataset) (access.Role, error) {
	decided := []access.Email{p.Email}
	for _, old := range c.Valid() {
		if old.By == p.Email {
			return "", errs.New(errs.Blocked, "You have decided on change %s already, as %s; nobody decides for two roles.", c.ID, old.Role)
		}
		decided = append(decided, old.By)
	}
	roles, open := rolesOf(c, p, d), c.Open()
	var first access.Role
	for i, s := range open {
		if !slices.Contains(roles, s.Role) {
			continue
		}
		if first == "" {
			first = s.Role
		}
		rest := slices.Clone(open)
		rest[i].Needs--
		if _, ok := walkable(rest, decided); ok {
			return s.Role, nil
		}
	}
	if first != "" {
		return first, nil
	}
	return "", errs.New(errs.Blocked, "Change %s does not wait for a decision of yours: its route asks for somebody else.", c.ID).
		WithMend("See its route with: sutor change show %s", c.ID)
}

// stateInTheWay says why the state forbids the act and what would help.
func stateInTheWay(c *Change, a Act) error {
	e := errs.New(errs.Blocked, "Change %s is %s, so it cannot be %s now.", c.ID, c.State.Words(), a.participle())
	switch {
	case a == ActApply && (c.State == Applied || c.State == Undone):
		e.Message = "Change " + string(c.ID) + " is applied already; nothing was written twice."
	case a == ActApply && c.State == Submitted:
		e.WithMend("It still waits for a decision: %s.", describe(c.Open()))
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

func describe(steps []Step) string {
	text := ""
	for i, s := range steps {
		if i > 0 {
			text += ", "
		}
		text += string(s.Role)
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
	case ActUndo:
		return "undone"
	}
	return "proved"
}
