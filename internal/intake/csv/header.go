package csv

import (
	"bytes"
	"fmt"
	"strings"

	"sutor/internal/finding"
	"sutor/internal/record"
)

// readHeader reads the header's records and names the columns.
func (r *reader) readHeader() error {
	var names []string
	for range r.table.Header {
		at, ok, err := r.next()
		if err != nil {
			return err
		}
		if !ok {
			break
		}
		r.header = r.line - r.scan.lines
		if r.scan.cells > r.limits.MaxColumns {
			return tooManyColumns(r.header, r.scan.cells, r.limits.MaxColumns)
		}
		cells, err := headerCells(r.scan.out[at:r.scan.n])
		if err != nil {
			return err
		}
		names = join(names, fit(cells, r.table.Columns))
		if r.mended != "" {
			r.mended = ""
			r.note("header-repaired", finding.Warn, r.header, "The header was not written in the file's dialect, and was read in the one way that fits.", "Look whether the names are right.")
		}
		r.scan.n = 0
	}
	if r.text.Marked() {
		if lost, foreign := r.marked(); lost+foreign > 0 {
			r.note("header-encoding", finding.Warn, r.header, "Characters in the header are not in the encoding of the file.", "Look whether the names are right, or say the encoding.")
		}
	}
	r.res.Columns = r.named(names)
	return nil
}

// headerCells reads the staged cells of a header, each of which has a comma
// before it. A cell that was not there is the empty text.
func headerCells(cells []byte) ([]string, error) {
	if len(cells) == 0 {
		return nil, nil
	}
	staged := append(bytes.Clone(cells[1:]), '\n')
	fields, err := record.NewReader(bytes.NewReader(staged)).Read()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = strings.TrimSpace(string(f.Text))
	}
	return names, nil
}

// fit brings a header to the table's width. Cells too many without a name are
// dropped, the first ones first: a separator too many made them.
func fit(names []string, columns int) []string {
	for i := 0; i < len(names) && len(names) > columns; {
		if names[i] == "" {
			names = append(names[:i:i], names[i+1:]...)
		} else {
			i++
		}
	}
	names = names[:min(len(names), columns)]
	for len(names) < columns {
		names = append(names, "")
	}
	return names
}

// join puts the lines of a header together, with a blank between.
func join(above, below []string) []string {
	if above == nil {
		return below
	}
	for i, name := range below {
		if above[i] = strings.TrimSpace(above[i] + " " + name); i == len(above)-1 {
			break
		}
	}
	return above
}

// named gives every column a name of its own: "Column 3" where it has none,
// "Price (2)" where another has it already. Names are the same if their bytes are.
func (r *reader) named(names []string) []string {
	for len(names) < r.table.Columns {
		names = append(names, "")
	}
	taken := map[string]bool{}
	for _, name := range names {
		taken[name] = true
	}
	seen := map[string]bool{}
	for i, name := range names {
		switch {
		case name == "":
			name = free(fmt.Sprintf("Column %d", i+1), taken)
			if r.table.Header > 0 {
				r.noteColumn("unnamed-column", name, r.header, fmt.Sprintf("Column %d has no name in the header; it is called %q here.", i+1, name), "Give it a name in the file, or map it by this one.")
			}
		case seen[name]:
			twice := name
			name = free(name, taken)
			r.noteColumn("double-name", name, r.header, fmt.Sprintf("Column %d has the name %s, which another column has, too; it is called %s here.", i+1, quote(twice), quote(name)), "Rename one of them in the file, or map it by this name.")
		}
		seen[name], taken[name] = true, true
		names[i] = name
	}
	return names
}

// free makes a name that nobody has: "Price (2)".
func free(name string, taken map[string]bool) string {
	for n := 2; ; n++ {
		if !taken[name] {
			return name
		}
		base, _, _ := strings.Cut(name, " (")
		if n > 2 {
			name = fmt.Sprintf("%s (%d)", base, n)
			continue
		}
		name = fmt.Sprintf("%s (2)", name)
	}
}
