package cli

import (
	"strings"
	"unicode/utf8"
)

// table lines up texts in columns. Columns named in right are right-aligned, as
// numbers are.
type table struct {
	head  []string
	right map[int]bool
	rows  [][]string
}

func (t *table) row(cells ...string) { t.rows = append(t.rows, cells) }

// write prints the table with two spaces between columns.
func (t *table) write(p *page) {
	all := t.rows
	if len(t.head) > 0 {
		all = append([][]string{t.head}, all...)
	}
	var widths []int
	for _, r := range all {
		for i, cell := range r {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, r := range all {
		var line strings.Builder
		for i, cell := range r {
			space := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if t.right[i] {
				cell = space + cell
			} else {
				cell += space
			}
			line.WriteString("  " + cell)
		}
		p.line("%s", strings.TrimRight(line.String(), " "))
	}
}
