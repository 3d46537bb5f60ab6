package web

import (
	"encoding/json"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"

	"sutor/internal/wire"
)

// ops are what can happen to rows that a plan shows (contract, section 3).
var ops = []string{"insert", "update", "delete", "kept", "impossible"}

// rowsModel is a page of rows as a table.
type rowsModel struct {
	columns    []column
	lines      []rowLine
	from, to   string
	total      string
	prev, next string // other pages; "" where there is none
	why        string // why there are no rows to see
}

// column heads its cells; numbers stand at the right.
type column struct {
	name    string
	numbers bool
}

type rowLine struct {
	op    word
	row   string
	cells []cell
	why   string
}

// cell shows a value, or before → after where it changes.
type cell struct {
	before, after value
	changes       bool
}

// value is a value on the screen.
type value struct {
	shown
	kind  kind
	there bool
}

// kind is how a value is set.
type kind string

const (
	text    kind = ""
	number  kind = "num"
	nothing kind = "null" // NULL and the empty text, told in words
)

func rowsOf(c wire.Change, page wire.Rows, op string) rowsModel {
	end := page.Offset + int64(len(page.Rows))
	m := rowsModel{from: group(page.Offset + 1), to: group(end), total: group(page.Total)}
	names := shownIn(columnsOf(c, page.Rows), page.Rows)
	for _, r := range page.Rows {
		l := rowLine{op: opOf(r.Op), row: "–", why: plain(r.Why)}
		if r.Row != nil {
			l.row = strconv.FormatInt(*r.Row, 10)
		}
		for _, name := range names {
			l.cells = append(l.cells, cellOf(r, name))
		}
		m.lines = append(m.lines, l)
	}
	for i, name := range names {
		m.columns = append(m.columns, column{plain(name), numbers(m.lines, i)})
	}
	link := func(offset int64) string {
		return "/changes/" + url.PathEscape(c.ID) + "?" + url.Values{"op": {op}, "offset": {strconv.FormatInt(offset, 10)}}.Encode() + "#rows"
	}
	if page.Offset > 0 {
		m.prev = link(max(0, page.Offset-rowsSize))
	}
	if end < page.Total && len(page.Rows) > 0 {
		m.next = link(end)
	}
	return m
}

// numbers tells whether a column holds numbers and nothing else on this page.
func numbers(lines []rowLine, i int) bool {
	some := false
	for _, l := range lines {
		for _, v := range []value{l.cells[i].before, l.cells[i].after} {
			if v.there && v.kind == text {
				return false
			}
			some = some || v.kind == number
		}
	}
	return some
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
		return cell{after: valueOf(key, true)}
	}
	switch {
	case slices.Contains(r.Changed, name) && was:
		return cell{valueOf(before, was), valueOf(after, is), true}
	case is:
		return cell{after: valueOf(after, true), changes: r.Op == "insert"}
	}
	return cell{after: valueOf(before, was)}
}

// decimal is how a decimal comes (contract, section 3: as a string in the
// column's scale). A text column all of whose values look so is set as numbers
// too, which harms nobody.
var decimal = regexp.MustCompile(`^-?\d+\.\d+$`)

func valueOf(raw json.RawMessage, there bool) value {
	if !there || len(raw) == 0 {
		return value{}
	}
	var s string
	switch {
	case string(raw) == "null":
		return value{shown{{"NULL", false}}, nothing, true}
	case raw[0] != '"' || json.Unmarshal(raw, &s) != nil:
		return value{shown{{string(raw), false}}, number, true}
	case s == "":
		return value{shown{{"empty text", false}}, nothing, true}
	case decimal.MatchString(s):
		return value{shown{{s, false}}, number, true}
	}
	return value{visible(s), text, true}
}
