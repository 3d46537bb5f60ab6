package web

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sutor/internal/finding"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
)

// stateOf shows a state.
func stateOf(state string) ui.Word {
	w := ui.Say("○", state, "quiet")
	switch state {
	case "planning":
		w = ui.Say("…", "being planned", "busy")
	case "applying":
		w = ui.Say("…", "being applied", "busy")
	case "submitted":
		w = ui.Say("?", "waits for a decision", "ask")
	case "approved":
		w = ui.Say("✓", "approved", "good")
	case "applied":
		w = ui.Say("✓", "applied", "good")
	case "partly_applied":
		w = ui.Say("!", "partly applied", "bad")
	case "failed", "rejected":
		w = ui.Say("✗", state, "bad")
	case "undone":
		w = ui.Say("↩", "undone", "quiet")
	}
	return w
}

// opOf shows what happens to a row.
func opOf(op string) ui.Word {
	switch op {
	case "insert":
		return ui.Say("+", "new", "added")
	case "update":
		return ui.Say("~", "changed", "changed")
	case "delete":
		return ui.Say("−", "deleted", "removed")
	case "invalid", "impossible":
		return ui.Say("✗", op, "bad")
	}
	return ui.Say("=", op, "quiet")
}

// changeModel is what the page of one change shows.
type changeModel struct {
	wire.Change
	state    ui.Word
	again    string
	trouble  *wire.Problem
	counts   []countLink
	findings []foundModel
	rows     rowsModel
	made     string
	facts    []string // reason, why, whose move it is
	risk     []string // what the score is made of
	impact   []string
	buttons  []button
}

// countLink is a number of rows that leads to them.
type countLink struct {
	n      string
	to     string // where the rows are; "" where there are none to see
	word   ui.Word
	active bool
}

type foundModel struct {
	finding.Finding
	word    ui.Word
	rows    string
	ranges  string
	samples []ui.Shown // texts of the file
}

// button is a step that the person may take now.
type button struct {
	act, label string
	primary    bool
	comment    string // label of the comment; "" for none
	required   bool
	digest     string
}

func changeOf(c wire.Change, op string) changeModel {
	m := changeModel{Change: cleaned(c), state: stateOf(c.State), made: when(c.CreatedAt)}
	if c.State == "planning" || c.State == "applying" {
		m.again = "/changes/" + url.PathEscape(c.ID) + "?wait"
	}
	if c.Plan != nil {
		m.counts = countsOf(c, op)
	}
	for _, fact := range []string{m.Reason, m.Why, m.Next} {
		if fact != "" {
			m.facts = append(m.facts, fact)
		}
	}
	for _, f := range c.Risk.Factors {
		m.risk = append(m.risk, "+"+strconv.Itoa(f.Points)+" "+f.Name+": "+f.Why)
	}
	for _, i := range c.Impact {
		m.impact = append(m.impact, impactOf(i))
	}
	m.findings, m.buttons = foundOf(c.Findings), buttonsOf(c)
	return m
}

// cleaned writes out what people may have hidden in their texts.
func cleaned(c wire.Change) wire.Change {
	c.Title, c.Reason, c.Why, c.Next = ui.Plain(c.Title), ui.Plain(c.Reason), ui.Plain(c.Why), ui.Plain(c.Next)
	if c.Input != nil {
		in := *c.Input
		in.Name, c.Input = ui.Plain(in.Name), &in
	}
	c.Decisions = slices.Clone(c.Decisions)
	for i, d := range c.Decisions {
		c.Decisions[i].Comment = ui.Plain(d.Comment)
	}
	return c
}

func impactOf(i wire.Impact) string {
	if i.Unknown {
		return i.Label + ": " + i.Why
	}
	text := group(i.Rows) + " " + i.Label
	if i.Measure != nil {
		text += ", " + strconv.FormatFloat(*i.Measure, 'f', -1, 64)
	}
	if i.Why != "" {
		text += ": " + i.Why
	}
	return text
}

// foundOf shows findings, the gravest first.
func foundOf(all []finding.Finding) []foundModel {
	grave := []finding.Severity{finding.Block, finding.Approve, finding.Warn}
	var out []foundModel
	for _, f := range all {
		f.Message, f.Mend = ui.Plain(f.Message), ui.Plain(f.Mend)
		m := foundModel{Finding: f, word: severityOf(f), rows: rowsWords(f.Rows), ranges: ranges(f.Ranges)}
		for _, s := range f.Samples {
			if s != "" { // that cells are empty stands in the message
				m.samples = append(m.samples, ui.Visible(s))
			}
		}
		out = append(out, m)
	}
	slices.SortStableFunc(out, func(a, b foundModel) int {
		return slices.Index(grave, a.Severity) - slices.Index(grave, b.Severity)
	})
	return out
}

// ranges lists as many ranges of rows as one can take in.
func ranges(all []string) string {
	if len(all) > 20 {
		return strings.Join(all[:20], ", ") + ", …"
	}
	return strings.Join(all, ", ")
}

// rowsWords counts rows; "" for none.
func rowsWords(n int64) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 row"
	}
	return group(n) + " rows"
}

func severityOf(f finding.Finding) ui.Word {
	switch f.Severity {
	case finding.Block:
		return ui.Say("✗", "blocks", "bad")
	case finding.Approve:
		return ui.Say("?", "needs approval", "ask")
	}
	return ui.Say("!", "warning", "warn")
}

func countsOf(ch wire.Change, op string) []countLink {
	var out []countLink
	c := ch.Plan.Counts
	add := func(name string, n int64, always bool) {
		if n > 0 || always {
			l := countLink{n: group(n), word: opOf(name), active: name == op}
			switch {
			case n == 0:
				l.word.Tone = "quiet"
			case slices.Contains(ops, name):
				l.to = "/changes/" + url.PathEscape(ch.ID) + "?op=" + name + "#rows"
			case name == "invalid": // they are no part of the plan; the findings say which
				l.to = "#findings"
			}
			out = append(out, l)
		}
	}
	add("insert", c.Insert, true)
	add("update", c.Update, true)
	add("delete", c.Delete, true)
	add("unchanged", c.Unchanged, false)
	add("invalid", c.Invalid, false)
	if c.Kept != nil {
		add("kept", *c.Kept, false)
	}
	if c.Impossible != nil {
		add("impossible", *c.Impossible, false)
	}
	return out
}

func buttonsOf(c wire.Change) []button {
	digest := ""
	if c.Plan != nil {
		digest = c.Plan.Digest
	}
	known := []button{
		{act: "submit", label: "Ask for the decision", primary: true, comment: "Comment"},
		{act: "approve", label: "Approve this plan", primary: true, comment: "Comment", digest: digest},
		{act: "reject", label: "Send back", comment: "What must be mended", required: true, digest: digest},
		{act: "apply", label: "Apply", primary: true},
		{act: "undo", label: "Undo", comment: "Why it is undone"},
		{act: "replan", label: "Plan again with today's data"},
		{act: "withdraw", label: "Withdraw"},
	}
	return slices.DeleteFunc(known, func(b button) bool {
		return !slices.Contains(c.May, b.act) || b.act == "submit" && !c.Submittable()
	})
}

func when(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") }

// group writes a number with commas: 1,234,567.
func group(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// titleOf names a change.
func titleOf(c wire.Change) string {
	if c.Title != "" {
		return c.Title
	}
	return "Change " + c.ID
}

func progressOf(p wire.Progress) ui.Progress {
	out := ui.Progress{Step: p.Step, Done: p.Done, Of: p.Of}
	if p.Of > 0 {
		out.Says = group(p.Done) + " of " + group(p.Of)
	}
	return out
}
