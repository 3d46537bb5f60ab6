package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"sutor/internal/access"
	"sutor/internal/compact"
	"sutor/internal/record"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
)

// compactModel is the Compact in plain words.
type compactModel struct {
	name     string
	digest   string
	since    string
	people   []personLine
	datasets []rulesOfDataset
	freezes  []string
	versions []versionLine
	tabs     []ui.Link
	text     string
	change   *versionChange
}

type personLine struct{ name, email, roles, departments, level string }

// rulesOfDataset is what holds for one dataset.
type rulesOfDataset struct {
	label, to, owners, allow string
	rules                    []plainRule
	free                     []string // who may go ahead without the owner
	retain                   string
}

type versionLine struct {
	digest, short, since string
	now                  bool
	to                   string // what changed with it; "" for the first
}

// versionChange is what is different between a version and the one before.
type versionChange struct {
	older, newer string
	hunks        []hunk
}

// hunk is some lines that changed, with those around.
type hunk struct{ lines []diffLine }

type diffLine struct {
	op   ui.Word
	text string
}

func (s *site) compact(w http.ResponseWriter, r *http.Request, p access.Principal) {
	h := s.head(r, &p, "Compact")
	in, err := s.uc.CompactInForce(r.Context(), p)
	var all []wire.CompactVersion
	if err == nil {
		all, err = s.uc.CompactVersions(r.Context(), p)
	}
	var datasets []wire.Dataset
	if err == nil {
		datasets, err = s.uc.Datasets(r.Context(), p)
	}
	if err != nil {
		s.failed(w, r, h, err)
		return
	}
	c, _ := compact.Parse("compact.yaml", []byte(in.Text)) // it was checked when it was put in force
	m := compactOf(c, in, all, datasets)
	m.tabs = compactTabs(r.URL.Path)
	s.render(w, r, http.StatusOK, compactView(h, m))
}

// compactVersions is the page of versions, and of what changed with one of them.
func (s *site) compactVersions(w http.ResponseWriter, r *http.Request, p access.Principal) {
	h := s.head(r, &p, "Versions of the Compact")
	h.Crumbs = []ui.Link{{Text: "Compact", To: "/compact"}}
	all, err := s.uc.CompactVersions(r.Context(), p)
	m := compactModel{versions: versionsOf(all), tabs: compactTabs("/compact/versions")}
	at, wanted := strconv.Atoi(r.URL.Query().Get("at"))
	if err == nil && wanted == nil && at >= 0 && at+1 < len(all) {
		var older, newer wire.Compact
		if newer, err = s.uc.CompactVersion(r.Context(), p, record.Digest(all[at].Digest)); err == nil {
			older, err = s.uc.CompactVersion(r.Context(), p, record.Digest(all[at+1].Digest))
		}
		m.change = &versionChange{short(older.Digest), short(newer.Digest), differences(older.Text, newer.Text)}
	}
	if err != nil {
		s.failed(w, r, h, err)
		return
	}
	s.render(w, r, http.StatusOK, compactVersionsView(h, m))
}

func compactTabs(path string) []ui.Link {
	return []ui.Link{{Text: "In force", To: "/compact", Here: path == "/compact"}, {Text: "Versions", To: "/compact/versions", Here: path == "/compact/versions"}, {Text: "Rehearse", To: "/compact/rehearse", Here: path == "/compact/rehearse"}}
}

func compactOf(c *compact.Compact, in wire.Compact, all []wire.CompactVersion, datasets []wire.Dataset) compactModel {
	m := compactModel{digest: short(in.Digest), text: in.Text}
	if len(all) > 0 {
		m.since = when(all[0].Since)
	}
	if c == nil {
		return m
	}
	m.name = ui.Plain(c.Name)
	for _, p := range c.People {
		m.people = append(m.people, personOf(p))
	}
	for _, d := range datasets {
		if full, there := c.Dataset(d.Name); there {
			m.datasets = append(m.datasets, rulesFor(d, full))
		}
	}
	for _, f := range c.Freezes {
		m.freezes = append(m.freezes, when(f.From)+" to "+when(f.To)+": "+ui.Plain(f.Say))
	}
	return m
}

func personOf(p compact.Person) personLine {
	l := personLine{name: ui.Plain(p.Name), email: string(p.Email)}
	var roles, departments []string
	for _, r := range p.Roles {
		roles = append(roles, string(r))
	}
	for _, d := range p.Departments {
		departments = append(departments, string(d))
	}
	l.roles, l.departments = strings.Join(roles, ", "), strings.Join(departments, ", ")
	if p.Is(access.Maker) {
		l.level = string(p.Level)
	}
	return l
}

func rulesFor(d wire.Dataset, full *compact.Dataset) rulesOfDataset {
	out := rulesOfDataset{label: labelOf(d), to: "/datasets/" + d.Name, owners: strings.Join(d.Owners, ", "), allow: orList(d.Allow)}
	for _, g := range full.Guardrails {
		out.rules = append(out.rules, ruleOf(wire.Rule{Name: g.Name, Each: string(g.Each), When: g.When.Text, Then: string(g.Then), By: string(g.By), Say: g.Say}))
	}
	for _, f := range full.Freedom {
		out.free = append(out.free, "Makers who are at least "+string(f.Level)+" go ahead without the owner where "+f.When.Text+".")
	}
	out.retain = "Old values are kept for " + strconv.Itoa(int(full.Retain.Values)) + " days; so long a change can be undone."
	return out
}

func versionsOf(all []wire.CompactVersion) (out []versionLine) {
	for i, v := range all {
		l := versionLine{digest: v.Digest, short: short(v.Digest), since: when(v.Since), now: i == 0}
		if i+1 < len(all) {
			l.to = "/compact/versions?at=" + strconv.Itoa(i)
		}
		out = append(out, l)
	}
	return out
}

// short names a digest by its beginning.
func short(digest string) string {
	_, hex, _ := strings.Cut(digest, ":")
	return hex[:min(len(hex), 12)]
}

// around is how many lines stand around a change.
const around = 3

// differences gives what changed between two texts, by lines: the longest common
// subsequence, over what is left between the common beginning and end.
func differences(older, newer string) []hunk {
	a, b := strings.Split(older, "\n"), strings.Split(newer, "\n")
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	all := sameLines(a[:head])
	all = append(all, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	return hunksOf(append(all, sameLines(a[len(a)-tail:])...))
}

func sameLines(lines []string) (out []diffLine) {
	for _, l := range lines {
		out = append(out, diffLine{ui.Say(" ", "", "same"), l})
	}
	return out
}

// mostCells bounds the table of the longest common subsequence; beyond, all of the
// one is followed by all of the other.
const mostCells = 4_000_000

func middle(a, b []string) (out []diffLine) {
	gone := func(l string) { out = append(out, diffLine{ui.Say("−", "removed", "removed"), l}) }
	come := func(l string) { out = append(out, diffLine{ui.Say("+", "added", "added"), l}) }
	common := make([][]int32, len(a)+1)
	if len(a)*len(b) <= mostCells {
		for i := range common {
			common[i] = make([]int32, len(b)+1)
		}
		for i, l := range slices.Backward(a) {
			for j, m := range slices.Backward(b) {
				common[i][j] = max(common[i+1][j], common[i][j+1])
				if l == m {
					common[i][j] = common[i+1][j+1] + 1
				}
			}
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) && common[0] != nil {
		switch {
		case a[i] == b[j]:
			out = append(out, sameLines(a[i:i+1])...)
			i, j = i+1, j+1
		case common[i+1][j] >= common[i][j+1]:
			gone(a[i])
			i++
		default:
			come(b[j])
			j++
		}
	}
	for ; i < len(a); i++ {
		gone(a[i])
	}
	for ; j < len(b); j++ {
		come(b[j])
	}
	return out
}

// hunksOf leaves out what is far from any change.
func hunksOf(all []diffLine) (out []hunk) {
	near := func(i int) bool {
		return slices.ContainsFunc(all[max(0, i-around):min(len(all), i+around+1)], func(l diffLine) bool { return l.op.Tone != "same" })
	}
	open := false
	for i, l := range all {
		if !near(i) {
			open = false
			continue
		}
		if !open {
			out, open = append(out, hunk{}), true
		}
		last := &out[len(out)-1]
		last.lines = append(last.lines, l)
	}
	return out
}
