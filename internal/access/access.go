// Package access says who asks and what they may do, as pure functions over
// plain data. It knows nothing of HTTP, tokens or databases: identity makes a
// Principal, workflow asks the questions, on every path the same ones.
//
// The table *Who may* of docs/lifecycle.md stands here once, as [May], and who
// sees which columns and rows of a dataset as [See] (docs/rights.md). Rights
// that depend on one change (its maker, its route, its state) are in package
// change; segregation of duties is judged there, per change.
package access

import (
	"slices"
	"strings"
)

// Email identifies a person. It is always case-folded: two spellings of one
// address are one person (the attack in the story attack_email_case.txtar).
type Email string

// Fold makes an Email of an address as written.
func Fold(address string) Email {
	return Email(strings.ToLower(strings.TrimSpace(address)))
}

// Role is one of the five roles of the Compact.
type Role string

const (
	Maker   Role = "maker"
	Owner   Role = "owner"
	Manager Role = "manager"
	Steward Role = "steward"
	Auditor Role = "auditor"
)

// Roles lists all roles.
var Roles = []Role{Maker, Owner, Manager, Steward, Auditor}

// Department is a part of the company, by its name in the Compact.
type Department string

// Level is a maker's degree of freedom; a higher one includes the lower.
type Level string

const (
	Newcomer     Level = "newcomer"
	Practitioner Level = "practitioner"
	Expert       Level = "expert"
)

// Levels lists the levels, lowest first.
var Levels = []Level{Newcomer, Practitioner, Expert}

// AtLeast tells whether l reaches least; an unknown level reaches nothing.
func (l Level) AtLeast(least Level) bool {
	i, j := slices.Index(Levels, l), slices.Index(Levels, least)
	return i >= 0 && j >= 0 && i >= j
}

// Means says how somebody proved who they are; it stands in every decision.
type Means string

// Principal is a signed-in person with the rights of the Compact in force.
type Principal struct {
	Email       Email
	Name        string
	Roles       []Role
	Departments []Department
	Level       Level
	Means       Means // "session", "token:ID"; "passkey" is reserved
	// Grants are what owners gave the person beyond the Compact, of those that hold
	// now: package workflow brings them up to date in every transaction.
	Grants   []Grant
	StandsIn []StandIn // whose place the person takes now
}

// Is tells whether the person has the role.
func (p Principal) Is(r Role) bool { return slices.Contains(p.Roles, r) }

// In tells whether the person belongs to the department.
func (p Principal) In(d Department) bool { return slices.Contains(p.Departments, d) }

// Dataset is what rights are judged against: who owns it, whose it is, with whom
// it is shared, and who sees what of its rows.
type Dataset struct {
	Name       string
	Department Department
	Owners     []Email
	Share      Share
	Columns    map[string]Column // by name; only those whose values are not for everybody
	Rows       []RowRule
}

// OwnedBy tells whether the person is a listed owner. Only listed owners count:
// the role alone gives no right to a dataset.
func (d Dataset) OwnedBy(p Principal) bool {
	return p.Is(Owner) && slices.Contains(d.Owners, p.Email)
}

// Action is something a person may want to do with a dataset.
type Action string

const (
	SeeDataset   Action = "see the dataset"
	SeeRows      Action = "see its rows"
	Export       Action = "export its rows"
	SeeChanges   Action = "see its changes"
	SeeValues    Action = "see the values of its changes"
	Propose      Action = "propose a change"
	ProveChanges Action = "export the evidence of any of its changes"
	Freeze       Action = "freeze it at once, and lift that"
)

// May answers for one person, one action, one dataset. Several roles add up, and
// so do what is shared with the person and what was granted to them. What they see
// of the rows is told by [See].
func May(p Principal, a Action, d Dataset) bool {
	proposes := shared(d.Share.Propose, p)
	maker := p.Is(Maker) && (p.In(d.Department) || proposes)
	guest := proposes || shared(d.Share.See, p) || p.granted(d.Name, "")
	manager := p.Is(Manager) && p.In(d.Department)
	owner := d.OwnedBy(p)
	auditor := p.Is(Auditor)
	switch a {
	case SeeDataset, SeeChanges:
		return maker || owner || manager || auditor || guest || p.Is(Steward) || p.inPlace(d)
	case SeeRows, SeeValues:
		return maker || owner || manager || auditor || guest || p.inPlace(d)
	case Export:
		return maker || owner || manager || auditor || guest
	case Propose:
		return maker
	case ProveChanges:
		return owner || manager || auditor
	case Freeze:
		return owner || manager || p.Is(Steward)
	}
	return false
}

// MayPutInForce tells whether the person may put a Compact in force, and see
// what of the server's running concerns stewards only.
func MayPutInForce(p Principal) bool { return p.Is(Steward) }
