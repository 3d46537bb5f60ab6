package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"sutor/internal/access"
	"sutor/internal/errs"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// datasetModel is what the pages of one dataset share, and what one of them shows.
type datasetModel struct {
	wire.Dataset
	label   string
	path    string
	tabs    []ui.Link
	facts   []ui.Fact
	rights  []ui.Word // what the person may, and what not and why
	propose string    // where; "" where the person may not
	export  bool
	trouble *wire.Problem // why what the page is about cannot be shown

	rows    *liveModel    // of the rows' page
	columns []columnRule  // of the rules' page
	rules   []plainRule   // of the rules' page
	recipes []recipeLine  // of the rules' page
	changes *datasetsPast // of the history's page
}

// plainRule is a guardrail as one says it.
type plainRule struct {
	then        ui.Word
	say, name   string
	when, about string
}

// columnRule is a column as one says what it takes.
type columnRule struct {
	name, label, kind, native string
	rules                     []string
}

const (
	partRows    = ""
	partRules   = "/rules"
	partHistory = "/history"
)

// dataset is the page of a dataset's rows.
func (s *site) dataset(w http.ResponseWriter, r *http.Request, p access.Principal) {
	s.showDataset(w, r, p, partRows, func(ctx context.Context, m *datasetModel) error {
		q, err := wantedLive(r.URL.Query())
		if err == nil {
			m.rows, err = s.liveOf(ctx, p, m.Dataset, q)
		}
		if err != nil {
			m.rows = &liveModel{liveQuery: q, offered: offeredColumns(m.Dataset, q)}
		}
		return err
	})
}

// datasetRules is the page of what a dataset takes.
func (s *site) datasetRules(w http.ResponseWriter, r *http.Request, p access.Principal) {
	s.showDataset(w, r, p, partRules, func(ctx context.Context, m *datasetModel) error {
		for _, g := range m.Guardrails {
			m.rules = append(m.rules, ruleOf(g))
		}
		for _, c := range m.Columns {
			m.columns = append(m.columns, columnRule{c.Name, ui.Plain(c.Label), kindWords(c), strings.ToLower(c.Type), rulesOf(c)})
		}
		all, err := s.uc.Recipes(ctx, p, m.Name)
		m.recipes = recipeLines(all)
		return err
	})
}

// datasetHistory is the page of what was changed.
func (s *site) datasetHistory(w http.ResponseWriter, r *http.Request, p access.Principal) {
	s.showDataset(w, r, p, partHistory, func(ctx context.Context, m *datasetModel) error {
		all, err := s.uc.Changes(ctx, p, workflow.Filter{Datasets: []string{m.Name}, Limit: pastDepth})
		m.changes = pastOf(all)
		return err
	})
}

// showDataset shows one page of a dataset; what fails inside it is told there, so
// that the others can still be reached.
func (s *site) showDataset(w http.ResponseWriter, r *http.Request, p access.Principal, tab string, fill func(context.Context, *datasetModel) error) {
	h := s.head(r, &p, r.PathValue("name"))
	h.Crumbs = []ui.Link{{Text: "Datasets", To: "/datasets"}}
	d, err := s.uc.Dataset(r.Context(), p, r.PathValue("name"))
	if err != nil && d.Name == "" {
		s.failed(w, r, h, err)
		return
	}
	m := datasetOf(d, tab)
	h.Title = m.label
	if err == nil {
		err = fill(r.Context(), &m)
	}
	status := http.StatusOK
	if err != nil {
		trouble := s.trouble(r, err)
		m.trouble, status = &trouble, trouble.Status
		if errs.KindOf(err) == errs.Forbidden { // it is no fault to look at what one may see of it
			status = http.StatusOK
		}
	}
	s.render(w, r, status, datasetView(h, m))
}

func datasetOf(d wire.Dataset, tab string) datasetModel {
	m := datasetModel{Dataset: d, label: labelOf(d), path: "/datasets/" + d.Name, export: slices.Contains(d.May, "export")}
	if slices.Contains(d.May, "propose") {
		m.propose = m.path + "/propose"
	}
	for _, t := range []struct{ text, tab string }{{"Rows", partRows}, {"Rules and columns", partRules}, {"History", partHistory}} {
		m.tabs = append(m.tabs, ui.Link{Text: t.text, To: m.path + t.tab, Here: t.tab == tab})
	}
	rows := ""
	if d.Rows != nil {
		rows = group(*d.Rows)
	}
	for _, f := range []ui.Fact{{Name: "Owner", Value: strings.Join(d.Owners, ", ")}, {Name: "Department", Value: d.Department}, {Name: "Rows", Value: rows},
		{Name: "Key", Value: strings.Join(d.Key, " + ")}, {Name: "Kept in", Value: d.Table + " of " + d.System}} {
		if f.Value != "" {
			m.facts = append(m.facts, f)
		}
	}
	m.rights = rightsOf(d)
	return m
}

// rightsOf says what the person may do with a dataset, and who may the rest.
func rightsOf(d wire.Dataset) (out []ui.Word) {
	may := func(right, yes, no string) {
		if slices.Contains(d.May, right) {
			out = append(out, ui.Say("✓", yes, "good"))
		} else {
			out = append(out, ui.Say("–", no, "quiet"))
		}
	}
	may("rows", "You may see its rows.", "Its rows are for its department, its owners and auditors.")
	may("export", "You may take them out.", "They may take them out, too.")
	may("propose", "You may propose to "+orList(d.Allow)+" rows.", "Only makers of the department "+d.Department+" may propose changes.")
	if !slices.Contains(d.Allow, "delete") && len(d.Allow) > 0 {
		out = append(out, ui.Say("–", "Nobody may delete rows here: the Compact does not allow it.", "quiet"))
	}
	may("freeze", "You may freeze it at once.", "Its owners, managers and stewards may freeze it at once.")
	return out
}

// orList writes "insert or update".
func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// ruleOf says a guardrail in plain words.
func ruleOf(g wire.Rule) plainRule {
	r := plainRule{name: g.Name, say: ui.Plain(g.Say), when: g.When, about: "each row"}
	if g.Each == "change" {
		r.about = "the change as a whole"
	}
	switch g.Then {
	case "block":
		r.then = ui.Say("✗", "stops it", "bad")
	case "approve":
		by := g.By
		if by == "" {
			by = "owner"
		}
		r.then = ui.Say("?", "needs a "+by, "ask")
		if by == "owner" {
			r.then.Text = "needs an owner"
		}
	default:
		r.then = ui.Say("!", "is told", "warn")
	}
	return r
}

// kinds are what a column holds, for people.
var kinds = map[string]string{
	"boolean": "yes or no", "integer": "whole number", "decimal": "number", "float": "number, rounded", "text": "text", "date": "date",
	"timestamp": "date and time", "timestamptz": "date and time", "uuid": "UUID", "time": "time of day", "bytes": "bytes", "enum": "one of a list",
}

// kindWords says what a column holds; what Sutor does not read, as the system calls it.
func kindWords(c wire.Column) string {
	if words, ok := kinds[c.Kind]; ok {
		return words
	}
	return strings.ToLower(c.Type)
}

// rulesOf says what a column takes.
func rulesOf(c wire.Column) (out []string) {
	add := func(there bool, text string) {
		if there {
			out = append(out, text)
		}
	}
	add(!c.Writable, "cannot be changed")
	add(c.Required || !c.Nullable, "must have a value")
	add(len(c.OneOf) > 0, "one of "+strings.Join(c.OneOf, ", "))
	switch {
	case c.Min != "" && c.Max != "":
		out = append(out, c.Min+" to "+c.Max)
	case c.Min != "":
		out = append(out, "at least "+c.Min)
	case c.Max != "":
		out = append(out, "at most "+c.Max)
	}
	add(c.Say != "", c.Say)
	add(c.Pattern != "" && c.Say == "", "written as "+c.Pattern)
	add(len(c.Also) > 0, "also called "+strings.Join(c.Also, ", "))
	return out
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
