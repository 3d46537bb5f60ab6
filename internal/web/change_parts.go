package web

import (
	"slices"
	"strconv"

	"sutor/internal/web/ui"
	"sutor/internal/wire"
)

// mendModel is the rows that cannot be taken, to be mended in place.
type mendModel struct {
	columns []string
	lines   []mendLine
	may     bool // the person may mend
	more    bool
}

type mendLine struct {
	row   string
	why   string
	cells []mendCell
}

type mendCell struct {
	name   string // of the input, without its prefix
	label  string
	value  string
	shown  ui.Shown
	bad    bool // it is to be mended: the others are shown
	hidden bool
}

func mendOf(c wire.Change, m wire.Mendable) mendModel {
	out := mendModel{may: slices.Contains(c.May, "mend"), more: m.More}
	for _, name := range m.Columns {
		out.columns = append(out.columns, ui.Plain(name))
	}
	for _, r := range m.Rows {
		row := strconv.FormatInt(r.Row, 10)
		l := mendLine{row: row, why: ui.Plain(r.Why)}
		anyBad := slices.ContainsFunc(r.Cells, func(c wire.MendableCell) bool { return c.Bad })
		for i, cell := range r.Cells {
			one := mendCell{name: row + "." + strconv.Itoa(i), hidden: cell.Hidden, bad: (cell.Bad || !anyBad) && !cell.Hidden}
			if i < len(out.columns) {
				one.label = out.columns[i] + ", row " + row
			}
			if cell.Text != nil {
				one.value, one.shown = *cell.Text, ui.Visible(*cell.Text)
			}
			l.cells = append(l.cells, one)
		}
		out.lines = append(out.lines, l)
	}
	return out
}

// saidModel is one thing that was said.
type saidModel struct {
	who, when, with, text string
	erased                bool
}

func saidOf(all []wire.Comment) (out []saidModel) {
	for _, c := range all {
		out = append(out, saidModel{who: ui.Plain(c.Name), when: when(c.At), with: ui.Plain(c.With), text: ui.Plain(c.Text), erased: c.Erased})
	}
	return out
}

// historyModel is the evidence of the change.
type historyModel struct {
	entries    []historyLine
	size       string
	checkpoint string
	key        string
}

type historyLine struct {
	wire.HistoryEntry
	when  string
	leaf  string
	facts []ui.Fact
}

func historyOf(h wire.History) historyModel {
	m := historyModel{size: group(h.Size), checkpoint: h.Checkpoint, key: h.Key}
	for _, e := range h.Entries {
		e.Says, e.Comment, e.Message = ui.Plain(e.Says), ui.Plain(e.Comment), ui.Plain(e.Message)
		l := historyLine{HistoryEntry: e, when: when(e.At), leaf: group(e.Leaf)}
		l.facts = []ui.Fact{{Name: "Kind", Value: e.Kind}, {Name: "Hash of the leaf", Value: e.Hash}}
		if e.Means != "" {
			l.facts = append(l.facts, ui.Fact{Name: "Signed in by", Value: e.Means})
		}
		if plan := e.Digests["plan"]; plan != "" {
			l.facts = append(l.facts, ui.Fact{Name: "Plan", Value: plan})
		}
		l.facts = append(l.facts, ui.Fact{Name: "Path to the signed head", Value: strconv.Itoa(len(e.Proof)) + " hashes, which hold"})
		m.entries = append(m.entries, l)
	}
	return m
}
