// Package page keeps the parts of Markdown files that programs write, each between two lines
// of its own, "<!-- begin NAME -->" and "<!-- end NAME -->"; the rest stands as it is.
package page

import (
	"fmt"
	"os"
	"strings"
)

// Write puts a text in the place of that name in the file, which must have one.
func Write(file, name, text string) error {
	old, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	begin, end := "<!-- begin "+name+" -->\n", "<!-- end "+name+" -->\n"
	before, rest, begins := strings.Cut(string(old), begin)
	_, after, ends := strings.Cut(rest, end)
	if !begins || !ends {
		return fmt.Errorf("%s has no place for %s: the lines %q and %q", file, name, strings.TrimSpace(begin), strings.TrimSpace(end))
	}
	return os.WriteFile(file, []byte(before+begin+text+end+after), 0o644)
}
