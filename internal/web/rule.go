package web

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// ruleModel is the form of a change by rule: which rows, and what they become.
type ruleModel struct {
	dataset wire.Dataset
	label   string
	tests   []ruleTest
	where   string // more of the condition, in the guardrail language
	all     bool   // every row is meant
	sets    []ruleSet
	title   string
	reason  string
	leave   bool
	trouble *wire.Problem
	says    string // the condition, as it is understood
	fits    *fitsModel
}

// ruleTest is one test of the condition.
type ruleTest struct {
	columns, signs []choice
	value          string
}

// ruleSet is what one column becomes.
type ruleSet struct {
	columns, ways []choice
	value         string
}

// fitsModel is the rows that a condition is for, as they are now.
type fitsModel struct {
	count   string
	atLeast bool
	columns []string
	lines   [][]ui.Value
	numbers []bool
}

const ruleLines = 3 // tests, and columns that are set, which the form has room for

// ruleSigns are the tests of a rule, in words.
var ruleSigns = []choice{{"==", "is", false}, {"!=", "is not", false}, {"<", "is less than", false}, {"<=", "is at most", false}, {">", "is more than", false},
	{">=", "is at least", false}, {"contains", "contains", false}, {"startsWith", "begins with", false}, {"empty", "is empty", false}, {"filled", "is filled", false}}

// Ways in which a column is set.
const (
	wayValue   = "value"
	wayPercent = "percent"
	wayPlus    = "plus"
	wayFormula = "formula"
	wayNothing = "nothing"
)

var ruleWays = []choice{{wayValue, "becomes", false}, {wayPercent, "rises by per cent", false}, {wayPlus, "rises by", false}, {wayFormula, "is computed as", false}, {wayNothing, "is emptied", false}}

func (s *site) rulePage(w http.ResponseWriter, r *http.Request, p access.Principal) {
	s.showRule(w, r, p, url.Values{}, nil, nil)
}

// rule counts the rows that a rule is for, or proposes the change.
func (s *site) rule(w http.ResponseWriter, r *http.Request, p access.Principal) {
	if err := readForm(w, r); err != nil {
		s.showRule(w, r, p, r.PostForm, nil, err)
		return
	}
	name := r.PathValue("name")
	d, err := s.uc.Dataset(r.Context(), p, name)
	var rule change.Rule
	if err == nil {
		rule, err = ruleOfForm(r.PostForm, d)
	}
	if err == nil && r.PostForm.Get("step") == "count" {
		var fits *fitsModel
		fits, err = s.fits(r.Context(), p, d, rule)
		s.showRule(w, r, p, r.PostForm, fits, err)
		return
	}
	var c wire.Change
	if err == nil {
		c, err = s.uc.ProposeRule(r.Context(), p, workflow.RuleProposal{Dataset: name, Title: r.PostForm.Get("title"), Reason: r.PostForm.Get("reason"), Rule: rule, LeaveOut: r.PostForm.Get("leave") != ""})
	}
	if err != nil {
		s.showRule(w, r, p, r.PostForm, nil, err)
		return
	}
	http.Redirect(w, r, "/changes/"+c.ID, http.StatusSeeOther)
}

// showRule shows the form with all that was typed.
func (s *site) showRule(w http.ResponseWriter, r *http.Request, p access.Principal, form url.Values, fits *fitsModel, refused error) {
	name := r.PathValue("name")
	h := s.head(r, &p, "Change by rule")
	d, err := s.uc.Dataset(r.Context(), p, name)
	if err == nil && !slices.Contains(d.May, "propose") {
		err = errs.New(errs.Forbidden, "Only makers of the department %s may propose changes to %s.", d.Department, labelOf(d)).
			WithMend("Ask a maker of that department, or the steward for the role.")
	}
	if err != nil {
		s.failed(w, r, h, err)
		return
	}
	h.Crumbs = []ui.Link{{Text: "Datasets", To: "/datasets"}, {Text: labelOf(d), To: "/datasets/" + name}}
	m := ruleFormOf(form, d)
	m.fits = fits
	status := http.StatusOK
	if refused != nil {
		trouble := s.trouble(r, refused)
		m.trouble, status = &trouble, trouble.Status
	}
	s.render(w, r, status, ruleView(h, m))
}

// ruleFormOf shows the form again as it was filled in.
func ruleFormOf(form url.Values, d wire.Dataset) ruleModel {
	m := ruleModel{dataset: d, label: labelOf(d), where: form.Get("where"), all: form.Get("all") != "", title: form.Get("title"), reason: form.Get("reason"), leave: form.Get("leave") != ""}
	if rule, err := ruleOfForm(form, d); err == nil {
		m.says = rule.Where
	}
	for i := range ruleLines {
		n := strconv.Itoa(i)
		m.tests = append(m.tests, ruleTest{columnChoices(d, form.Get("t"+n), func(wire.Column) bool { return true }), chosenOf(ruleSigns, form.Get("is"+n)), form.Get("v" + n)})
		m.sets = append(m.sets, ruleSet{columnChoices(d, form.Get("s"+n), func(c wire.Column) bool { return c.Writable && !slices.Contains(d.Key, c.Name) }), chosenOf(ruleWays, form.Get("way"+n)), form.Get("to" + n)})
	}
	return m
}

func columnChoices(d wire.Dataset, chosen string, fit func(wire.Column) bool) []choice {
	out := []choice{{"", "–", chosen == ""}}
	for _, c := range d.Columns {
		if !c.Masked && fit(c) {
			out = append(out, choice{c.Name, liveLabel(c.Name, c.Label), c.Name == chosen})
		}
	}
	return out
}

func chosenOf(all []choice, value string) []choice {
	out := slices.Clone(all)
	for i := range out {
		out[i].chosen = out[i].value == value
	}
	return out
}

// ruleOfForm writes what the form says in the guardrail language: a form is a way to
// write a rule, and no language of its own.
func ruleOfForm(form url.Values, d wire.Dataset) (rule change.Rule, err error) {
	var all []string
	for i := range ruleLines {
		n := strconv.Itoa(i)
		if form.Get("t"+n) == "" {
			continue
		}
		test, err := testOf(d, celName, form.Get("t"+n), form.Get("is"+n), form.Get("v"+n))
		if err != nil {
			return rule, err
		}
		all = append(all, test)
	}
	if where := strings.TrimSpace(form.Get("where")); where != "" {
		if len(all) > 0 {
			where = "(" + where + ")"
		}
		all = append(all, where)
	}
	switch {
	case len(all) == 0 && form.Get("all") == "":
		return rule, errs.New(errs.Usage, "It is not said which rows are meant, so nothing was done.").WithMend("Choose a column and a test, or tick that all rows are meant.")
	case len(all) > 0 && form.Get("all") != "":
		return rule, errs.New(errs.Usage, "Both all rows and some rows are chosen, so nothing was done.").WithMend("Take the tick away, or the tests.")
	case len(all) == 0:
		all = []string{"true"}
	}
	rule.Where = strings.Join(all, " && ")
	for i := range ruleLines {
		n := strconv.Itoa(i)
		if form.Get("s"+n) == "" {
			continue
		}
		to, err := assignOf(d, form.Get("s"+n), form.Get("way"+n), strings.TrimSpace(form.Get("to"+n)))
		if err != nil {
			return rule, err
		}
		rule.Set = append(rule.Set, change.Assign{Column: form.Get("s" + n), To: to})
	}
	if len(rule.Set) == 0 && form.Get("step") != "count" {
		return rule, errs.New(errs.Usage, "It is not said what the rows become, so nothing was done.").WithMend("Choose a column, and what it becomes.")
	}
	return rule, nil
}

// testOf writes a test in the guardrail language, in which named names its column.
func testOf(d wire.Dataset, named func(string) string, column, sign, value string) (string, error) {
	c, err := ruleColumn(d, column)
	if err != nil {
		return "", err
	}
	name := named(c.Name)
	switch sign {
	case "empty", "filled":
		is, or := " == ", " || "
		if sign == "filled" {
			is, or = " != ", " && "
		}
		if c.Kind == "text" {
			return "(" + name + is + "null" + or + name + is + `"")`, nil
		}
		return name + is + "null", nil
	case "contains", "startsWith":
		return name + "." + sign + "(" + celText(value) + ")", nil
	}
	if !slices.ContainsFunc(ruleSigns, func(s choice) bool { return s.value == sign }) {
		return "", errs.New(errs.Usage, "There is no test %q.", sign).WithMend("Choose one of the list.")
	}
	literal, err := celValue(c, value)
	return name + " " + sign + " " + literal, err
}

func assignOf(d wire.Dataset, column, way, value string) (string, error) {
	c, err := ruleColumn(d, column)
	if err != nil {
		return "", err
	}
	number := c.Kind == "integer" || c.Kind == "decimal" || c.Kind == "float"
	switch {
	case way == wayNothing:
		return "null", nil
	case way == wayFormula && value != "":
		return value, nil
	case (way == wayPercent || way == wayPlus) && !number:
		return "", errs.New(errs.Usage, "%s holds no numbers, so it cannot rise.", liveLabel(c.Name, c.Label)).WithMend("Say what it becomes.")
	case value == "":
		return "", errs.New(errs.Usage, "It is not said what %s becomes.", liveLabel(c.Name, c.Label)).WithMend("Write it beside the column, or choose that it is emptied.")
	case way == wayPercent || way == wayPlus:
		if !plainNumber.MatchString(value) {
			return "", errs.New(errs.Usage, "%q is no number.", value).WithMend("Write it as in 3 or -2.5.")
		}
		if way == wayPlus {
			return celName(c.Name) + " + " + celNumber(value), nil
		}
		return "round(" + celName(c.Name) + " * (100 + " + celNumber(value) + ") / 100, " + scaleOf(c) + ")", nil
	}
	return celValue(c, value)
}

func ruleColumn(d wire.Dataset, name string) (wire.Column, error) {
	i := slices.IndexFunc(d.Columns, func(c wire.Column) bool { return c.Name == name && !c.Masked })
	if i < 0 {
		return wire.Column{}, errs.New(errs.Usage, "There is no column %q in %s that you see.", name, labelOf(d)).WithMend("Choose one of the list.")
	}
	return d.Columns[i], nil
}

var (
	plainNumber = regexp.MustCompile(`^-?\d+(\.\d+)?$`)
	plainName   = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	typeScale   = regexp.MustCompile(`,\s*(\d+)\)`)
)

// scaleOf gives the digits behind the point that a column keeps, as its type says.
func scaleOf(c wire.Column) string {
	if c.Kind == "integer" {
		return "0"
	}
	if found := typeScale.FindStringSubmatch(c.Type); found != nil {
		return found[1]
	}
	return "2"
}

// celName names a column in the guardrail language.
func celName(name string) string {
	if plainName.MatchString(name) && !slices.Contains([]string{"true", "false", "null", "in", "op", "changed"}, name) {
		return name
	}
	return "col(" + celText(name) + ")"
}

// celText writes a text in the guardrail language.
func celText(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(s) + `"`
}

// celNumber writes a number; one below zero in brackets, so that it can follow a sign.
func celNumber(s string) string {
	if strings.HasPrefix(s, "-") {
		return "(" + s + ")"
	}
	return s
}

// celValue writes a value of a column as people type it.
func celValue(c wire.Column, value string) (string, error) {
	wrong := func(as string) error {
		return errs.New(errs.Usage, "%q is no value of %s.", value, liveLabel(c.Name, c.Label)).WithMend("Write it as in %s.", as)
	}
	switch c.Kind {
	case "integer", "decimal", "float":
		if !plainNumber.MatchString(value) {
			return "", wrong("1200 or 12.50")
		}
		return celNumber(value), nil
	case "boolean":
		switch strings.ToLower(value) {
		case "true", "yes", "1":
			return "true", nil
		case "false", "no", "0":
			return "false", nil
		}
		return "", wrong("true or false")
	case "date":
		return "date(" + celText(value) + ")", nil
	case "timestamp", "timestamptz":
		return "timestamp(" + celText(value) + ")", nil
	}
	return celText(value), nil
}

// fits looks which rows a rule is for.
func (s *site) fits(ctx context.Context, p access.Principal, d wire.Dataset, rule change.Rule) (*fitsModel, error) {
	found, err := s.uc.Fitting(ctx, p, d.Name, rule.Where)
	if err != nil {
		return nil, err
	}
	m := &fitsModel{count: group(found.Rows), atLeast: found.More}
	for _, name := range found.Columns {
		label := name
		if i := slices.IndexFunc(d.Columns, func(c wire.Column) bool { return c.Name == name }); i >= 0 {
			label = liveLabel(name, d.Columns[i].Label)
		}
		m.columns = append(m.columns, label)
	}
	m.numbers = make([]bool, len(found.Columns))
	for _, row := range found.First {
		var line []ui.Value
		for i, name := range found.Columns {
			v := valueOf(row[name], true)
			m.numbers[i] = m.numbers[i] || v.Kind == ui.Number
			line = append(line, v)
		}
		m.lines = append(m.lines, line)
	}
	return m, nil
}
