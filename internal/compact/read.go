package compact

import (
	"fmt"
	"regexp"
	"time"

	"go.yaml.in/yaml/v3"

	"sutor/internal/access"
	"sutor/internal/record"
)

var rootShape = shape{"compact", []key{
	{"compact", true, "compact: Example Trading"},
	{"timezone", false, "timezone: Europe/Amsterdam"},
	{"systems", true, `systems: {erp: {kind: postgres, dsn: "env:ERP_DSN"}}`},
	{"departments", true, "departments: [sales, finance]"},
	{"people", true, "people: {olaf@example.test: {name: Olaf, roles: [owner]}}"},
	{"processes", false, "processes: {order-to-cash: {owner: olaf@example.test, …}}"},
	{"datasets", true, "datasets: {customers: {system: erp, table: customer, …}}"},
	{"risk", false, "risk: {deletes: 50}"},
	{"levels", false, "levels: [{level: expert, when: clean >= 20, say: …}]"},
	{"remind", false, "remind: 3d"},
	{"freeze", false, "freeze: [{from: …, to: …, say: Year-end closing.}]"},
}}

var systemShape = shape{"system", []key{
	{"kind", true, "kind: postgres"},
	{"dsn", true, `dsn: "env:ERP_DSN"`},
}}

var personShape = shape{"person", []key{
	{"name", false, "name: Maria"},
	{"roles", true, "roles: [maker]"},
	{"departments", false, "departments: [sales]"},
	{"level", false, "level: practitioner"},
	{"left", false, "left: true"},
}}

var levelShape = shape{"level", []key{
	{"level", true, "level: expert"},
	{"when", true, "when: 'clean >= 20 && days_since_bad >= 90'"},
	{"say", true, "say: Twenty clean changes, and nothing that went wrong for three months."},
}}

var freezeShape = shape{"freeze", []key{
	{"from", true, "from: 2026-12-30T00:00:00+01:00"},
	{"to", true, "to: 2027-01-03T00:00:00+01:00"},
	{"datasets", false, "datasets: [customers]"},
	{"say", true, "say: Year-end closing."},
}}

// compact reads the whole file.
func (r *reader) compact(root *yaml.Node) {
	s := r.section(node{root, "", "the file"}, "the Compact", rootShape)
	r.c.Name = s.text("compact")
	r.c.Timezone = s.timezone("timezone")
	r.each(s, "systems", slug, func(e entry) { r.c.Systems = append(r.c.Systems, r.system(e)) })
	for _, d := range s.texts("departments") {
		r.c.Departments = append(r.c.Departments, access.Department(d))
	}
	r.each(s, "people", nil, func(e entry) { r.c.People = append(r.c.People, r.person(e)) })
	r.c.Risk = s.weights(DefaultWeights())
	for _, n := range s.nodes("levels") {
		r.c.Levels = append(r.c.Levels, r.levelRule(n))
	}
	r.c.Remind = s.days("remind", DefaultRemind)
	r.each(s, "processes", slug, func(e entry) { r.c.Processes = append(r.c.Processes, r.process(e)) })
	r.each(s, "datasets", slug, func(e entry) { r.c.Datasets = append(r.c.Datasets, r.dataset(e)) })
	for _, n := range s.nodes("freeze") {
		r.c.Freezes = append(r.c.Freezes, r.freeze(n))
	}
}

// each reads the entries of a mapping from names to sections; a name must match
// form, where one is given.
func (r *reader) each(s section, key string, form *regexp.Regexp, read func(entry)) {
	n, ok := s.values[key]
	if !ok {
		return
	}
	entries, ok := r.entries(n, "`"+key+"`")
	if ok && len(entries) == 0 && s.shape.requires(key) {
		r.problem(n.path, fmt.Sprintf("`%s` is empty.", key), "Name at least one.")
	}
	for _, e := range entries {
		if form != nil && !form.MatchString(e.name) {
			r.problemAt(e.keyNode, e.path, fmt.Sprintf("%q is no name that can stand in commands and addresses.", short(e.name)), slugMend)
		}
		read(e)
	}
}

// nodes gives the items of the list under a key.
func (s section) nodes(key string) []node {
	n, ok := s.values[key]
	if !ok {
		return nil
	}
	items, _ := s.r.list(n)
	return items
}

// requires tells whether a key must be there.
func (s shape) requires(name string) bool {
	for _, k := range s.keys {
		if k.name == name {
			return k.required
		}
	}
	return false
}

// slug is what names of systems, datasets and guardrails look like: they stand
// in commands, addresses and messages.
var slug = regexp.MustCompile(slugPattern)

const (
	slugPattern = `^[a-z][a-z0-9_-]{0,62}$`
	slugMend    = "Start with a small letter a-z, then small letters, digits, - and _ (63 at most); people see the label."
)

func (s section) timezone(key string) *time.Location {
	n, ok := s.values[key]
	if !ok {
		return time.UTC
	}
	name, ok := s.r.filled(n)
	if !ok {
		return time.UTC
	}
	loc, err := time.LoadLocation(name)
	if err != nil || name == "Local" { // Local is whatever the machine is set to
		s.r.problem(n.path, fmt.Sprintf("%q is no time zone.", short(name)),
			"Write its name in the IANA list, such as Europe/Amsterdam or UTC.")
		return time.UTC
	}
	return loc
}

func (r *reader) system(e entry) System {
	what := "the system `" + short(e.name) + "`"
	s := r.section(e.node, what, systemShape)
	sys := System{Name: e.name, Path: e.path}
	if n, ok := s.values["kind"]; ok {
		sys.Kind = r.kind(n)
	}
	sys.DSN = s.text("dsn")
	if sys.DSN != "" {
		if message, mend := refuseDSN(sys.Kind, sys.DSN); message != "" {
			r.problem(e.path.To("dsn"), "The `dsn` of "+what+" "+message, mend)
			sys.DSN = "" // whatever it was, it goes no further
		}
	}
	return sys
}

func (r *reader) kind(n node) Kind {
	if n.Kind == yaml.ScalarNode {
		for _, later := range laterKinds {
			if n.Value == later {
				r.problem(n.path, fmt.Sprintf("Systems of kind `%s` are planned, but this version cannot connect to them yet.", later),
					"This version knows `sqlite`, `postgres` and `mysql`.")
				return ""
			}
		}
	}
	k, _ := choice(r, n, Kinds)
	return k
}

// address is what an e-mail address must look like here: printable ASCII, so
// that two addresses that look alike are the same.
var address = regexp.MustCompile(addressPattern)

const addressPattern = "^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$"

func (r *reader) person(e entry) Person {
	if !address.MatchString(e.name) {
		r.problemAt(e.keyNode, e.path, fmt.Sprintf("%q is no e-mail address.", short(e.name)),
			"Write it as maria@example.test, in ASCII letters and without a display name.")
	}
	s := r.section(e.node, "the person `"+short(e.name)+"`", personShape)
	p := Person{Email: access.Fold(e.name), Path: e.path, Name: s.text("name"),
		Roles: words(s, "roles", access.Roles), Level: word(s, "level", access.Levels)}
	for _, d := range s.texts("departments") {
		p.Departments = append(p.Departments, access.Department(d))
	}
	if left := s.flag("left"); left != nil {
		p.Left = *left
	}
	if p.Name == "" {
		p.Name = string(p.Email)
	}
	if p.Level == "" {
		p.Level = access.Newcomer
	}
	return p
}

func (r *reader) levelRule(n node) LevelRule {
	s := r.section(n, "this level", levelShape)
	l := LevelRule{Level: word(s, "level", access.Levels), When: s.expr("when"), Say: s.text("say"), Path: n.path}
	if l.Level == access.Newcomer {
		r.problem(n.path.To("level"), "Everybody is at least a newcomer, so no rule can make somebody one.", "Write practitioner or expert.")
	}
	return l
}

func (r *reader) freeze(n node) Freeze {
	s := r.section(n, "this freeze", freezeShape)
	f := Freeze{From: s.instant("from"), To: s.instant("to"), Datasets: s.texts("datasets"), Say: s.text("say"), Path: n.path}
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		r.problem(n.path.To("to"), "The freeze ends before it starts.", "Write a `to` that is later than `from`.")
	}
	return f
}

// instant gives the moment under a key; without an offset the Compact's time
// zone counts, as everywhere.
func (s section) instant(key string) time.Time {
	n, ok := s.values[key]
	if !ok {
		return time.Time{}
	}
	text, ok := s.r.filled(n)
	if !ok {
		return time.Time{}
	}
	canonical, p := record.Type{Kind: record.TimestampTZ}.Parse(text, s.r.c.Timezone)
	if p != record.OK {
		s.r.problem(n.path, fmt.Sprintf("%q is no moment in time.", short(text)),
			"Write date, time and offset to the second, as in 2026-12-30T00:00:00+01:00.")
		return time.Time{}
	}
	at, err := time.Parse(time.DateTime+"-07", canonical)
	if err != nil {
		panic("compact: record's canonical instants have another layout: " + err.Error())
	}
	return at.UTC()
}
