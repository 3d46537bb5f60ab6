package compact

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"sutor/internal/access"
)

var shareShape = shape{"share", []key{
	{"see", false, "see: [finance]"},
	{"propose", false, "propose: [fred@example.test]"},
}}

var rowsShape = shape{"rows", []key{
	{"for", true, "for: [sales]"},
	{"where", true, `where: "country == 'DE'"`},
}}

// RowRule lets people see and change only some rows of a dataset.
type RowRule struct {
	For   []access.Who
	Where Expr
	Path  Path
}

// masks are what a column may be shown as to those who do not see its values.
var masks = []access.Mask{access.Dots, access.Last4}

// share reads who besides the department has rights: a list of those who see, or
// both lists by name.
func (s section) share() access.Share {
	n, ok := s.values["share"]
	if !ok {
		return access.Share{}
	}
	if n.Kind != yaml.MappingNode {
		return access.Share{See: s.r.who(n)}
	}
	sub := s.r.section(n, "`share`", shareShape)
	return access.Share{See: sub.who("see"), Propose: sub.who("propose")}
}

func (s section) who(key string) []access.Who {
	n, ok := s.values[key]
	if !ok {
		return nil
	}
	return s.r.who(n)
}

// who reads a list of people, roles and departments. Whether they are there is
// checked once the whole file was read.
func (r *reader) who(n node) []access.Who {
	var out []access.Who
	seen := map[string]bool{}
	items, _ := r.list(n)
	for _, item := range items {
		text, ok := r.filled(item)
		w := access.Who(text)
		if email, person := w.Person(); person {
			w = access.Who(email)
		}
		if ok && r.distinct(item, seen, string(w)) {
			out = append(out, w)
			r.named = append(r.named, naming{w, item.path})
		}
	}
	return out
}

// naming is somebody named in a list, to be looked up later.
type naming struct {
	who  access.Who
	path Path
}

// namings checks that whoever is named is there, and is one thing only.
func (r *reader) namings() {
	for _, n := range r.named {
		email, person := n.who.Person()
		_, role := n.who.Role()
		department := slices.Contains(r.c.Departments, access.Department(n.who))
		switch {
		case person:
			if _, ok := r.c.Person(email); !ok {
				r.unknown(n.path, "person", string(email))
			}
		case role && department:
			r.problem(n.path, fmt.Sprintf("`%s` is a role and a department of this Compact: who is meant cannot be told.", n.who),
				"Give the department another name.")
		case !role && !department:
			r.unknown(n.path, "department", string(n.who))
		}
	}
}

func (r *reader) rowRule(n node) RowRule {
	s := r.section(n, "this rule of `rows`", rowsShape)
	return RowRule{For: s.who("for"), Where: s.expr("where"), Path: n.path}
}

// sight reads who sees a column's values.
func (s section) sight(c *ColumnRule) {
	c.VisibleTo, c.Mask = s.who("visible_to"), word(s, "mask", masks)
	if n, masked := s.values["mask"]; masked && c.VisibleTo == nil {
		s.r.problem(n.path, "`mask` says what those see who may not see the column, and there is no `visible_to` that says who may.",
			"Add it, for example `visible_to: [owner]`.")
	}
}

// keys refuses a key that is kept from people: rows could not be told apart.
func (r *reader) keys(d *Dataset) {
	for _, name := range d.Key {
		if c := d.Columns[name]; c.VisibleTo != nil {
			r.problem(c.Path.To("visible_to"), fmt.Sprintf("`%s` is part of the key of `%s`, by which people tell its rows apart: it cannot be kept from anybody who sees rows.", short(name), d.Name),
				"Leave `visible_to` out, or choose another unique key.")
		}
	}
}

// blind warns of people who must decide on, or prove, what they do not see.
func (r *reader) blind(d *Dataset) {
	ad := r.c.AccessDataset(d.Name)
	for _, name := range sortedKeys(d.Columns) {
		rule := d.Columns[name]
		if rule.VisibleTo == nil {
			continue
		}
		if !slices.ContainsFunc(d.Owners, func(e access.Email) bool { p, _ := r.c.Principal(e); return access.See(p, ad).Sees(name) }) {
			r.warning(rule.Path.To("visible_to"), fmt.Sprintf("No owner of `%s` sees `%s`: a change that writes it cannot be approved by them.", d.Name, short(name)),
				"Add `owner` to `visible_to`.")
		}
	}
	for i, rule := range d.Rows {
		for _, e := range d.Owners {
			p, _ := r.c.Principal(e)
			only := ad
			only.Rows = ad.Rows[i : i+1]
			if !access.See(p, only).AllRows() {
				r.warning(rule.Path.To("for"), fmt.Sprintf("%s is an owner of `%s` and sees only the rows of this rule: they cannot decide on a change of others.", e, d.Name),
					"Name makers by a role or a department that the owner has not, or one by one.")
			}
		}
	}
}

// sights gives the rules of who sees which column, as access judges them.
func (d *Dataset) sights() map[string]access.Column {
	out := map[string]access.Column{}
	for name, c := range d.Columns {
		if c.VisibleTo != nil {
			out[name] = access.Column{VisibleTo: c.VisibleTo, Mask: c.Mask}
		}
	}
	return out
}

func (d *Dataset) rowRules() (out []access.RowRule) {
	for _, r := range d.Rows {
		out = append(out, access.RowRule{For: r.For, Where: r.Where.Text})
	}
	return out
}
