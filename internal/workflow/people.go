package workflow

import (
	"context"
	"slices"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
)

// Who may do what is known from three sides: the Compact gives roles, departments
// and the level to start with; the record of a maker moves the level (levels.go);
// deputies, and those who took a leaver's duties over, take places (deputies.go).
// principal puts them together for one moment, and every use case asks with that.

// Person gives the rights of somebody who proved who they are.
func (w *Workflow) Person(ctx context.Context, email access.Email, means access.Means) (p access.Principal, err error) {
	err = w.Store.View(ctx, func(tx Tx) error {
		// Where what is in force cannot be read, whoever the one before knows may look for the
		// reason; acts are refused (today).
		if err := w.adopt(tx); err != nil && errs.KindOf(err) != errs.Internal && errs.KindOf(err) != errs.NotFound {
			return err
		}
		p, err = w.principal(tx, email)
		return err
	})
	p.Means = means
	return p, err
}

// principal gives a person's rights of this moment; errs.Unsigned for who has none.
func (w *Workflow) principal(tx Tx, email access.Email) (access.Principal, error) {
	p, known := w.Compact().Principal(email)
	if !known {
		if _, there := w.Compact().Person(email); there {
			return p, errs.New(errs.Unsigned, "The Compact in force says that %s has left.", email).WithMend("The steward can take that back in the Compact.")
		}
		return p, errs.New(errs.Unsigned, "The Compact in force does not know %s.", email).WithMend("The steward adds people to the Compact.")
	}
	var err error
	if p.Level, err = w.levelNow(tx, p); err != nil {
		return p, err
	}
	if p, err = w.granted(tx, p); err != nil {
		return p, err
	}
	p.StandsIn, err = w.standIns(tx, p)
	return p, err
}

// standIns gives those whose places a person takes now. A deputy decides for who
// named them; the duties of somebody who has left go to their deputy, and where
// none is named for a dataset, to the managers of its department.
func (w *Workflow) standIns(tx Tx, p access.Principal) (out []access.StandIn, err error) {
	all, err := w.deputiesNow(tx)
	if err != nil {
		return nil, err
	}
	leavers := w.Compact().Leavers()
	for _, d := range all {
		if d.Deputy != p.Email {
			continue
		}
		if who, here := w.Compact().Principal(d.Person); here {
			out = append(out, access.StandIn{For: who, Datasets: d.Datasets, Deputy: d.ID})
		} else if i := slices.IndexFunc(leavers, func(l access.Principal) bool { return l.Email == d.Person }); i >= 0 {
			out = append(out, access.StandIn{For: leavers[i], Datasets: d.Datasets, Deputy: d.ID, Left: true})
		}
	}
	for _, l := range leavers {
		var datasets []string
		for _, d := range w.Compact().Datasets {
			if p.Is(access.Manager) && p.In(d.Department) && len(deputiesOf(all, l.Email, d.Name)) == 0 {
				datasets = append(datasets, d.Name)
			}
		}
		if len(datasets) > 0 {
			out = append(out, access.StandIn{For: l, Datasets: datasets, Left: true})
		}
	}
	return out, nil
}

// deputiesNow gives the deputies whose time it is, and who are people of the
// Compact in force.
func (w *Workflow) deputiesNow(tx Tx) ([]access.Deputy, error) {
	all, err := tx.Deputies()
	return slices.DeleteFunc(all, func(d access.Deputy) bool {
		_, here := w.Compact().Principal(d.Deputy)
		return !here || !d.InForce(w.Now())
	}), err
}

// deputiesOf gives a person's deputies for a dataset.
func deputiesOf(all []access.Deputy, person access.Email, dataset string) (out []access.Email) {
	for _, d := range all {
		if d.Person == person && d.Covers(dataset) && !slices.Contains(out, d.Deputy) {
			out = append(out, d.Deputy)
		}
	}
	return out
}

// vacancies gives the places in a role that people have left, and who may decide in
// each: who named them, else the managers of the department.
func (w *Workflow) vacancies(tx Tx, comp *compact.Compact, dataset string, role access.Role) (out []change.Vacancy, err error) {
	d := comp.AccessDataset(dataset)
	var all []access.Deputy
	for _, l := range comp.Leavers() {
		owner := role == access.Owner && d.OwnedBy(l)
		manager := role == access.Manager && l.Is(access.Manager) && l.In(d.Department)
		if !owner && !manager {
			continue
		}
		if all == nil {
			if all, err = w.deputiesNow(tx); err != nil {
				return nil, err
			}
		}
		v := change.Vacancy{Of: l.Email, To: deputiesOf(all, l.Email, dataset)}
		if len(v.To) == 0 && owner {
			v.To = comp.Deciders(dataset, access.Manager)
		}
		if len(v.To) > 0 {
			out = append(out, v)
		}
	}
	return out, nil
}

// caring gives a person the place of a change's maker whom the Compact does not name
// at all any more, if they are a manager of its departments: nothing is left that
// nobody could go on with.
func (w *Workflow) caring(p access.Principal, c *change.Change) access.Principal {
	if _, there := w.Compact().Person(c.Maker); there {
		return p
	}
	gone := access.StandIn{For: access.Principal{Email: c.Maker, Name: string(c.Maker), Roles: []access.Role{access.Maker}}, Left: true}
	for _, name := range c.Datasets() {
		d := w.Compact().AccessDataset(name)
		if !p.Is(access.Manager) || !p.In(d.Department) {
			return p
		}
		gone.Datasets = append(gone.Datasets, name)
		gone.For.Departments = append(gone.For.Departments, d.Department)
	}
	p.StandsIn = append(slices.Clone(p.StandsIn), gone)
	return p
}

// here tells whether somebody is a person of the Compact in force and has not left.
func (w *Workflow) here(e access.Email) bool {
	_, known := w.Compact().Principal(e)
	return known
}
