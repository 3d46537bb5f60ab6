package recipe

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"sutor/internal/change"
	"sutor/internal/finding"
)

// Difference says how a file's header differs from what a recipe knows.
type Difference struct {
	Missing []Missing // columns that the recipe uses and the file lacks
	New     []New     // columns that the recipe does not know
	Gone    []string  // columns of the dataset that the recipe fills and that are not there any more
}

// Missing is a column of the recipe that the file lacks.
type Missing struct {
	File, Column string
}

// New is a column of the file that the recipe does not know.
type New struct {
	File  string
	Looks string // the column of the dataset that it looks like; empty for none
	Why   string
}

// Fits reads a recipe beside a header and the columns of a dataset: which of the
// header's columns it speaks of, and how the two differ. Columns are the same by
// name, else by a name that differs in case and blanks only.
func Fits(r *change.Recipe, header, columns []string) (maps map[string]string, d Difference) {
	maps = map[string]string{}
	taken := map[string]bool{} // of the header
	for _, file := range r.Columns {
		column := r.Map[file]
		if column != "" && !slices.Contains(columns, column) {
			d.Gone = append(d.Gone, column)
			column = ""
		}
		in, there := same(header, file, taken)
		if there {
			maps[in], taken[in] = column, true
		} else if column != "" {
			d.Missing = append(d.Missing, Missing{File: file, Column: column})
		}
	}
	for _, h := range header {
		if !taken[h] {
			d.New = append(d.New, New{File: h})
		}
	}
	return maps, d
}

func same(header []string, file string, taken map[string]bool) (string, bool) {
	for _, key := range []func(string) string{func(s string) string { return s }, loose} {
		for _, h := range header {
			if !taken[h] && key(h) == key(file) {
				return h, true
			}
		}
	}
	return "", false
}

func loose(name string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, name))
}

// None tells that there is no difference.
func (d Difference) None() bool { return len(d.Missing)+len(d.New)+len(d.Gone) == 0 }

// Sentences say what is different, and how to mend it. Names of the file are
// quoted; option writes the word of the command line that says what a column is.
func (d Difference) Sentences(option func(file, column string) string) (message, mend string) {
	var say, do []string
	for _, m := range d.Missing {
		text := fmt.Sprintf("%s (%s) is missing", show(m.File), m.Column)
		if i := slices.IndexFunc(d.New, func(n New) bool { return n.Looks == m.Column }); i >= 0 {
			text += fmt.Sprintf(", and %s looks like it under a new name", show(d.New[i].File))
			do = append(do, "If it is: "+option(d.New[i].File, m.Column)+".")
		}
		say = append(say, text)
	}
	for _, n := range d.New {
		if slices.ContainsFunc(d.Missing, func(m Missing) bool { return m.Column == n.Looks }) {
			continue
		}
		text := show(n.File) + " is new, and was left out"
		if n.Looks != "" {
			text += ", though it looks like " + n.Looks
			do = append(do, "To take it: "+option(n.File, n.Looks)+".")
		}
		say = append(say, text)
	}
	for _, g := range d.Gone {
		say = append(say, "the dataset has no column "+show(g)+" any more")
	}
	if len(do) == 0 {
		do = append(do, "If that is how these files are now, save the recipe anew from this change.")
	}
	return strings.Join(say, "; ") + ".", strings.Join(do, " ")
}

func show(text string) string { return fmt.Sprintf("%q", finding.Sample(text)) }
