package cli

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"sutor/internal/wire"
)

// showRows prints rows as a table: what happens, where the row stands in the
// file, its key, and each change before → after.
func showRows(p *page, rows []wire.Row) {
	if len(rows) == 0 {
		return
	}
	keys := slices.Sorted(maps.Keys(rows[0].Key))
	t := table{head: append(append([]string{"", "ROW"}, keys...), "WHAT CHANGES"), right: map[int]bool{1: true}}
	for _, r := range rows {
		cells := []string{opSign(r.Op), "–"}
		if r.Row != nil {
			cells[1] = strconv.FormatInt(*r.Row, 10)
		}
		for _, k := range keys {
			cells = append(cells, value(r.Key[k]))
		}
		t.row(append(cells, cellsText(r))...)
	}
	t.write(p)
}

func opSign(op string) string {
	signs := map[string]string{"insert": "+", "update": "~", "delete": "-", "unchanged": "=", "invalid": "✗", "kept": "=", "impossible": "✗"}
	return strings.TrimSpace(signs[op] + " " + op)
}

// cellsText lists a row's changes, in the order of the plan's columns.
func cellsText(r wire.Row) string {
	columns := r.Changed
	if len(columns) == 0 && r.Op == "insert" {
		columns = slices.Sorted(maps.Keys(r.After))
	}
	var out []string
	for _, col := range columns {
		text := col + ": "
		if before, ok := r.Before[col]; ok && r.Op != "insert" {
			text += value(before) + " → "
		}
		out = append(out, text+value(r.After[col]))
	}
	if r.Why != "" {
		out = append(out, r.Why)
	}
	return strings.Join(out, "; ")
}

// value shows a JSON value: texts bare where that is clear, NULL as NULL.
func value(raw json.RawMessage) string {
	var v any
	if len(raw) == 0 {
		return ""
	}
	if err := json.Unmarshal(raw, &v); err != nil {
		return string(raw)
	}
	switch v := v.(type) {
	case nil:
		return "NULL"
	case string:
		if v == "" || v == "NULL" || strings.TrimSpace(v) != v || strings.ContainsAny(v, ";\n→") {
			return strconv.Quote(v)
		}
		return v
	}
	return string(raw)
}
