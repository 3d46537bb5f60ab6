package web

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/finding"
	"sutor/internal/web/ui"
	"sutor/internal/wire"
	"sutor/internal/workflow"
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

// changeModel is what the page of one change shows: what stands on each of its
// tabs, and the one that is chosen.
type changeModel struct {
	wire.Change
	tab
	tabs     []ui.Link
	state    ui.Word
	sentence string // what the change does
	again    string
	follow   string // where its progress comes from; "" while nothing goes on
	trouble  *wire.Problem
	typed    string // the comment of a step that was refused
	counts   []countLink
	members  []memberModel // of a change over several datasets
	dataset  string        // the one of them that the tab is about
	findings []foundModel
	made     string
	risk     []wire.Factor // the weightiest first
	impact   []string
	buttons  []button
	why      string // why there is nothing to see on the tab
	withheld bool   // since it is not for the asker

	rows    rowsModel
	mend    mendModel
	said    []saidModel
	history historyModel
	spreads []spreadModel
	// what stood in the way of the last apply
	conflicts conflictModel
	since     sinceModel
	part      bool // the person may approve a part of it
}

// countLink is a number of rows that leads to them.
type countLink struct {
	n    string
	to   string // where the rows are; "" where there are none to see
	word ui.Word
}

type foundModel struct {
	finding.Finding
	word    ui.Word
	rows    string
	ranges  string
	samples []ui.Shown // texts of the file, where there are no examples
	to      string     // the rows, where they stand in the plan; "" where they do not
	// examples are rows that it is about.
	examples []exampleModel
}

type exampleModel struct {
	where       string // the row of the file, and its key
	value, live ui.Shown
}

// button is a step that the person may take now. One with a comment opens first.
type button struct {
	act, label string
	primary    bool
	comment    string // label of the comment; "" for none
	says       string // what must be known before; "" for nothing
	required   bool
	digest     string
	rare       bool // it stands behind More
}

func changeOf(c wire.Change, at tab, p access.Principal) changeModel {
	m := changeModel{Change: cleaned(c), tab: at, state: stateOf(c.State), made: when(c.CreatedAt), sentence: sentenceOf(c)}
	path := "/changes/" + url.PathEscape(c.ID)
	if c.State == "planning" || c.State == "applying" {
		m.again, m.follow = path+"?wait", "/api/v1/changes/"+url.PathEscape(c.ID)+"/events"
	}
	for _, t := range tabs {
		l := ui.Link{Text: t.label, To: path + "/" + string(t.tab), Here: t.tab == at}
		if t.tab == tabRows {
			l.To = path
		}
		if t.tab == tabFindings {
			l.Count = len(c.Findings)
		}
		m.tabs = append(m.tabs, l)
	}
	if c.Plan != nil {
		m.counts = countsOf(c, "")
	}
	m.members = membersOf(c)
	m.risk = slices.SortedStableFunc(slices.Values(c.Risk.Factors), func(a, b wire.Factor) int { return b.Points - a.Points })
	for _, i := range c.Impact {
		m.impact = append(m.impact, impactOf(i))
	}
	m.findings, m.buttons, m.part = foundOf(c), buttonsOf(c, p), mayPart(c)
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
		text += ", " + i.Sum()
	}
	if i.Why != "" {
		text += ": " + i.Why
	}
	return text
}

// foundOf shows findings, the gravest first.
func foundOf(c wire.Change) []foundModel {
	grave := []finding.Severity{finding.Block, finding.Approve, finding.Warn}
	var out []foundModel
	for _, f := range c.Findings {
		name := f.Guardrail
		f.Message, f.Mend = ui.Plain(f.Message), ui.Plain(f.Mend)
		m := foundModel{Finding: f, word: severityOf(f), rows: rowsWords(f.Rows), ranges: ranges(f.Ranges)}
		if c.Plan != nil && f.Rows > 0 && (!f.Invalid || c.Plan.Counts.Invalid == 0) {
			m.to = changePath(c.ID, "", "finding", name, "dataset", f.Dataset) + "#rows"
		} else if f.Rows > 0 {
			m.to = "#mend"
			if f.Dataset != "" {
				m.to = changePath(c.ID, "findings", "dataset", f.Dataset) + "#mend"
			}
		}
		for _, e := range f.Examples {
			m.examples = append(m.examples, exampleOf(e))
		}
		for _, s := range f.Samples {
			if s != "" && len(f.Examples) == 0 { // that cells are empty stands in the message
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

// exampleOf shows a row that a finding is about: where it is, what is proposed there,
// and what the system has.
func exampleOf(e finding.Example) exampleModel {
	m := exampleModel{value: ui.Visible(e.Value), live: ui.Visible(e.Live)}
	switch {
	case e.Row == 0:
		m.where = e.Key
	case e.Key == "":
		m.where = "row " + group(e.Row)
	default:
		m.where = "row " + group(e.Row) + ", " + e.Key
	}
	if m.where = ui.Plain(m.where); len(m.value)+len(m.live) > 0 {
		m.where += ":"
	}
	return m
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

// writtenWords says how many rows were written.
func writtenWords(n int64) string {
	if n == 0 {
		return "Nothing was to be written"
	}
	return rowsWords(n) + " written"
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

// countsOf counts the rows of a plan, each number with the way to them: of one dataset,
// or where a change is over several, without one.
func countsOf(ch wire.Change, dataset string) []countLink {
	var out []countLink
	c := ch.Plan.Counts
	add := func(name string, n int64, always bool) {
		if n > 0 || always {
			l := countLink{n: group(n), word: opOf(name)}
			switch {
			case n == 0:
				l.word.Tone = "quiet"
			case len(ch.Members) > 0:
			case slices.Contains(ops, name):
				l.to = changePath(ch.ID, "", "op", name, "dataset", dataset) + "#rows"
			case name == "invalid": // they are no part of the plan; the findings say which
				l.to = changePath(ch.ID, "findings", "dataset", dataset) + "#mend"
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

func buttonsOf(c wire.Change, p access.Principal) []button {
	digest := ""
	if c.Plan != nil {
		digest = c.Plan.Digest
	}
	at := string(actDecide)
	known := []button{
		{act: "submit", label: "Ask for the decision", primary: true, digest: digest},
		{act: at, label: "Approve and apply", primary: true, digest: digest},
		{act: "approve", label: "Approve", digest: digest},
		{act: "reject", label: "Send back", comment: "What must be mended", required: true, digest: digest},
		{act: "apply", label: "Apply", primary: true, digest: digest},
		{act: "stop", label: "Stop", comment: "Why it is stopped"},
		{act: "undo", label: "Undo", comment: "Why it is undone"},
		{act: "replan", label: "Plan again with today's data"},
		{act: "try", label: "Try it in the system", says: workflow.SideEffects},
		{act: "withdraw", label: "Withdraw", comment: "Why it is withdrawn", rare: true},
	}
	last := len(c.Members) == 0 && slices.Contains(c.May, "approve") && p.Is(access.Owner) && openSteps(c) == 1
	known[2].primary = !last
	return slices.DeleteFunc(known, func(b button) bool {
		if b.act == at {
			return !last
		}
		return !slices.Contains(c.May, b.act) || b.act == "submit" && !c.Submittable() || b.act == "try" && !tryable(c)
	})
}

// tryable tells whether there is something that the system can be asked beforehand.
func tryable(c wire.Change) bool {
	return c.Plan != nil && c.Plan.Counts.Insert+c.Plan.Counts.Update+c.Plan.Counts.Delete > 0
}

// openSteps counts the decisions that are still needed.
func openSteps(c wire.Change) int {
	n := 0
	for _, s := range c.Route {
		n += s.Needs
	}
	for _, d := range c.Decisions {
		if d.Void == "" && d.Decision == "approve" {
			n--
		}
	}
	return n
}

func when(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") }

func group(n int64) string { return finding.Grouped(n) }

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

// factors name what a risk is made of, for people.
var factors = map[string]string{
	"rows": "Many rows", "share": "Share of the table", "deletes": "Deletions", "critical": "Critical columns", "jumps": "Large jumps",
	"first-change": "New to its maker", "new-layout": "New columns", "unusual-size": "Unusual size", "warnings": "Warnings", "hour": "The hour",
	"waiting": "Others wait with the same rows",
}

func factorWords(name string) string {
	if words, ok := factors[name]; ok {
		return words
	}
	return name
}
