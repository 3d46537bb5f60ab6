package compact

import (
	"fmt"
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/errs"
)

// check looks at what refers to something else in the file. It works on what
// could be read: a part that is missing or wrong was reported where it stands.
func (r *reader) check() {
	r.people()
	for i := range r.c.Datasets {
		d := &r.c.Datasets[i]
		r.references(d)
		r.owners(d)
		r.sameName(d)
		r.keys(d)
	}
	r.spread()
	r.namings()
	for _, f := range r.c.Freezes {
		for _, name := range f.Datasets {
			if _, ok := r.c.Dataset(name); !ok {
				r.unknown(r.item(f.Path.To("datasets"), name), "dataset", name)
			}
		}
	}
}

// names lists what a top-level section names.
func (r *reader) names(what string) (names []string) {
	switch what {
	case "system":
		for _, s := range r.c.Systems {
			names = append(names, s.Name)
		}
	case "process":
		for _, p := range r.c.Processes {
			names = append(names, p.Name)
		}
	case "dataset":
		for _, d := range r.c.Datasets {
			names = append(names, d.Name)
		}
	case "department":
		for _, d := range r.c.Departments {
			names = append(names, string(d))
		}
	case "person":
		for _, p := range r.c.People {
			names = append(names, string(p.Email))
		}
	}
	return names
}

// Finding the nearest name takes time, so it is done for so many unknown names
// and among so many known ones only.
const (
	mostSuggestions = 100
	mostKnown       = 5000
)

// unknown reports a name that the file does not define.
func (r *reader) unknown(path Path, what, name string) {
	mend := fmt.Sprintf("Define it under `%s`, or correct the name.", plural(what))
	if r.suggested < mostSuggestions {
		r.suggested++
		known := r.names(what)
		switch near := errs.Nearest(name, known[:min(len(known), mostKnown)]); {
		case len(known) == 0:
			return // the whole section is missing or wrong, which is reported
		case near != "":
			mend = fmt.Sprintf("Did you mean `%s`?", near)
		case len(known) <= 10:
			mend = "The file has " + list(known, "and") + "."
		}
	}
	r.problem(path, fmt.Sprintf("There is no %s `%s`.", what, short(name)), mend)
}

func plural(what string) string {
	switch what {
	case "person":
		return "people"
	case "process":
		return "processes"
	}
	return what + "s"
}

// item finds the place of a text within the list at path, or the path itself
// where one text stands in place of a list.
func (r *reader) item(path Path, text string) Path {
	if at, ok := r.items[path][fold(text)]; ok {
		return at
	}
	return path
}

func (r *reader) people() {
	departments := map[access.Department]bool{}
	for _, d := range r.c.Departments {
		departments[d] = true
	}
	first := map[access.Email]Path{}
	for _, p := range r.c.People {
		if other, twice := first[p.Email]; twice {
			r.problem(p.Path, fmt.Sprintf("%s is there already, on line %d: addresses that differ in capital letters only are one person.",
				p.Email, r.c.Pos(other).Line), "Keep one entry with all roles.")
		} else {
			first[p.Email] = p.Path
		}
		for _, d := range p.Departments {
			if !departments[d] {
				r.unknown(r.item(p.Path.To("departments"), string(d)), "department", string(d))
			}
		}
	}
}

func (r *reader) references(d *Dataset) {
	if _, ok := r.c.System(d.System); !ok && d.System != "" {
		r.unknown(d.Path.To("system"), "system", d.System)
	}
	if d.Department != "" && !slices.Contains(r.c.Departments, d.Department) {
		r.unknown(d.Path.To("department"), "department", string(d.Department))
	}
	if _, ok := r.c.Process(d.Process); !ok && d.Process != "" {
		r.unknown(d.Path.To("process"), "process", d.Process)
	}
}

func (r *reader) owners(d *Dataset) {
	if d.ownerPath == d.Path.To("owner") { // else its process is asked
		r.ownersExist(d.Owners, d.ownerPath)
	}
}

func (r *reader) ownersExist(owners []access.Email, at Path) {
	for _, email := range owners {
		path := r.item(at, string(email))
		p, ok := r.c.Person(email)
		switch {
		case !ok:
			r.unknown(path, "person", string(email))
		case len(p.Roles) > 0 && !p.Is(access.Owner):
			r.problem(path, fmt.Sprintf("%s cannot own a dataset: the Compact does not give them the role `owner`.", email),
				"Add `owner` to their roles under `people`, or name somebody who has it.")
		}
	}
}

// sameName reports a name by which a column of a file would match two columns.
func (r *reader) sameName(d *Dataset) {
	taken := map[string]string{} // folded name → column
	columns := sortedKeys(d.Columns)
	for _, name := range columns {
		taken[fold(name)] = name
	}
	claim := func(column, name string, path Path) {
		if other, ok := taken[fold(name)]; ok && other != column {
			r.problem(path, fmt.Sprintf("%q stands for the column `%s` and for `%s`: a file with that heading would be ambiguous.",
				short(name), short(other), short(column)), "Keep it at one of them.")
			return
		}
		taken[fold(name)] = column
	}
	for _, name := range columns {
		c := d.Columns[name]
		if c.Label != "" {
			claim(name, c.Label, c.Path.To("label"))
		}
		for _, also := range c.Also {
			claim(name, also, r.item(c.Path.To("also"), also))
		}
	}
}

// fold makes headings comparable as file headings are matched: without capital
// letters and blanks around.
func fold(name string) string { return strings.ToLower(strings.TrimSpace(name)) }

// guardrailNames: a dataset's guardrail may have the name of one of its process,
// whose place it takes; two of one list may not.
func (r *reader) guardrailNames(what string, all []Guardrail) {
	first := map[string]Path{}
	for _, g := range all {
		if other, twice := first[g.Name]; twice && g.Name != "" {
			r.problem(g.Path.To("name"), fmt.Sprintf("The %s has a guardrail `%s` already, on line %d.", what, short(g.Name), r.c.Pos(other).Line),
				"Choose another name: findings are told apart by it.")
			continue
		}
		first[g.Name] = g.Path
	}
}
