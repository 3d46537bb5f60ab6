package compact

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Pos is a place in the file; line and column count from 1, columns in
// characters.
type Pos struct{ Line, Column int }

// Path names a part of the Compact as a JSON Pointer (RFC 6901), for example
// /datasets/customers/guardrails/0/when. The root is "".
type Path string

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// To gives the path of a part below p, by keys or by numbers in a list.
func (p Path) To(parts ...string) Path {
	for _, part := range parts {
		p += Path("/" + pointerEscape.Replace(part))
	}
	return p
}

// parent gives the path of the part that holds p; the root is its own parent.
func (p Path) parent() Path {
	return p[:max(0, strings.LastIndexByte(string(p), '/'))]
}

// Problem is one thing that is wrong with a Compact, or (Warning) that is
// allowed but will surprise somebody.
type Problem struct {
	File         string
	Line, Column int // from 1; columns in characters
	Path         Path
	Message      string // whole sentences: what is wrong, and why it matters
	Mend         string // whole sentences: what to write instead
	Warning      bool
}

// String gives "file:line:column: message mend", the form that editors jump to.
func (p Problem) String() string {
	s := fmt.Sprintf("%s:%d:%d: ", p.File, p.Line, p.Column)
	if p.Warning {
		s += "warning: "
	}
	s += p.Message
	if p.Mend != "" {
		s += " " + p.Mend
	}
	return s
}

// Failed tells whether any problem is more than a warning.
func Failed(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return !p.Warning })
}

// Sort orders problems by position, as [Parse] gives them, and drops repetitions.
func Sort(problems []Problem) []Problem {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
	return slices.Compact(problems)
}

// places remembers where each part of the file stands.
type places map[Path]Pos

// at gives the place of a part, or of the nearest part around it that is there.
func (m places) at(path Path) Pos {
	for {
		if pos, ok := m[path]; ok {
			return pos
		}
		if path == "" {
			return Pos{1, 1}
		}
		path = path.parent()
	}
}
