package compact

import (
	"slices"
	"time"

	"sutor/internal/access"
	"sutor/internal/finding"
	"sutor/internal/record"
)

// Compact is one version of the file, read and checked. Lists keep the file's
// order. It is not changed after [Parse].
type Compact struct {
	File        string        // as given to Parse; relative paths in it count from its folder
	Digest      record.Digest // of the file's exact bytes
	Name        string
	Timezone    *time.Location // for texts without an offset
	Systems     []System
	Departments []access.Department
	People      []Person
	Processes   []Process
	Datasets    []Dataset
	Freezes     []Freeze // those of the processes too
	Risk        Weights  // complete
	Levels      []LevelRule
	Remind      Days // after which people are reminded of what waits for them

	people map[access.Email]int // index into People
	places places
	source []string // the file's lines, to find places inside expressions
}

// Kind is the kind of a system: the name of its connector.
type Kind string

// The kinds that can be written in this version.
const (
	SQLite   Kind = "sqlite"
	Postgres Kind = "postgres"
	MySQL    Kind = "mysql" // MariaDB too
)

// Kinds lists them.
var Kinds = []Kind{SQLite, Postgres, MySQL}

// laterKinds are named by the contract and refused until they are built.
var laterKinds = []string{"odata"}

// System is a connected database. DSN is as written in the file, checked to
// hold no password; see [System.Resolve].
type System struct {
	Name string
	Kind Kind
	DSN  string
	Path Path
}

// Person is one of the people, with the rights the Compact gives.
type Person struct {
	Email       access.Email
	Name        string // the e-mail where the file gives none
	Roles       []access.Role
	Departments []access.Department
	Level       access.Level // Newcomer where the file gives none
	Left        bool         // they have no rights any more; their duties go to others
	Path        Path
}

// Is tells whether the person has the role.
func (p Person) Is(r access.Role) bool { return slices.Contains(p.Roles, r) }

// In tells whether the person belongs to the department.
func (p Person) In(d access.Department) bool { return slices.Contains(p.Departments, d) }

// Op is a kind of write that a dataset may allow.
type Op string

// The kinds of writes.
const (
	Insert Op = "insert"
	Update Op = "update"
	Delete Op = "delete"
)

// Ops lists them; the first two are what a dataset allows where it says nothing.
var Ops = []Op{Insert, Update, Delete}

// Dataset is one governed table.
type Dataset struct {
	Name       string
	Label      string // Name where the file gives none
	System     string
	Table      record.Table // Schema is empty where the file names none
	Key        []string
	Department access.Department
	Process    string         // "" where it belongs to none; what that says stands in Owners, Guardrails and Risk
	Owners     []access.Email // at least one, each with the role owner
	Needs      int            // how many of them must approve where the owner decides
	Allow      []Op
	Columns    map[string]ColumnRule // by the column's exact name; only those the file speaks of
	Guardrails []Guardrail
	Impact     []Impact
	Freedom    []Freedom
	Risk       Weights // complete: what the dataset, the Compact or nobody says
	Retain     Retain
	Share      access.Share
	Rows       []RowRule // people whom they name see and change only such rows
	MaxDeletes int       // per cent of its part that a sync may delete
	Path       Path

	ownerPath Path // where Owners stands
}

// Allows tells whether proposals may write in this way.
func (d *Dataset) Allows(op Op) bool { return slices.Contains(d.Allow, op) }

// ColumnRule is what the Compact says of one column. Min, Max and OneOf are
// texts exactly as written; they become values by the column's type.
type ColumnRule struct {
	Label    string // "" where the file gives none
	OneOf    []string
	Min, Max *string // a number (record.Decimal) or a date (record.Date)
	Pattern  string  // RE2, found anywhere in the text unless anchored; "" for none
	Say      string  // what Pattern asks for, in words; "" for none
	Required bool
	Writable *bool // nil: as the system allows
	Also     []string
	Critical bool // changing it counts towards risk
	Given    bool // of the key: the system gives it to new rows that have none
	// VisibleTo names those who see its values, nil for everybody; Mask is what the
	// others see.
	VisibleTo []access.Who
	Mask      access.Mask
	Path      Path
}

// MayWrite tells whether proposals may change the column.
func (r ColumnRule) MayWrite() bool { return r.Writable == nil || *r.Writable }

// Each says what a guardrail looks at: every row, or the change as a whole.
type Each string

// What a guardrail may look at.
const (
	EachRow    Each = "row"
	EachChange Each = "change"
)

// Guardrail is one rule with a consequence.
type Guardrail struct {
	Name string
	Each Each
	When Expr
	Then finding.Severity
	By   access.Role // who must decide, for Approve; the owner where the file gives none
	// Needs is how many of them must approve; 0 where Then is not Approve.
	Needs int
	Say   string
	Path  Path

	Process string // whose guardrail it is; "": the dataset's own
}

// Impact tells which rows of a related table a change touches.
type Impact struct {
	Label   string
	Table   record.Table
	Match   map[string]string // column of Table → column of the dataset
	Where   Expr              // Text is "" where the file gives none
	Measure string            // column of Table that is summed; "" for none
	Path    Path
}

// Freedom lets makers of at least Level go ahead without the owner when When
// holds. It never overrides a guardrail.
type Freedom struct {
	Level access.Level
	When  Expr
	Path  Path
}

// LevelRule raises a maker to Level while When holds of their record, above the
// level that the Compact gives them.
type LevelRule struct {
	Level access.Level
	When  Expr
	Say   string // what it takes, in words for makers
	Path  Path
}

// Days is a length of time in whole days.
type Days int

// Retain says how long what a change leaves is kept. Undo is offered while values
// are kept.
type Retain struct {
	Values, Inputs Days
	Notices        Days // what people were told, and the mails
	Texts          Days // names, reasons and comments in the evidence; 0 for ever
	Path           Path
}

// What counts where the file says nothing.
const (
	DefaultValues     Days = 90
	DefaultInputs     Days = 30
	DefaultNotices    Days = 365
	leastNotices      Days = 7
	DefaultRemind     Days = 3
	DefaultMaxDeletes      = 10
)

// Freeze is a time in which nothing is applied.
type Freeze struct {
	From, To time.Time // From inside, To outside; in UTC
	Datasets []string  // empty: all
	Say      string
	Path     Path
}

// System finds a system by name.
func (c *Compact) System(name string) (System, bool) {
	i := slices.IndexFunc(c.Systems, func(s System) bool { return s.Name == name })
	if i < 0 {
		return System{}, false
	}
	return c.Systems[i], true
}

// Dataset finds a dataset by name.
func (c *Compact) Dataset(name string) (*Dataset, bool) {
	i := slices.IndexFunc(c.Datasets, func(d Dataset) bool { return d.Name == name })
	if i < 0 {
		return nil, false
	}
	return &c.Datasets[i], true
}

// Frozen gives the freeze that holds for a dataset at a time.
func (c *Compact) Frozen(dataset string, at time.Time) (Freeze, bool) {
	for _, f := range c.Freezes {
		concerned := len(f.Datasets) == 0 || slices.Contains(f.Datasets, dataset)
		if concerned && !at.Before(f.From) && at.Before(f.To) {
			return f, true
		}
	}
	return Freeze{}, false
}

// Pos gives the place of a part of the file, or of the nearest part around it
// that is there: a column without a rule is found at its dataset.
func (c *Compact) Pos(path Path) Pos { return c.places.at(path) }

// Problem makes a problem at a part of the file, for checks made elsewhere.
func (c *Compact) Problem(path Path, message, mend string) Problem {
	pos := c.Pos(path)
	return Problem{File: c.File, Line: pos.Line, Column: pos.Column, Path: path, Message: message, Mend: mend}
}

// ProblemIn makes a problem inside an expression; line and column count from 1
// within its text.
func (c *Compact) ProblemIn(e Expr, line, column int, message, mend string) Problem {
	p := c.Problem(e.Path, message, mend)
	pos := e.at(c.source, line, column)
	p.Line, p.Column = pos.Line, pos.Column
	return p
}
