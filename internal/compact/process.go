package compact

import (
	"fmt"
	"slices"

	"sutor/internal/access"
)

// Process is a group of datasets that belong to one process of the company: what
// holds for all of them is said once. A dataset names its process; what the
// dataset says itself comes on top (guardrails, freezes) or counts instead
// (owners, a weight of risk, a guardrail of the same name).
//
// It leaves no trace of its own in the digest of a dataset's section, which holds
// what counts in the end: a rule that moves from a dataset to its process, or back,
// is the same rule.
type Process struct {
	Name       string
	Label      string // Name where the file gives none
	Owners     []access.Email
	Needs      int // how many of them must approve
	Guardrails []Guardrail
	Risk       Weights // complete
	Path       Path

	freezes []Freeze // as written: Datasets is empty where the file names none
}

var processShape = shape{"process", []key{
	{"label", false, "label: Order to cash"},
	{"owner", true, "owner: olaf@example.test"},
	{"needs", false, "needs: 2"},
	{"guardrails", false, "guardrails: [{name: too-many, …}]"},
	{"risk", false, "risk: {deletes: 50}"},
	{"freeze", false, "freeze: [{from: …, to: …, say: Stocktaking.}]"},
}}

// Process finds a process by name.
func (c *Compact) Process(name string) (Process, bool) {
	i := slices.IndexFunc(c.Processes, func(p Process) bool { return p.Name == name })
	if i < 0 {
		return Process{}, false
	}
	return c.Processes[i], true
}

func (r *reader) process(e entry) Process {
	s := r.section(e.node, "the process `"+short(e.name)+"`", processShape)
	p := Process{Name: e.name, Label: s.text("label"), Owners: s.owners(), Needs: s.needs(), Risk: s.weights(r.c.Risk), Path: e.path}
	if p.Label == "" {
		p.Label = p.Name
	}
	for _, n := range s.nodes("guardrails") {
		g := r.guardrail(n)
		g.Process = p.Name
		p.Guardrails = append(p.Guardrails, g)
	}
	r.guardrailNames("process", p.Guardrails)
	for _, n := range s.nodes("freeze") {
		p.freezes = append(p.freezes, r.freeze(n))
	}
	return p
}

// inherit gives a dataset what its process says.
func (d *Dataset) inherit(p Process) {
	if d.Owners == nil {
		d.Owners, d.ownerPath = slices.Clone(p.Owners), p.Path.To("owner")
	}
	if d.Needs == 0 {
		d.Needs = p.Needs
	}
	own := d.Guardrails
	d.Guardrails = slices.Clone(p.Guardrails)
	for _, g := range own {
		i := slices.IndexFunc(d.Guardrails, func(other Guardrail) bool { return other.Name == g.Name })
		if i < 0 {
			d.Guardrails = append(d.Guardrails, g)
		} else {
			d.Guardrails[i] = g
		}
	}
}

// spread gives the freezes of each process to its datasets, and checks what a
// process says of them.
func (r *reader) spread() {
	for _, p := range r.c.Processes {
		r.ownersExist(p.Owners, p.Path.To("owner"))
		var members []string
		for _, d := range r.c.Datasets {
			if d.Process == p.Name {
				members = append(members, d.Name)
			}
		}
		for _, f := range p.freezes {
			for _, name := range f.Datasets {
				if _, ok := r.c.Dataset(name); ok && !slices.Contains(members, name) {
					r.problem(r.item(f.Path.To("datasets"), name), fmt.Sprintf("The dataset `%s` is not of the process `%s`.", short(name), p.Name),
						"Write the freeze at the top of the file, or name the process in the dataset: `process: "+p.Name+"`.")
				}
			}
			if f.Datasets == nil {
				f.Datasets = members
			}
			if len(f.Datasets) > 0 { // a freeze of no dataset would be one of all
				r.c.Freezes = append(r.c.Freezes, f)
			}
		}
	}
}

// unused warns of a process that no dataset names.
func (r *reader) unused(p Process) {
	if !slices.ContainsFunc(r.c.Datasets, func(d Dataset) bool { return d.Process == p.Name }) {
		r.warning(p.Path, fmt.Sprintf("No dataset belongs to the process `%s`: what it says holds for nothing.", p.Name),
			"Name it in its datasets: `process: "+p.Name+"`.")
	}
}
