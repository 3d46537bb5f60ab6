package compact

import (
	"fmt"
	"slices"

	"sutor/internal/access"
	"sutor/internal/finding"
	"sutor/internal/record"
)

// warn looks for what is allowed but will leave somebody standing: routes that
// nobody can walk, people who can do nothing. Segregation of duties makes many
// of these: the maker of a change never decides on it, and nobody decides for
// two roles.
func (r *reader) warn() {
	for _, p := range r.c.People {
		if p.Left {
			r.left(p)
			continue
		}
		r.idle(p)
	}
	for _, p := range r.c.Processes {
		r.unused(p)
	}
	for i := range r.c.Datasets {
		d := &r.c.Datasets[i]
		r.proposers(d)
		r.fewOwners(d)
		r.blind(d)
		for _, g := range d.Guardrails {
			r.unwalkable(d, g)
		}
		if d.Retain.Values < ownersUndo {
			r.warning(d.Retain.Path.To("values"), fmt.Sprintf("Values are kept for %d days only: undo is offered no longer than that.", d.Retain.Values),
				fmt.Sprintf("An owner may undo within %d days; keep values at least as long.", ownersUndo))
		}
	}
	r.sharedTables()
	r.unquoted()
}

// ownersUndo is how long an owner may reverse a change alone (lifecycle).
const ownersUndo Days = 30

func (r *reader) idle(p Person) {
	for _, role := range []access.Role{access.Maker, access.Manager} {
		if p.Is(role) && len(p.Departments) == 0 {
			r.warning(p.Path, fmt.Sprintf("%s is a %s without a department, and can do nothing as such.", p.Email, role),
				"Add `departments`.")
		}
	}
	if _, written := r.c.places[p.Path.To("level")]; written && !p.Is(access.Maker) {
		r.warning(p.Path.To("level"), fmt.Sprintf("%s has a level, but is no maker: it has no effect.", p.Email), "Remove it, or add the role `maker`.")
	}
}

func (r *reader) makers(d *Dataset) (out []access.Email) {
	for _, p := range r.c.People {
		if !p.Left && p.Is(access.Maker) && p.In(d.Department) {
			out = append(out, p.Email)
		}
	}
	return out
}

func (r *reader) proposers(d *Dataset) {
	if len(r.makers(d)) == 0 {
		r.warning(d.Path, fmt.Sprintf("Nobody can propose a change of `%s`: the department `%s` has no maker.", d.Name, d.Department),
			"Give somebody the role `maker` in that department.")
	}
}

// fewOwners warns where too few people may decide as owners.
func (r *reader) fewOwners(d *Dataset) {
	if len(r.c.leftOwners(d)) > 0 {
		return // who takes their place is told there
	}
	if len(d.Owners) < d.Needs {
		r.warning(d.Path.To("needs"), fmt.Sprintf("%d owners must approve a change, but only %d can: every change of `%s` will be blocked.", d.Needs, len(d.Owners), d.Name),
			"Name more owners, or ask for fewer.")
		return
	}
	for _, o := range d.Owners {
		switch {
		case len(d.Owners) > d.Needs || !slices.Contains(r.makers(d), o):
		case d.Needs == 1:
			r.warning(d.ownerPath, fmt.Sprintf("%s is the only owner and a maker of the department too: nobody could approve what they propose themselves.", o),
				"Add a second owner.")
		default:
			r.warning(d.ownerPath, fmt.Sprintf("%s is a maker of the department too: what they propose themselves has too few other owners to approve it.", o),
				"Add one more owner.")
		}
	}
}

// unwalkable warns of a guardrail whose extra approval nobody could give beside
// the owner's, who always decides where a guardrail asks for an approval.
func (r *reader) unwalkable(d *Dataset, g Guardrail) {
	if g.Then != finding.Approve || g.By == access.Owner && g.Needs <= d.Needs || len(r.c.leftOwners(d)) > 0 {
		return
	}
	deciders := r.c.Deciders(d.Name, g.By)
	path, owners := g.Path.To("by"), d.Needs
	if g.By == access.Owner {
		path, owners = g.Path.To("needs"), g.Needs
	}
	where := ""
	if g.By == access.Manager {
		where = fmt.Sprintf(" in the department `%s`", d.Department)
	}
	more := "Name one more " + string(g.By) + "."
	switch {
	case len(deciders) == 0:
		r.warning(path, fmt.Sprintf("There is no %s%s: changes that meet this guardrail will be blocked.", g.By, where),
			fmt.Sprintf("Give somebody the role `%s`, or ask another role.", g.By))
	case len(deciders) < g.Needs:
		r.warning(g.Path.To("needs"), fmt.Sprintf("It asks for %d people with the role %s%s, but the Compact names only %d: changes that meet this guardrail will be blocked.", g.Needs, g.By, where, len(deciders)), more)
	case len(deciders) == 1 && len(d.Owners) == 1 && deciders[0] == d.Owners[0] && g.By != access.Owner:
		r.warning(path, fmt.Sprintf("%s is the only owner and the only %s: nobody decides for two roles, so changes that meet this guardrail will be blocked.", deciders[0], g.By),
			"Name one more owner, or one more "+string(g.By)+".")
	case len(d.Owners) >= d.Needs && !r.fills(d, g, owners, ""):
		r.warning(path, fmt.Sprintf("Nobody decides for two roles, and there are too few people to be %s and owners at once: changes that meet this guardrail will be blocked.", g.By),
			"Name one more owner, or one more "+string(g.By)+".")
	case len(deciders) == 1 && slices.Contains(r.makers(d), deciders[0]):
		r.warning(path, fmt.Sprintf("%s is the only %s here and a maker too: their own changes that meet this guardrail will be blocked.", deciders[0], g.By), more)
	case len(d.Owners) > d.Needs: // else it is told at the dataset
		for _, maker := range r.makers(d) {
			if !r.fills(d, g, owners, maker) {
				r.warning(path, fmt.Sprintf("%s is a maker too: their own changes that meet this guardrail will be blocked, as too few others may decide.", maker), more)
			}
		}
	}
}

// fills tells whether there are different people for a guardrail and for so many
// owners at once, without one of them.
func (r *reader) fills(d *Dataset, g Guardrail, owners int, without access.Email) bool {
	var places [][]access.Email
	add := func(role access.Role, needs int) {
		may := slices.DeleteFunc(r.c.Deciders(d.Name, role), func(e access.Email) bool { return e == without })
		for range needs {
			places = append(places, may)
		}
	}
	add(access.Owner, owners)
	if g.By != access.Owner {
		add(g.By, g.Needs)
	}
	_, ok := fill(places)
	return ok
}

// sharedTables warns of two datasets over one table: the guardrails of one do
// not hold for the other.
func (r *reader) sharedTables() {
	type place struct {
		system string
		table  record.Table
	}
	first := map[place]string{}
	for _, d := range r.c.Datasets {
		at := place{d.System, d.Table}
		if at.table.Schema == "" {
			at.table.Schema = r.defaultSchema(d.System)
		}
		if other, twice := first[at]; twice {
			r.warning(d.Path.To("table"), fmt.Sprintf("The dataset `%s` governs this table already; its guardrails do not hold here, nor these there.", other),
				"Make sure that both sections say what must always hold.")
			continue
		}
		first[at] = d.Name
	}
}

// defaultSchema is where a table without a schema is (docs/compact.md).
func (r *reader) defaultSchema(system string) string {
	s, _ := r.c.System(system)
	switch s.Kind {
	case SQLite:
		return "main"
	case MySQL:
		return "" // only the connection string tells
	}
	return "public"
}
