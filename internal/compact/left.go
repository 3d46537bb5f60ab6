package compact

import (
	"fmt"
	"slices"
	"strings"

	"sutor/internal/access"
)

// leftOwners gives the listed owners who have left, sorted; nil if none has.
func (c *Compact) leftOwners(d *Dataset) (out []access.Email) {
	for _, o := range d.Owners {
		if p, ok := c.Person(o); ok && p.Left {
			out = append(out, o)
		}
	}
	slices.Sort(out)
	return out
}

// left tells what moves because a person has left: what they were to decide, and
// their own open changes.
func (r *reader) left(p Person) {
	path := p.Path.To("left")
	for i := range r.c.Datasets {
		d := &r.c.Datasets[i]
		if p.Is(access.Owner) && slices.Contains(d.Owners, p.Email) {
			r.warning(path, fmt.Sprintf("%s has left: what they were to decide on `%s` as owner goes to the deputy whom they named, else to %s.", p.Email, d.Name, r.heirs(d)),
				"Name another owner in their place.")
		}
	}
	for _, department := range p.Departments {
		if p.Is(access.Maker) {
			r.warning(path, fmt.Sprintf("%s has left: their open changes in the department `%s` go to the deputy whom they named, else to its managers.", p.Email, department),
				"There is nothing to do; the managers see these changes as theirs.")
		}
		if p.Is(access.Manager) && r.lastManager(department) {
			r.warning(path, fmt.Sprintf("%s has left, and the department `%s` has no other manager: only a deputy whom they named decides as its manager.", p.Email, department),
				"Give somebody the role `manager` there.")
		}
	}
}

// heirs names those to whom an owner's decisions go where no deputy is named.
func (r *reader) heirs(d *Dataset) string {
	managers := r.c.Deciders(d.Name, access.Manager)
	if len(managers) == 0 {
		return fmt.Sprintf("nobody, as the department `%s` has no manager", d.Department)
	}
	names := make([]string, len(managers))
	for i, m := range managers {
		names[i] = string(m)
	}
	return strings.Join(names, " or ")
}

func (r *reader) lastManager(department access.Department) bool {
	return !slices.ContainsFunc(r.c.People, func(p Person) bool { return !p.Left && p.Is(access.Manager) && p.In(department) })
}
