package json

import (
	"fmt"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/finding"
)

// The sentences of every refusal. Texts from the file are quoted and cut, so
// that control characters in them do nothing to a terminal.

const (
	again     = "The file may be cut off or written by hand; export it again."
	byteLimit = "Split the file, or ask the steward, who can raise the limit in the configuration."
)

func quote(text []byte) string { return fmt.Sprintf("%q", finding.Sample(string(text))) }

func shown(c byte) string {
	if c >= 0x80 {
		return "a character"
	}
	return fmt.Sprintf("%q", string(c))
}

func broken(at place, what string) error {
	return errs.New(errs.Invalid, "This is not JSON: line %d, character %d holds %s.", at.line, at.col, what).WithMend("%s", again)
}

func (s *scanner) refuse(what string) error { return broken(place{s.line, s.col}, what) }
func (p *parser) refuse(what string) error  { return broken(p.here(), what) }

func (p *parser) missing(what string) error {
	at := p.here()
	return errs.New(errs.Invalid, "This is not JSON: at line %d, character %d %s is missing.", at.line, at.col, what).WithMend("%s", again)
}

func (p *parser) twice(name string) error {
	return errs.New(errs.Invalid, "At line %d an object has the name %s twice.", p.here().line, quote([]byte(name))).
		WithMend("Leave one of the two out: nobody could tell which one counts.")
}

func ended(line int64) error {
	return errs.New(errs.Invalid, "This is not JSON: it ends in line %d before it is complete.", line).WithMend("%s", again)
}

func neverEnds(line int64) error {
	return errs.New(errs.Invalid, "This is not JSON: what begins in line %d never ends.", line).WithMend("%s", again)
}

func tooDeep(line int64) error {
	return errs.New(errs.Invalid, "In line %d objects and arrays stand more than %d levels deep.", line, maxDepth).
		WithMend("Bring the rows as an array of simple objects.")
}

func tooLong(line int64, limit int) error {
	return errs.New(errs.Invalid, "The value that begins in line %d is larger than %d bytes.", line, limit).WithMend("%s", byteLimit)
}

func noObject(line int64, text []byte) error {
	what := "a number, or true, false or null"
	switch text[0] {
	case '"':
		what = "a text"
	case '[':
		what = "an array"
	}
	return errs.New(errs.Invalid, "In line %d stands %s where a row must be: an object with names and values.", line, what).
		WithMend(`Bring the rows as objects: [{"id": 1, "name": "A"}, …], or one object a line.`)
}

func noRows() error {
	return errs.New(errs.Invalid, "The file holds no rows: no object with names and values.").
		WithMend(`Bring the rows as objects: [{"id": 1, "name": "A"}, …], or one object a line.`)
}

func several(members []string) error {
	quoted := make([]string, len(members))
	for i, m := range members {
		quoted[i] = quote([]byte(m))
	}
	return errs.New(errs.Invalid, "The file holds several tables: %s.", strings.Join(quoted, ", ")).
		WithMend("Choose one of them with --sheet NAME.")
}

func noMember(name string, members []string) error {
	e := errs.New(errs.Invalid, "The file holds no table named %s.", quote([]byte(name)))
	if len(members) == 0 {
		return e.WithMend("It holds one table without a name: leave --sheet out.")
	}
	return e.WithMend("It holds: %s.", strings.Join(members, ", "))
}

func tooManyColumns(line int64, limit int) error {
	return errs.New(errs.Invalid, "With the object in line %d there are more than %d columns.", line, limit).WithMend("Leave out columns that are not needed, or ask the steward, who can raise the limit in the configuration.")
}

func tooManyRows(limit int64) error {
	return errs.New(errs.Invalid, "The file has more than %d rows.", limit).WithMend("%s", byteLimit)
}

func cellTooLong(line int64, name string, limit int) error {
	return errs.New(errs.Invalid, "In the object in line %d, %s is larger than %d bytes.", line, quote([]byte(name)), limit).WithMend("%s", byteLimit)
}

func tooSparse(line int64) error {
	return errs.New(errs.Invalid, "The objects up to line %d have few names in common: as a table the file would be almost empty cells.", line).
		WithMend("Split the file into objects of one kind each.")
}
