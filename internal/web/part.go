package web

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// partModel is the form in which an owner approves some rows of a change.
type partModel struct {
	id, title string
	digest    string // of the plan that the page is about
	maker     string
	ways      []choice
	findings  []choice
	columns   []choice
	signs     []choice
	value     string
	only      string // the condition in the guardrail language
	comment   string
	look      *lookModel
	trouble   *wire.Problem
}

// lookModel is what the approval would do.
type lookModel struct {
	wire.PartLook
	rows, rest, unknown string
}

// goes says what rows do, one or several.
func goes(n int64, where string) string {
	if n == 1 {
		return " goes" + where
	}
	return " go" + where
}

// How a part is named.
const (
	partFinding = "finding"
	partWithout = "without"
	partOnly    = "only"
)

func (s *site) partPage(w http.ResponseWriter, r *http.Request, p access.Principal) {
	q := r.URL.Query()
	s.showPart(w, r, p, url.Values{"how": q["how"], "name": q["finding"]}, nil, nil)
}

// part looks at a part, or approves it.
func (s *site) part(w http.ResponseWriter, r *http.Request, p access.Principal) {
	err := readForm(w, r)
	id, digest := change.ID(r.PathValue("id")), record.Digest(r.PostForm.Get("digest"))
	var part workflow.Part
	if err == nil {
		part, err = s.partOf(r, p)
	}
	if err == nil && r.PostForm.Get("step") == "look" {
		var look wire.PartLook
		if look, err = s.uc.LookPart(r.Context(), p, id, digest, part); err == nil {
			s.showPart(w, r, p, r.PostForm, &look, nil)
			return
		}
	}
	if err == nil {
		_, err = s.uc.ApprovePart(r.Context(), p, id, digest, part, r.PostForm.Get("comment"))
	}
	if err != nil {
		s.showPart(w, r, p, r.PostForm, nil, err)
		return
	}
	s.told(r, "The part is approved. The other rows went back to the maker, as a change of their own.")
	http.Redirect(w, r, changePath(string(id), ""), http.StatusSeeOther)
}

// partOf reads which rows are meant.
func (s *site) partOf(r *http.Request, p access.Principal) (part workflow.Part, err error) {
	form := r.PostForm
	switch form.Get("how") {
	case partFinding:
		part.Finding = form.Get("name")
	case partWithout:
		part.Without = form.Get("name")
	default:
		if part.Only = strings.TrimSpace(form.Get("only")); form.Get("t") == "" {
			return part, nil
		}
		var test string
		c, err := s.uc.Change(r.Context(), p, change.ID(r.PathValue("id")), 0)
		if err == nil {
			test, err = s.partTest(r, p, c)
		}
		if err != nil {
			return part, err
		}
		if part.Only != "" {
			test += " && (" + part.Only + ")"
		}
		part.Only = test
	}
	return part, nil
}

// partTest writes the test that was chosen in the guardrail language.
func (s *site) partTest(r *http.Request, p access.Principal, c wire.Change) (string, error) {
	d, err := s.uc.Dataset(r.Context(), p, c.Dataset)
	if err != nil {
		return "", err
	}
	return testOf(d, celAfter, r.PostForm.Get("t"), r.PostForm.Get("is"), r.PostForm.Get("v"))
}

// mayPart tells whether the person may approve a part of the change as it is now. Why
// not in other cases is said by the use case.
func mayPart(c wire.Change) bool { return slices.Contains(c.May, workflow.MayApprovePart) }

// showPart shows the form with all that was chosen.
func (s *site) showPart(w http.ResponseWriter, r *http.Request, p access.Principal, form url.Values, look *wire.PartLook, refused error) {
	id := r.PathValue("id")
	h := s.head(r, &p, "Approve a part")
	h.Crumbs = []ui.Link{{Text: "Changes", To: "/changes"}, {Text: "Change " + id, To: "/changes/" + url.PathEscape(id)}}
	c, err := s.uc.Change(r.Context(), p, change.ID(id), 0)
	if err == nil && refused == nil && !mayPart(c) {
		err = errs.New(errs.Blocked, "No part of change %s can be approved by you now.", id).
			WithMend("An owner approves a part of a file that waits for a decision. Look at the change to see whose move it is.")
	}
	var d wire.Dataset
	if err == nil {
		d, err = s.uc.Dataset(r.Context(), p, c.Dataset)
	}
	if err != nil {
		if refused != nil {
			err = refused
		}
		s.failed(w, r, h, err)
		return
	}
	m := partFormOf(c, d, form)
	if look != nil {
		m.look = &lookModel{*look, rowsWords(look.Rows), rowsWords(look.Rest), rowsWords(look.Unknown)}
	}
	status := http.StatusOK
	if refused != nil {
		trouble := s.trouble(r, refused)
		m.trouble, status = &trouble, trouble.Status
	}
	s.render(w, r, status, partView(h, m))
}

func partFormOf(c wire.Change, d wire.Dataset, form url.Values) partModel {
	m := partModel{id: c.ID, title: ui.Plain(titleOf(c)), maker: c.Maker, value: form.Get("v"), only: form.Get("only"), comment: form.Get("comment")}
	if c.Plan != nil {
		m.digest = c.Plan.Digest
	}
	seen := map[string]int{}
	for _, f := range c.Findings {
		seen[f.Guardrail]++
	}
	for _, f := range c.Findings {
		if len(f.Ranges) == 0 || f.Invalid {
			continue
		}
		name := f.Guardrail
		if seen[name] > 1 {
			name += ":" + f.Column
		}
		m.findings = append(m.findings, choice{name, ui.Plain(name) + " (" + rowsWords(f.Rows) + ")", name == form.Get("name")})
	}
	how := form.Get("how")
	if how == "" || len(m.findings) == 0 {
		if how = partWithout; len(m.findings) == 0 {
			how = partOnly
		}
	}
	if len(m.findings) > 0 {
		m.ways = []choice{{partWithout, "All rows but those of a finding", false}, {partFinding, "Only the rows of a finding", false}}
	}
	m.ways = chosenOf(append(m.ways, choice{partOnly, "Only rows that pass a test", false}), how)
	m.columns = columnChoices(d, form.Get("t"), func(col wire.Column) bool { return c.Plan != nil && slices.Contains(c.Plan.Columns, col.Name) })
	m.signs = chosenOf(ruleSigns, form.Get("is"))
	return m
}

// celAfter names what a column would be, in the guardrail language.
func celAfter(name string) string {
	if plainName.MatchString(name) && !slices.Contains([]string{"true", "false", "null", "in"}, name) {
		return "after." + name
	}
	return "col(after, " + celText(name) + ")"
}

// trialOf says how the trial of a plan ended; ok is false while it was not tried.
func trialOf(c wire.Change) (w ui.Word, says string, ok bool) {
	t := c.Trial
	if t == nil || t.At == nil {
		return w, "", false
	}
	at := " (tried on " + when(*t.At) + ", and rolled back)"
	switch t.Outcome {
	case "passed":
		return ui.Say("✓", "The system would take it", "good"), at + ".", true
	case "refused":
		return ui.Say("✗", "The system would not take it", "bad"), at + ": " + ui.Plain(t.Why), true
	case "moved":
		return ui.Say("!", "Live rows are not what the plan says any more", "warn"), at + ": " + ui.Plain(t.Why), true
	}
	return ui.Say("?", "It is not known whether the system would take it", "ask"), " (" + when(*t.At) + "): " + ui.Plain(t.Why), true
}
