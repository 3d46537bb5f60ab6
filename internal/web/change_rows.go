package web

import (
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"sutor/internal/web/ui"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

// ops are what can happen to rows that a plan shows (docs/api.md).
var ops = []string{"insert", "update", "delete", "kept", "impossible"}

// rowsModel is a page of rows as a table.
type rowsModel struct {
	columns []ui.Column
	lines   []rowLine
	pager   ui.Pager
	filter  filterModel
}

// filterModel is what rows can be picked by, and what they are.
type filterModel struct {
	ops, findings, changed, columns []option
	has                             string
	on                              bool // some rows are left out
}

// option is one of a list to choose from.
type option struct {
	value, label string
	chosen       bool
}

func filterOf(c wire.Change, want workflow.RowsWanted) filterModel {
	f := filterModel{has: want.Has, on: want.Op != "" || want.Finding != "" || want.Changed != "" || want.Has != ""}
	add := func(to *[]option, value, label, chosen string) {
		if !slices.ContainsFunc(*to, func(o option) bool { return o.value == value }) {
			*to = append(*to, option{value, ui.Plain(label), value == chosen})
		}
	}
	n := c.Plan.Counts
	for _, of := range []struct {
		op string
		n  int64
	}{{"insert", n.Insert}, {"update", n.Update}, {"delete", n.Delete}, {"kept", deref(n.Kept)}, {"impossible", deref(n.Impossible)}} {
		if of.n > 0 || of.op == want.Op {
			add(&f.ops, of.op, opOf(of.op).Text, want.Op)
		}
	}
	for _, found := range c.Findings {
		if found.Rows > 0 || found.Guardrail == want.Finding {
			add(&f.findings, found.Guardrail, found.Guardrail, want.Finding)
		}
	}
	for _, name := range arranged(c, nil) {
		add(&f.columns, name, name, want.Column)
		if !slices.Contains(keyOf(c), name) {
			add(&f.changed, name, name, want.Changed)
		}
	}
	return f
}

func deref(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

// keyOf gives what is known of the key: its first column.
func keyOf(c wire.Change) []string { return c.Plan.Columns[:min(1, len(c.Plan.Columns))] }

// arranged gives the plan's columns: the key, then those in which some of these rows
// change, then the others that the file writes, then what is only read.
func arranged(c wire.Change, rows []wire.Row) []string {
	names := slices.Clone(c.Plan.Columns)
	rank := func(name string) int {
		switch {
		case slices.Contains(keyOf(c), name):
			return 0
		case slices.ContainsFunc(rows, func(r wire.Row) bool { return r.Op == "update" && slices.Contains(r.Changed, name) }):
			return 1
		case slices.ContainsFunc(c.Plan.Mapping, func(m wire.Mapped) bool { return m.Column == name }):
			return 2
		}
		return 3
	}
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	return names
}

type rowLine struct {
	op    ui.Word
	row   string
	cells []ui.Cell
	why   string
}

func rowsOf(c wire.Change, page wire.Rows, want workflow.RowsWanted, dataset string) rowsModel {
	end := page.Offset + int64(len(page.Rows))
	m := rowsModel{pager: ui.Pager{From: group(page.Offset + 1), To: group(end), Total: group(page.Total), Of: "rows", Swap: "rows"}}
	names := shownIn(columnsOf(c, page.Rows), page.Rows)
	for _, r := range page.Rows {
		l := rowLine{op: opOf(r.Op), row: "–", why: ui.Plain(r.Why)}
		if r.Row != nil {
			l.row = strconv.FormatInt(*r.Row, 10)
		}
		for _, name := range names {
			l.cells = append(l.cells, cellOf(r, name))
		}
		m.lines = append(m.lines, l)
	}
	for i, name := range names {
		m.columns = append(m.columns, ui.Column{Name: ui.Plain(name), Numbers: numbers(m.lines, i)})
	}
	link := func(offset int64) string {
		q := url.Values{}
		for name, value := range map[string]string{"dataset": dataset, "op": want.Op, "finding": want.Finding, "changed": want.Changed, "column": want.Column, "has": want.Has} {
			if value != "" {
				q.Set(name, value)
			}
		}
		if offset > 0 {
			q.Set("offset", strconv.FormatInt(offset, 10))
		}
		return "/changes/" + url.PathEscape(c.ID) + "?" + q.Encode() + "#rows"
	}
	if page.Offset > 0 {
		m.pager.Prev = link(max(0, page.Offset-rowsSize))
	}
	if end < page.Total && len(page.Rows) > 0 {
		m.pager.Next = link(end)
	}
	return m
}

// numbers tells whether a column holds numbers and nothing else on this page.
func numbers(lines []rowLine, i int) bool {
	some := false
	for _, l := range lines {
		for _, v := range []ui.Value{l.cells[i].Before, l.cells[i].After} {
			if v.There && v.Kind == ui.Text {
				return false
			}
			some = some || v.Kind == ui.Number
		}
	}
	return some
}

// columnsOf gives the plan's columns, key first; where the plan does not name
// them, those that the rows have.
func columnsOf(c wire.Change, rows []wire.Row) []string {
	if c.Plan != nil && len(c.Plan.Columns) > 0 {
		return arranged(c, rows)
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
			return cell.Before.There || cell.After.There
		})
	})
}

func cellOf(r wire.Row, name string) ui.Cell {
	before, was := r.Before[name]
	after, is := r.After[name]
	if key, ok := r.Key[name]; ok && !was && !is {
		return ui.Cell{After: valueOf(key, true)}
	}
	switch {
	case slices.Contains(r.Changed, name) && was:
		return ui.Cell{Before: valueOf(before, was), After: valueOf(after, is), Changes: true}
	case is:
		return ui.Cell{After: valueOf(after, true), Changes: r.Op == "insert"}
	}
	return ui.Cell{After: valueOf(before, was)}
}

// decimal is how a decimal comes (docs/values.md: as a string in the
// column's scale). A text column all of whose values look so is set as numbers
// too, which harms nobody.
var decimal = regexp.MustCompile(`^-?\d+\.\d+$`)

func valueOf(raw json.RawMessage, there bool) ui.Value {
	if !there || len(raw) == 0 {
		return ui.Value{}
	}
	var s string
	switch {
	case string(raw) == "null":
		return ui.Value{Shown: ui.Shown{{Text: "NULL"}}, Kind: ui.Nothing, There: true}
	case raw[0] != '"' || json.Unmarshal(raw, &s) != nil:
		return ui.Value{Shown: ui.Shown{{Text: string(raw)}}, Kind: ui.Number, There: true}
	case s == "":
		return ui.Value{Shown: ui.Shown{{Text: "empty text"}}, Kind: ui.Nothing, There: true}
	case decimal.MatchString(s):
		return ui.Value{Shown: ui.Shown{{Text: s}}, Kind: ui.Number, There: true}
	}
	return ui.Value{Shown: ui.Visible(s), Kind: ui.Text, There: true}
}
