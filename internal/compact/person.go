package compact

import (
	"slices"

	"sutor/internal/access"
)

// indexPeople makes Person quick: it is asked at every call.
func (c *Compact) indexPeople() {
	c.people = make(map[access.Email]int, len(c.People))
	for i := len(c.People) - 1; i >= 0; i-- { // the first of two wins
		c.people[c.People[i].Email] = i
	}
}

// Person finds a person; the address is compared case-folded.
func (c *Compact) Person(email access.Email) (Person, bool) {
	i, ok := c.people[access.Fold(string(email))]
	if !ok {
		return Person{}, false
	}
	return c.People[i], true
}

// Principal gives a person's rights; Means is left for who signed them in. Who has
// left has none.
func (c *Compact) Principal(email access.Email) (access.Principal, bool) {
	p, ok := c.Person(email)
	if !ok || p.Left {
		return access.Principal{}, false
	}
	return p.principal(), true
}

// Leavers gives the people who have left, with the rights that they had.
func (c *Compact) Leavers() (out []access.Principal) {
	for _, p := range c.People {
		if p.Left {
			out = append(out, p.principal())
		}
	}
	return out
}

func (p Person) principal() access.Principal {
	return access.Principal{Email: p.Email, Name: p.Name, Roles: slices.Clone(p.Roles),
		Departments: slices.Clone(p.Departments), Level: p.Level}
}

// AccessDataset gives what rights to a dataset are judged against; the zero
// value, to which nobody has rights as owner or by department, for a name that
// is not in the Compact.
func (c *Compact) AccessDataset(name string) access.Dataset {
	d, ok := c.Dataset(name)
	if !ok {
		return access.Dataset{Name: name}
	}
	return access.Dataset{Name: d.Name, Department: d.Department, Owners: slices.Clone(d.Owners),
		Share: d.Share, Columns: d.sights(), Rows: d.rowRules()}
}

// Deciders lists who can decide in a role on a dataset, sorted: the listed
// owners who have the role owner, the managers of its department, the stewards.
// Who has left is not among them; who takes their place is known beside the Compact.
// Nobody for any other role. Segregation of duties is judged per change, by
// package change.
func (c *Compact) Deciders(dataset string, role access.Role) []access.Email {
	d, ok := c.Dataset(dataset)
	if !ok {
		return nil
	}
	var out []access.Email
	for _, p := range c.People {
		if !p.Left && p.Is(role) && standsFor(p, role, d) {
			out = append(out, p.Email)
		}
	}
	slices.Sort(out)
	return out
}

func standsFor(p Person, role access.Role, d *Dataset) bool {
	switch role {
	case access.Owner:
		return slices.Contains(d.Owners, p.Email)
	case access.Manager:
		return p.In(d.Department)
	case access.Steward:
		return true
	}
	return false
}

// deciderRoles are the roles that a route may name.
var deciderRoles = []access.Role{access.Owner, access.Manager, access.Steward}
