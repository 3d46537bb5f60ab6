package web

import (
	"maps"
	"slices"

	"sutor/internal/web/ui"
	"sutor/internal/wire"
)

// conflictModel is the rows that stood in the way of an apply.
type conflictModel struct {
	lines []conflictLine
	more  bool // there are others
}

// conflictLine is one column of one row: what the plan knew, what it wanted, and what
// somebody else has made of it. The first of a row names it.
type conflictLine struct {
	row, key, column    string
	span                int // lines of the same row; 0 for all but the first
	before, after, live ui.Value
	moved               bool // it is no more what the plan knew
	gone                bool // the row is not there any more, or not for the person
}

func conflictsOf(c wire.Change, all []wire.ConflictRow) (m conflictModel) {
	m.more = c.Result != nil && len(c.Result.ConflictRows) > len(all)
	for _, r := range all {
		names := slices.Clone(r.Changed)
		for _, name := range slices.Sorted(maps.Keys(r.Before)) { // what is judged and was changed by others
			if live, there := r.Live[name]; there && string(live) != string(r.Before[name]) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
		if len(names) == 0 {
			names = slices.Sorted(maps.Keys(r.After))
		}
		for i, name := range names {
			l := conflictLine{column: ui.Plain(name), gone: r.Live == nil}
			if i == 0 {
				l.span, l.key = len(names), keyWords(r.Row)
				if r.Row.Row != nil {
					l.row = itoa(*r.Row.Row)
				}
			}
			before, was := r.Before[name]
			after, is := r.After[name]
			live, there := r.Live[name]
			l.before, l.after, l.live = valueOf(before, was), valueOf(after, is), valueOf(live, there)
			l.moved = there && was && string(live) != string(before)
			m.lines = append(m.lines, l)
		}
	}
	return m
}

// keyWords names a row by its key.
func keyWords(r wire.Row) string {
	out := ""
	for _, name := range slices.Sorted(maps.Keys(r.Key)) {
		v := valueOf(r.Key[name], true)
		if out != "" {
			out += ", "
		}
		out += ui.Plain(name) + " "
		for _, piece := range v.Shown {
			out += piece.Text
		}
	}
	return out
}
