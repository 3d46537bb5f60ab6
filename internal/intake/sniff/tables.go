package sniff

import "slices"

// block is a run of rows of one width, ragged ones among them.
type block struct {
	rows  []row // without blank lines
	width int
	gap   bool // blank lines stand above it
}

func (b *block) first() row { return b.rows[0] }
func (b *block) last() row  { return b.rows[len(b.rows)-1] }

// tables finds the tables among the rows of a sample.
func tables(sample []byte, rows []row, whole bool, h Hint) []Table {
	rows = trimmed(rows)
	if len(rows) == 0 {
		return nil
	}
	var found []Table
	if all := filled(rows); widest(rows) < 2 || h.told() {
		counts := map[int]int{}
		for _, r := range all {
			counts[r.width()]++
		}
		width, _ := commonest(counts)
		found = []Table{describe(sample, &block{rows: all, width: max(1, width)}, nil, h)}
	} else {
		found = judged(sample, blocks(rows), h)
	}
	if h.SkipLines != nil {
		found[0].Line = rows[0].line
	}
	end := rows[len(rows)-1]
	if t := &found[len(found)-1]; h.told() || t.Last >= end.line+end.lines-1 {
		t.Last = 0 // nothing but blank lines, or what is not in the sample, may follow
	}
	return found
}

// trimmed drops blank lines and rows without anything at both ends.
func trimmed(rows []row) []row {
	for len(rows) > 0 && rows[0].blank {
		rows = rows[1:]
	}
	for len(rows) > 0 && rows[len(rows)-1].blank {
		rows = rows[:len(rows)-1]
	}
	return rows
}

func widest(rows []row) int {
	w := 0
	for _, r := range rows {
		w = max(w, r.width())
	}
	return w
}

func filled(rows []row) []row {
	return slices.DeleteFunc(slices.Clone(rows), func(r row) bool { return r.blank })
}

// blocks groups the rows: first runs of one width without a blank line between,
// then runs of the same width with no more than two other rows between them.
func blocks(rows []row) (out []*block) {
	var runs []*block
	for i, gap := 0, false; i < len(rows); {
		if rows[i].blank {
			gap = true
			i++
			continue
		}
		j := i + 1
		for j < len(rows) && !rows[j].blank && rows[j].width() == rows[i].width() {
			j++
		}
		runs = append(runs, &block{rows: slices.Clip(rows[i:j]), width: rows[i].width(), gap: gap})
		i, gap = j, false
	}
	for i := 0; i < len(runs); {
		b := runs[i]
		i++
		for b.width > 1 {
			n := returns(b, runs[i:])
			if n == 0 {
				break
			}
			for _, r := range runs[i : i+n] {
				b.rows = append(b.rows, r.rows...)
			}
			i += n
		}
		out = append(out, b)
	}
	return out
}

// returns tells how many of the runs that follow belong to b: up to its next run
// of the same width, if no more than two rows of other widths stand before it.
func returns(b *block, runs []*block) int {
	other := 0
	for i, r := range runs {
		if r.width == b.width {
			if r.gap && (len(b.rows) > 1 || i > 0) && len(r.rows) > 1 && opens(r, b) {
				return 0
			}
			return i + 1
		}
		if other += len(r.rows); other > 2 || r.gap && i == 0 && r.width == 1 {
			return 0
		}
	}
	return 0
}

// opens tells whether the first row of r is a header: nothing in it fits the
// columns of b or those of the rows that follow, and two cells or more differ.
func opens(r, b *block) bool {
	hits, misses := fits(r.first(), profile(b.rows[min(1, len(b.rows)-1):], b.width))
	own, differ := fits(r.first(), profile(r.rows[1:], r.width))
	return hits+own == 0 && misses+differ >= 2
}

// judged makes tables of the blocks that are tables.
func judged(sample []byte, all []*block, h Hint) (out []Table) {
	largest := all[0]
	for _, b := range all {
		if len(b.rows)*b.width > len(largest.rows)*largest.width && (b.width > 1 || largest.width == 1) || largest.width == 1 && b.width > 1 && len(b.rows) > 1 {
			largest = b
		}
	}
	covered, total := 0, 0
	var before *block
	seen := false
	for _, b := range all {
		total += len(b.rows)
		if b == largest {
			seen = true
		}
		if b != largest && !isTable(b, largest, seen) {
			if (b.width > 1 || largest.width == 2 && len(b.rows) == 1) && !b.gap && len(out) > 0 && seen && before != nil { // ragged rows at the end of a table
				out[len(out)-1].Last = b.last().line + b.last().lines - 1
				out[len(out)-1].Rows += len(b.rows)
			}
			before = b
			continue
		}
		var above *row
		if before != nil && !b.gap && (len(out) == 0 || before.gap) {
			r := before.last()
			above = &r
		}
		for _, part := range split(b) {
			out = append(out, describe(sample, part, above, h))
			above = nil
		}
		covered += len(b.rows)
		before = b
	}
	if covered*2 < total && largest.width > 1 { // rows of all widths: one ragged table
		rows := slices.Concat(rowsOf(all)...)
		for len(rows) > 1 && rows[0].width() == 1 && rows[1].width() > 1 {
			rows = rows[1:]
		}
		return []Table{describe(sample, &block{rows: rows, width: rows[0].width()}, nil, h)}
	}
	return out
}

func rowsOf(all []*block) (out [][]row) {
	for _, b := range all {
		out = append(out, b.rows)
	}
	return out
}

// isTable tells whether a block beside the largest one is a table of its own.
func isTable(b, largest *block, after bool) bool {
	switch {
	case b.width < 2 || len(b.rows) < 2:
		return false
	case b.width == 2 && largest.width > 2 && len(b.rows) <= 10 && !after, b.width == 2 && largest.width > 2 && len(b.rows) <= 3:
		return false // names and values above or below a table
	case b.gap:
		return true
	}
	return headerLike(b.first(), profile(b.rows[1:], b.width), 1) && len(b.rows) > 2
}

// names tells whether every cell may be a column's name.
func names(r row) bool {
	for _, t := range r.types {
		if t.hard() || t >= Odd {
			return false
		}
	}
	return true
}

// split divides a block where a header stands inside it.
func split(b *block) []*block {
	p := profile(b.rows[min(1, len(b.rows)-1):], b.width)
	for i := 6; i < len(b.rows)-1; i++ {
		r := b.rows[i]
		if r.width() == b.width && r.filled == b.width && names(r) && headerLike(r, p, max(2, typedColumns(p)/2)) && !headerLike(b.rows[i-1], p, 1) {
			rest := &block{rows: b.rows[i:], width: b.width}
			return append([]*block{{rows: b.rows[:i], width: b.width, gap: b.gap}}, split(rest)...)
		}
	}
	return []*block{b}
}
