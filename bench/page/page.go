// Package page keeps sections of a Markdown file that programs write: each between two
// marks of its own, so that the rest of the file stands as it is.
package page

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"strings"
)

// begins finds the mark of a section's beginning.
var begins = regexp.MustCompile(`(?m)^<!-- \w+: begins[;\w/ -]* -->$`)

// Write puts a section in its place in the file, or at the end where it has none yet. by is the
// program that writes it.
func Write(file, name, by, text string) error {
	old, err := read(file)
	if err != nil {
		return err
	}
	mark, end := "<!-- "+name+": begins; written by "+by+" -->\n", "<!-- "+name+": ends -->\n"
	before, rest, there := strings.Cut(old, mark)
	if there {
		if _, rest, there = strings.Cut(rest, end); !there {
			return fmt.Errorf("%s: the section %s has no end", file, name)
		}
	} else if before != "" {
		before = strings.TrimRight(before, "\n") + "\n\n"
	}
	return os.WriteFile(file, []byte(before+mark+"\n"+strings.TrimRight(text, "\n")+"\n\n"+end+rest), 0o644)
}

// WriteHead puts a text in place of all that stands before the first section.
func WriteHead(file, text string) error {
	old, err := read(file)
	if err != nil {
		return err
	}
	if at := begins.FindStringIndex(old); at != nil {
		text = strings.TrimRight(text, "\n") + "\n\n" + old[at[0]:]
	}
	return os.WriteFile(file, []byte(text), 0o644)
}

// read gives the file, which need not be there yet.
func read(file string) (string, error) {
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err
	}
	return string(old), nil
}
