package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"sutor/internal/change"
	"sutor/internal/finding"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// Joint is the manifest of a family: of a change over several datasets of one
// system, which is planned, approved and written as a whole. Its canonical JSON is
// an artefact, and the digest of that is what people approve. Each member has a
// plan of its own, exactly as a change over one dataset has; Joint binds their
// manifests, and the order in which their rows are written.
type Joint struct {
	Joint     int           `json:"joint"` // version; a Manifest has none
	Change    change.ID     `json:"change"`
	System    string        `json:"system"`
	Kind      string        `json:"kind"`
	Compact   record.Digest `json:"compact"`
	Reverses  change.ID     `json:"reverses,omitempty"`
	Members   []JointMember `json:"members"` // parents first, at least two
	Steps     []Step        `json:"steps"`   // in the order in which they are written
	PlannedAt time.Time     `json:"planned_at"`
}

// JointMember is one member's plan.
type JointMember struct {
	Dataset string        `json:"dataset"`
	Plan    record.Digest `json:"plan"` // of its Manifest
}

// Step is a part of an apply: all rows of one operation of one member, counted
// from 1.
type Step struct {
	Member int       `json:"member"`
	Op     driver.Op `json:"op"`
}

// JointVersion is the version this code writes.
const JointVersion = 1

// Canonical gives the one JSON form.
func (j Joint) Canonical() []byte { return CanonicalJSON(j) }

// Digest is the digest of the family's plan.
func (j Joint) Digest() record.Digest { return record.DigestOf(j.Canonical()) }

// ParseJoint reads a stored joint manifest; it refuses one of a newer version, or
// one that is not in canonical form.
func ParseJoint(b []byte) (Joint, error) {
	var j Joint
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&j); err != nil {
		return j, errNotManifest(err)
	}
	if j.Joint != JointVersion || !bytes.Equal(j.Canonical(), b) || !complete(j.Steps, len(j.Members)) {
		return j, errNotManifest(nil)
	}
	return j, nil
}

// complete tells whether every operation of every member is there once, and those
// of a member in their order.
func complete(steps []Step, members int) bool {
	next := make([]int, members)
	for _, s := range steps {
		if s.Member < 1 || s.Member > members || next[s.Member-1] == len(ops) || ops[next[s.Member-1]] != s.Op {
			return false
		}
		next[s.Member-1]++
	}
	return members > 1 && len(steps) == members*len(ops)
}

// ops are the operations of one table in the order in which they are written: what
// a row gives up, the next may take.
var ops = []driver.Op{driver.Delete, driver.Update, driver.Insert}

// Steps gives the order in which the rows of members are written, which come
// parents first. Children go first where rows are deleted, parents where they are
// inserted. An update of a child comes after its parent's inserts, so that it may
// refer to a new row; or, to leave a row that is deleted, before its parent's
// deletes. The two cannot both be: leaving says which.
func Steps(members int, leaving bool) (steps []Step) {
	each := func(backwards bool, ops ...driver.Op) {
		for i := range members {
			if backwards {
				i = members - 1 - i
			}
			for _, op := range ops {
				steps = append(steps, Step{i + 1, op})
			}
		}
	}
	if leaving {
		each(true, driver.Delete, driver.Update)
		each(false, driver.Insert)
	} else {
		each(true, driver.Delete)
		each(false, driver.Update, driver.Insert)
	}
	return steps
}

// Place is the number of a step; -1 where there is none.
func Place(steps []Step, member int, op driver.Op) int { return slices.Index(steps, Step{member, op}) }

// ParentsFirst orders tables by the foreign keys between them: it gives their
// places, parents before their children, otherwise in the order given. Where they
// refer to each other in a circle, keys that are judged at the commit do not count;
// if that does not open it, the first of those left comes first, and rows that
// would refer to a later table are findings.
func ParentsFirst(tables []driver.Table) (order []int) {
	for len(order) < len(tables) {
		next := -1
		for _, all := range []bool{true, false} {
			for i := range tables {
				if next < 0 && !slices.Contains(order, i) && !waits(tables, i, order, all) {
					next = i
				}
			}
		}
		for i := range tables {
			if next < 0 && !slices.Contains(order, i) {
				next = i
			}
		}
		order = append(order, next)
	}
	return order
}

// waits tells whether a table refers to another that is not in the order yet.
func waits(tables []driver.Table, i int, order []int, deferred bool) bool {
	return slices.ContainsFunc(tables[i].ForeignKeys, func(fk driver.ForeignKey) bool {
		to := slices.IndexFunc(tables, func(t driver.Table) bool { return t.Table == fk.RefTable })
		return to >= 0 && to != i && (deferred || !fk.Deferred) && !slices.Contains(order, to)
	})
}

// GoneParentFinding: a row refers to one that the same change takes away.
func GoneParentFinding(columns record.Schema, to record.Table) finding.Finding {
	names, titles := strings.Join(columns.Names(), ", "), strings.Join(columns.Titles(), ", ")
	return invalid(finding.ForeignKey, names, fmt.Sprintf("%s refers to rows of %s that this change deletes, or gives another value.", titles, to),
		"Let the row refer to another, or leave the other row as it is.")
}

// LateParentFinding: a row refers to one that the same change makes too late.
func LateParentFinding(columns record.Schema, to record.Table) finding.Finding {
	names, titles := strings.Join(columns.Names(), ", "), strings.Join(columns.Titles(), ", ")
	return invalid(finding.ForeignKey, names, fmt.Sprintf("%s refers to rows of %s that this change makes after it, and the system judges that at once.", titles, to),
		"Make the other rows in a change of their own first; or ask the steward to have the foreign key judged at the commit (DEFERRABLE INITIALLY DEFERRED).")
}
