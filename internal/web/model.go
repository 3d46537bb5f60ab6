package web

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"sutor/internal/finding"
	"sutor/internal/wire"
)

// head is what all pages have above their content.
type head struct {
	title, company string
	person, roles  string // "" where nobody is signed in
	again          string // where the page asks itself again; "" for a page that stands
}

// word is something with its sign: colour never stands alone.
type word struct{ sign, text, class string }

// stateOf shows a state.
func stateOf(state string) word {
	w := word{"○", state, "quiet"}
	switch state {
	case "planning":
		w = word{"…", "being planned", "busy"}
	case "applying":
		w = word{"…", "being applied", "busy"}
	case "submitted":
		w = word{"?", "waits for a decision", "ask"}
	case "approved":
		w = word{"✓", "approved", "good"}
	case "applied":
		w = word{"✓", "applied", "good"}
	case "partly_applied":
		w = word{"!", "partly applied", "bad"}
	case "failed", "rejected":
		w = word{"✗", state, "bad"}
	case "undone":
		w = word{"↩", "undone", "quiet"}
	}
	return w
}

// opOf shows what happens to a row.
func opOf(op string) word {
	switch op {
	case "insert":
		return word{"+", "new", "added"}
	case "update":
		return word{"~", "changed", "changed"}
	case "delete":
		return word{"−", "deleted", "removed"}
	case "invalid", "impossible":
		return word{"✗", op, "bad"}
	}
	return word{"=", op, "quiet"}
}

// listView's model.
type listModel struct {
	lines       []line
	mine, older bool   // which list this is
	next        string // the next page; "" after the last
}

type line struct {
	id, title, dataset, maker, made string
	state                           word
	rows                            string
}

func listOf(all []wire.Change, mine, older bool) listModel {
	m := listModel{mine: mine, older: older}
	for _, c := range all {
		l := line{id: c.ID, title: c.Title, dataset: c.Dataset, maker: c.Maker, made: when(c.CreatedAt), state: stateOf(c.State)}
		if l.title == "" {
			l.title = "Change " + c.ID
		}
		if c.Plan != nil {
			l.rows = group(c.Plan.Counts.Insert + c.Plan.Counts.Update + c.Plan.Counts.Delete)
		}
		m.lines = append(m.lines, l)
	}
	if len(all) == listSize {
		q := url.Values{"before": {all[len(all)-1].ID}}
		if mine {
			q.Set("mine", "1")
		}
		m.next = "/changes?" + q.Encode()
	}
	return m
}

// changeModel is what the page of one change shows.
type changeModel struct {
	wire.Change
	state    word
	again    string
	trouble  *wire.Problem
	counts   []countLink
	findings []foundModel
	rows     rowsModel
	made     string
	buttons  []button
}

// countLink is a number of rows that leads to them.
type countLink struct {
	op     string
	n      string
	word   word
	active bool
}

type foundModel struct {
	finding.Finding
	word   word
	ranges string
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
	m := changeModel{Change: c, state: stateOf(c.State), made: when(c.CreatedAt)}
	if c.State == "planning" || c.State == "applying" {
		m.again = "/changes/" + url.PathEscape(c.ID) + "?wait"
	}
	if c.Plan != nil {
		m.counts = countsOf(c.Plan.Counts, op)
	}
	grave := []finding.Severity{finding.Block, finding.Approve, finding.Warn}
	for _, f := range c.Findings {
		m.findings = append(m.findings, foundModel{f, severityOf(f), strings.Join(f.Ranges, ", ")})
	}
	slices.SortStableFunc(m.findings, func(a, b foundModel) int {
		return slices.Index(grave, a.Severity) - slices.Index(grave, b.Severity)
	})
	m.buttons = buttonsOf(c)
	return m
}

func severityOf(f finding.Finding) word {
	switch f.Severity {
	case finding.Block:
		return word{"✗", "blocks", "bad"}
	case finding.Approve:
		return word{"?", "needs approval", "ask"}
	}
	return word{"!", "warning", "warn"}
}

func countsOf(c wire.Counts, op string) []countLink {
	var out []countLink
	add := func(name string, n int64, always bool) {
		if n > 0 || always {
			out = append(out, countLink{name, group(n), opOf(name), name == op})
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
		return !slices.Contains(c.May, b.act) || b.act == "submit" && finding.Blocks(c.Findings)
	})
}

// rowsModel is a page of rows as a table.
type rowsModel struct {
	columns    []string
	lines      []rowLine
	from, to   string
	total      string
	prev, next string // other pages; "" where there is none
	why        string // why there are no rows to see
}

type rowLine struct {
	op    word
	row   string
	cells []cell
	why   string
}

// cell shows a value, or before → after where it changes.
type cell struct {
	before, after text
	changes       bool
}

// text is a value on the screen.
type text struct {
	is    string
	class string // "null", "num" or ""
	there bool
}

func rowsOf(c wire.Change, page wire.Rows, op string) rowsModel {
	end := page.Offset + int64(len(page.Rows))
	m := rowsModel{columns: shownIn(columnsOf(c, page.Rows), page.Rows), from: group(page.Offset + 1), to: group(end), total: group(page.Total)}
	for _, r := range page.Rows {
		l := rowLine{op: opOf(r.Op), row: "–", why: r.Why}
		if r.Row != nil {
			l.row = strconv.FormatInt(*r.Row, 10)
		}
		for _, name := range m.columns {
			l.cells = append(l.cells, cellOf(r, name))
		}
		m.lines = append(m.lines, l)
	}
	link := func(offset int64) string {
		return "/changes/" + url.PathEscape(c.ID) + "?" + url.Values{"op": {op}, "offset": {fmt.Sprint(offset)}}.Encode() + "#rows"
	}
	if page.Offset > 0 {
		m.prev = link(max(0, page.Offset-rowsSize))
	}
	if end < page.Total && len(page.Rows) > 0 {
		m.next = link(end)
	}
	return m
}

// columnsOf gives the plan's columns, key first; where the plan does not name
// them, those that the rows have.
func columnsOf(c wire.Change, rows []wire.Row) []string {
	if c.Plan != nil && len(c.Plan.Columns) > 0 {
		return c.Plan.Columns
	}
	keys, others := map[string]bool{}, map[string]bool{}
	for _, r := range rows {
		for name := range r.Key {
			keys[name] = true
		}
		for _, side := range []map[string]json.RawMessage{r.Before, r.After} {
			for name := range side {
				others[name] = true
			}
		}
	}
	maps.DeleteFunc(others, func(name string, _ bool) bool { return keys[name] })
	return append(slices.Sorted(maps.Keys(keys)), slices.Sorted(maps.Keys(others))...)
}

// shownIn leaves out columns of which these rows show nothing: those that only
// guardrails read.
func shownIn(columns []string, rows []wire.Row) []string {
	return slices.DeleteFunc(slices.Clone(columns), func(name string) bool {
		return !slices.ContainsFunc(rows, func(r wire.Row) bool {
			cell := cellOf(r, name)
			return cell.before.there || cell.after.there
		})
	})
}

func cellOf(r wire.Row, name string) cell {
	before, was := r.Before[name]
	after, is := r.After[name]
	if key, ok := r.Key[name]; ok && !was && !is {
		return cell{after: textOf(key, true)}
	}
	switch {
	case slices.Contains(r.Changed, name) && was:
		return cell{textOf(before, was), textOf(after, is), true}
	case is:
		return cell{after: textOf(after, true), changes: r.Op == "insert"}
	}
	return cell{after: textOf(before, was)}
}

func textOf(raw json.RawMessage, there bool) text {
	if !there || len(raw) == 0 {
		return text{}
	}
	var s string
	switch {
	case string(raw) == "null":
		return text{"NULL", "null", true}
	case json.Unmarshal(raw, &s) == nil && s == "":
		return text{"empty text", "null", true}
	case raw[0] == '"':
		return text{s, "", true}
	}
	return text{string(raw), "num", true}
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
