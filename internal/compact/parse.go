package compact

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"sutor/internal/record"
)

// MaxBytes is the largest file that is read: a Compact is written by people.
const MaxBytes = 1 << 20

// Parse reads and checks a Compact. file is its name as problems shall show it;
// relative paths inside count from its folder. All problems are given, ordered
// by position; the Compact is nil if any of them is more than a warning.
// Warnings are looked for only when nothing else is wrong.
func Parse(file string, b []byte) (*Compact, []Problem) {
	r := &reader{c: &Compact{File: file, Digest: record.DigestOf(b), places: places{}}, items: map[Path]map[string]Path{}}
	if root := r.document(b); root != nil {
		r.c.source = strings.Split(strings.ReplaceAll(string(b), "\r\n", "\n"), "\n")
		r.index(root, "")
		r.compact(root)
		r.c.indexPeople()
		r.check()
		if !Failed(r.problems) {
			r.warn()
		}
	}
	problems := Sort(r.problems)
	if Failed(problems) {
		return nil, problems
	}
	return r.c, problems
}

// reader is one run of Parse.
type reader struct {
	c         *Compact
	problems  []Problem
	suggested int                      // how many unknown names were compared with the known ones
	items     map[Path]map[string]Path // list → folded text → its place in the list
	named     []naming                 // people, roles and departments named in lists, to be looked up
	commas    []node                   // texts that go on after a comma, see rejoin
}

// problem reports what is wrong at a part of the file.
func (r *reader) problem(path Path, message, mend string) {
	r.problems = append(r.problems, r.c.Problem(path, message, mend))
}

// problemAt reports what is wrong at a node that is no part of the model.
func (r *reader) problemAt(n *yaml.Node, path Path, message, mend string) {
	r.problems = append(r.problems, Problem{File: r.c.File, Line: n.Line, Column: n.Column, Path: path, Message: message, Mend: mend})
}

// warning reports what is allowed but will surprise somebody.
func (r *reader) warning(path Path, message, mend string) {
	p := r.c.Problem(path, message, mend)
	p.Warning = true
	r.problems = append(r.problems, p)
}
