package drivertest

import (
	"bytes"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"sutor/internal/record"
)

// Native is what the suite knows of a type that only the system reads and writes
// (record.Native).
type Native struct {
	Values  []string                  // canonical texts, no two of them equal for the system
	Spelled map[string]string         // other texts, and the canonical ones of their values
	Refused map[string]record.Problem // texts that are no values, and why
}

// edges gives canonical texts of a type that are known to break things.
func (h Harness) edges(t record.Type) []string {
	if t.Kind == record.Native {
		return h.Natives[t.Native].Values
	}
	return edges(t)
}

// value draws a canonical text of a type.
func (h Harness) value(t record.Type) *rapid.Generator[string] {
	if t.Kind == record.Native {
		return rapid.SampledFrom(h.edges(t))
	}
	return value(t)
}

// valuesSpelled: the system is asked how it writes a value, and what is none is
// told, each text by itself.
func valuesSpelled(e *env) {
	for _, t := range e.run.h.Types {
		if t.Kind == record.Native {
			n := e.run.h.Natives[t.Native]
			d, rows := e.valueTable(t)
			e.sys.Insert(e.T, d.Table, d.Columns, rows)
			want := map[string]string{}
			for _, v := range n.Values {
				want[v] = v
			}
			for text, v := range n.Spelled {
				want[text] = v
			}
			e.spells(d.Table, d.Columns[1], want)
			for text, p := range n.Refused {
				want[text] = problemMark + string(p)
			}
			e.spells(d.Table, d.Columns[1], want)
			e.holds(d, rows)
		}
	}
}

const problemMark = "\x00"

// spells asks for all texts at once.
func (e *env) spells(table record.Table, column record.Column, want map[string]string) {
	e.Helper()
	texts := slices.Sorted(maps.Keys(want))
	var ask [][]*string
	for _, text := range texts {
		ask = append(ask, []*string{&text})
	}
	var down bytes.Buffer
	n, err := e.drv.Spell(e.ctx, table, column, numbered(ask), &down)
	if err != nil || n != int64(len(texts)) {
		e.Fatalf("Spell of %d texts of %s: %d, %v", len(texts), column.Type.Native, n, err)
	}
	numbers, said, err := decode(down.Bytes())
	if err != nil || len(numbers) != len(texts) {
		e.Errorf("%d texts of %s, %d answers, %v", len(texts), column.Type.Native, len(numbers), err)
	}
	for i, number := range numbers {
		text, got := texts[number-1], ""
		switch canonical, problem := said[i][0], said[i][1]; {
		case canonical != nil && problem == nil:
			got = *canonical
		case canonical == nil && problem != nil:
			got = problemMark + *problem
		}
		if got != want[text] {
			e.Errorf("%s: %q is spelled %q, want %q", column.Type.Native, text, got, want[text])
		}
	}
}
