package web

import (
	"errors"
	"io"
	"net/http"
	"strconv"

	"sutor/internal/access"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
)

// rehearseModel is a Compact that is tried on what was done, and what came of it.
type rehearseModel struct {
	tabs    []ui.Link
	text    string
	last    string
	trouble *wire.Problem
	done    *rehearsedModel
}

type rehearsedModel struct {
	tried, inForce string // digests
	counts         []stateCount
	others         []rehearsedLine // of which something would be different
	same           int
	notes          []string
}

// rehearsedLine is one change, then and now.
type rehearsedLine struct {
	id, title, dataset, why string
	verdict                 ui.Word
	then, now               string // who decides, in words
	void                    bool
	rules                   []rehearsedRule
	unjudged                []string
}

type rehearsedRule struct{ name, then, now, says string }

func (s *site) rehearsePage(w http.ResponseWriter, r *http.Request, p access.Principal) {
	in, err := s.uc.CompactInForce(r.Context(), p)
	if err != nil {
		s.failed(w, r, s.head(r, &p, "Rehearse a Compact"), err)
		return
	}
	s.showRehearsal(w, r, p, rehearseModel{text: in.Text}, nil)
}

// rehearse tries a Compact. Nothing is put in force and nothing is kept.
func (s *site) rehearse(w http.ResponseWriter, r *http.Request, p access.Principal) {
	m, err := s.readRehearsal(w, r)
	if err == nil {
		last, _ := strconv.Atoi(m.last) // what is no number is as many as usual
		var found wire.Rehearsal
		if found, err = s.uc.Rehearse(r.Context(), p, []byte(m.text), last); err == nil {
			done := rehearsedOf(found)
			m.done = &done
		}
	}
	s.showRehearsal(w, r, p, m, err)
}

func (s *site) showRehearsal(w http.ResponseWriter, r *http.Request, p access.Principal, m rehearseModel, refused error) {
	h := s.head(r, &p, "Rehearse a Compact")
	h.Crumbs = []ui.Link{{Text: "Compact", To: "/compact"}}
	m.tabs = compactTabs("/compact/rehearse")
	status := http.StatusOK
	if refused != nil {
		trouble := s.trouble(r, refused)
		m.trouble, status = &trouble, trouble.Status
	}
	s.render(w, r, status, rehearseView(h, m))
}

// readRehearsal reads the form: a file goes before what stands in the field.
func (s *site) readRehearsal(w http.ResponseWriter, r *http.Request) (m rehearseModel, err error) {
	if err := s.readUpload(w, r, 2*compact.MaxBytes+formBytes, 2*compact.MaxBytes); err != nil {
		return m, errs.New(errs.Usage, "The Compact did not arrive whole, so nothing was tried.").WithMend("Send it again; it has %s at most.", errs.Size(compact.MaxBytes)).Because(err)
	}
	defer func() { err = errors.Join(err, r.MultipartForm.RemoveAll()) }()
	m.text, m.last = r.PostForm.Get("text"), r.PostForm.Get("last")
	if all := r.MultipartForm.File["file"]; len(all) > 0 && all[0].Size > 0 {
		file, err := all[0].Open()
		if err != nil {
			return m, err
		}
		defer func() { _ = file.Close() }() // it was only read
		text, err := io.ReadAll(io.LimitReader(file, compact.MaxBytes+1))
		if err != nil {
			return m, err
		}
		m.text = string(text)
	}
	if len(m.text) > compact.MaxBytes {
		return m, errs.New(errs.Invalid, "This Compact is larger than %s, so it was not tried.", errs.Size(compact.MaxBytes)).WithMend("Is it the right file?")
	}
	return m, nil
}

func rehearsedOf(found wire.Rehearsal) rehearsedModel {
	n := found.Counts
	m := rehearsedModel{tried: short(found.Compact), inForce: short(found.InForce), same: n.Same}
	for _, c := range []struct {
		verdict string
		n       int
	}{{wire.RehearsedBlocked, n.Blocked}, {wire.RehearsedRouted, n.Routed}, {wire.RehearsedPasses, n.Passes}, {wire.RehearsedUnjudged, n.Unjudged}, {wire.RehearsedSame, n.Same}} {
		m.counts = append(m.counts, stateCount{verdictOf(c.verdict), strconv.Itoa(c.n)})
	}
	for _, note := range found.Notes {
		m.notes = append(m.notes, ui.Plain(note))
	}
	for _, c := range found.Changes {
		if c.Verdict != wire.RehearsedSame || c.Void || len(c.Rules) > 0 {
			m.others = append(m.others, rehearsedLineOf(c))
		}
	}
	return m
}

func rehearsedLineOf(c wire.RehearsedChange) rehearsedLine {
	l := rehearsedLine{id: c.ID, title: ui.Plain(c.Title), dataset: c.Dataset, why: ui.Plain(c.Why), verdict: verdictOf(c.Verdict), void: c.Void,
		then: decidedBy(c.Then), now: decidedBy(c.Now)}
	if l.title == "" {
		l.title = "Change " + c.ID
	}
	for _, rule := range c.Rules {
		name := rule.Guardrail
		if rule.Column != "" {
			name += " of " + rule.Column
		}
		if rule.Dataset != "" {
			name = rule.Dataset + ": " + name
		}
		l.rules = append(l.rules, rehearsedRule{ui.Plain(name), hitWords(rule.Then), hitWords(rule.Now), ui.Plain(rule.Message)})
	}
	for _, u := range c.Unjudged {
		l.unjudged = append(l.unjudged, ui.Plain(u))
	}
	return l
}

// verdictOf shows what would become of a change.
func verdictOf(verdict string) ui.Word {
	switch verdict {
	case wire.RehearsedBlocked:
		return ui.Say("✗", "would be blocked", "bad")
	case wire.RehearsedRouted:
		return ui.Say("?", "others would decide", "ask")
	case wire.RehearsedPasses:
		return ui.Say("✓", "would pass", "good")
	case wire.RehearsedUnjudged:
		return ui.Say("!", "cannot be told", "warn")
	}
	return ui.Say("=", "the same", "quiet")
}

// decidedBy says who has to decide.
func decidedBy(r wire.RehearsedRoute) string {
	if r.Blocked != "" {
		return "blocked"
	}
	var who []string
	for _, step := range r.Route {
		who = append(who, strconv.Itoa(step.Needs)+" × "+step.Role)
	}
	if len(who) == 0 {
		return "nobody"
	}
	return listed(who)
}

// hitWords says what follows from a rule.
func hitWords(hit *wire.RuleHit) string {
	if hit == nil {
		return "says nothing"
	}
	what := map[string]string{"block": "blocks", "approve": "needs approval", "warn": "warns"}[hit.Severity]
	if hit.By != "" && hit.Severity == "approve" {
		what = "needs a " + hit.By
	}
	if rows := rowsWords(hit.Rows); rows != "" {
		what += ", " + rows
	}
	return what
}
