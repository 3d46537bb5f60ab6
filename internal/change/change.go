// Package change is the heart of the domain: the life of one governed mass
// change, as pure functions over plain data. States and the legal moves between
// them, decisions and whether they satisfy a route, and who may do what to one
// particular change, segregation of duties included. No time, no storage, no
// network: package workflow supplies those and calls in here on every path, so
// there is one place where a rule can be right or wrong.
//
// The lifecycle is drawn in docs/lifecycle.md.
package change

import (
	"slices"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/finding"
	"sutor/internal/intake"
	"sutor/internal/record"
)

// ID identifies a change.
type ID string

// On names one dataset of a change over several, where something is about one.
func (id ID) On(dataset string) ID {
	if dataset == "" {
		return id
	}
	return id + "@" + ID(dataset)
}

// Split gives the change that an ID names, and the dataset; "" where it names none.
func (id ID) Split() (change ID, dataset string) {
	of, dataset, _ := strings.Cut(string(id), "@")
	return ID(of), dataset
}

// State is where a change stands.
type State string

const (
	Draft         State = "draft"
	Planning      State = "planning"
	Planned       State = "planned"
	Submitted     State = "submitted"
	Approved      State = "approved"
	Rejected      State = "rejected"
	Applying      State = "applying"
	Applied       State = "applied"
	PartlyApplied State = "partly_applied"
	Failed        State = "failed"
	Undone        State = "undone"
	Withdrawn     State = "withdrawn"
	Expired       State = "expired"
)

// moves is the whole state machine (docs/lifecycle.md).
var moves = map[State][]State{
	Draft:     {Planning, Withdrawn},
	Planning:  {Planned, Failed, Withdrawn},
	Planned:   {Planning, Submitted, Approved, Withdrawn},
	Submitted: {Approved, Rejected, Planned, Planning, Withdrawn, Expired},
	Approved:  {Applying, Planned, Planning, Withdrawn, Expired},
	Rejected:  {Planning, Withdrawn},
	Applying:  {Applied, PartlyApplied, Failed, Planned, Approved}, // the last where it is stopped before its commit
	Applied:   {Undone},
	Failed:    {Planning, Withdrawn},
	Expired:   {Planning, Withdrawn},
}

// MayMove tells whether the state machine knows the move.
func MayMove(from, to State) bool { return slices.Contains(moves[from], to) }

// States lists every state, in the order of a change's life.
func States() []State {
	return []State{Draft, Planning, Planned, Submitted, Approved, Rejected, Applying, Applied, PartlyApplied, Failed, Undone, Withdrawn, Expired}
}

// Moves gives the states that may follow from.
func Moves(from State) []State { return slices.Clone(moves[from]) }

// Mode says how the rows of a file are taken.
type Mode string

const (
	Upsert Mode = "upsert" // known keys are updated, new ones inserted
	Update Mode = "update" // unknown keys are findings
	Insert Mode = "insert" // known keys are findings
	Sync   Mode = "sync"   // as upsert, and rows not in the file are deleted
	Undo   Mode = "undo"   // a reversal: no file, the inverse of an applied change
)

// Options are the maker's choices; they stand in the plan's manifest.
type Options struct {
	Mode       Mode              `json:"mode"`
	ClearEmpty bool              `json:"clear_empty,omitempty"`       // an empty cell clears the column; else it stays
	KeepEmpty  bool              `json:"keep_empty,omitempty"`        // it stays, even in a workbook of Sutor's own, where it is meant to clear
	LeaveOut   bool              `json:"leave_out_invalid,omitempty"` // invalid rows are left out
	Map        map[string]string `json:"map,omitempty"`               // file column → column; "" leaves it out
	File       intake.Choice     `json:"file,omitzero"`               // how the file is read
	Recipe     *Recipe           `json:"recipe,omitempty"`            // that these choices were taken from
	Formats    map[string]string `json:"formats,omitempty"`           // column → how its cells are written (package record/format)
	ApplyAt    *time.Time        `json:"apply_at,omitempty"`          // when it is to be applied, by the server; nil: when somebody asks
	Key        []string          `json:"key,omitempty"`               // columns that its rows are found by; none: the dataset's key
	Within     string            `json:"within,omitempty"`            // of a sync: the part of the table that the file stands for, in the guardrail language
	Rule       *Rule             `json:"rule,omitempty"`              // in place of a file
	Normalize  string            `json:"normalize,omitempty"`         // "nfc": texts are taken in this form of Unicode (package intake); "": as they are
}

// Input is the proposed file, kept as an artefact.
type Input struct {
	Name   string        `json:"name"`
	Digest record.Digest `json:"digest"`
	Bytes  int64         `json:"bytes"`
	Rows   int64         `json:"rows"`
	Mends  record.Digest `json:"mends,omitempty"`  // the artefact with the cells that were mended since (package intake, Mend)
	Mended int64         `json:"mended,omitempty"` // how many cells they are
	Lines  record.Digest `json:"lines,omitempty"`  // the artefact with the lines that the change is of (package plan, Spans); "" for all
}

// Counts counts a plan's rows.
type Counts struct {
	Insert     int64 `json:"insert"`
	Update     int64 `json:"update"`
	Delete     int64 `json:"delete"`
	Unchanged  int64 `json:"unchanged"`
	Invalid    int64 `json:"invalid"`
	Kept       int64 `json:"kept,omitempty"`
	Impossible int64 `json:"impossible,omitempty"`
}

// Plus adds two counts.
func (c Counts) Plus(o Counts) Counts {
	return Counts{c.Insert + o.Insert, c.Update + o.Update, c.Delete + o.Delete, c.Unchanged + o.Unchanged, c.Invalid + o.Invalid,
		c.Kept + o.Kept, c.Impossible + o.Impossible}
}

// Written is the number of rows that would be written.
func (c Counts) Written() int64 { return c.Insert + c.Update + c.Delete }

// Plan is what a change remembers of its frozen plan; the plan itself is an
// artefact named by Digest.
type Plan struct {
	Digest    record.Digest     `json:"digest"`
	Counts    Counts            `json:"counts"`
	Columns   []string          `json:"columns"` // judged, key first
	Findings  []finding.Finding `json:"findings"`
	TableRows int64             `json:"table_rows"`
	Risk      Risk              `json:"risk"`
	Impact    []Impact          `json:"impact,omitempty"`
	At        time.Time         `json:"at"`
	Content   record.Digest     `json:"content,omitempty"` // of the file's rows as read (plan.ContentDigest)
	Mapping   []Mapped          `json:"mapping,omitempty"` // every column of the file, in its order
	Updated   []string          `json:"updated,omitempty"` // columns that any update writes; none in plans that were made before this was kept
	Written   []string          `json:"written,omitzero"`  // columns that any row writes; null in plans that were made before this was kept
	// Hits is the artefact that says which rows of the file each finding is about: in
	// the canonical dialect line and number in Findings, in the order of lines.
	Hits record.Digest `json:"hits,omitempty"`
}

// Impact is what a plan touches in one related table.
type Impact struct {
	Label    string `json:"label"`
	Rows     int64  `json:"rows"`
	Measure  string `json:"measure,omitempty"`  // the sum, as text; "" without one
	Unjudged int64  `json:"unjudged,omitempty"` // rows that may count or not
	Unknown  string `json:"unknown,omitempty"`  // why it could not be found out; "" if it could
	Usual    *Usual `json:"usual,omitempty"`    // nil where nothing was applied before
}

// Usual is what the dataset's last changes touched.
type Usual struct {
	Changes int   `json:"changes"`
	Median  int64 `json:"median"`
	Most    int64 `json:"most"`
}

// Step is one requirement of a route: so many different people of a role.
type Step struct {
	Role  access.Role `json:"role"`
	Needs int         `json:"needs"`
	Why   string      `json:"why"`
	// Dataset that they decide for; "" in a change over one dataset.
	Dataset string `json:"dataset,omitempty"`
	// Who may decide in the role, the maker left out, by the Compact that the route
	// was computed from.
	Who []access.Email `json:"who,omitempty"`
	// Left are those who would, but have left, and who may decide in their place.
	Left []Vacancy `json:"left,omitempty"`
}

// Vacancy is the place of somebody who has left: one of those who took their duties
// over may decide in it.
type Vacancy struct {
	Of access.Email   `json:"of"`
	To []access.Email `json:"to,omitempty"`
}

// Seat is what a decision counts as: the role, and in whose place it is made; "" in
// the decider's own right.
type Seat struct {
	Role access.Role
	For  access.Email
}

// Decision is one approval or rejection, bound to a plan's digest.
type Decision struct {
	By      access.Email  `json:"by"`
	For     access.Email  `json:"for,omitempty"` // in whose place; "" in their own right
	Role    access.Role   `json:"role"`
	Approve bool          `json:"approve"`
	Digest  record.Digest `json:"digest"`
	Means   access.Means  `json:"means"`
	At      time.Time     `json:"at"`
	Comment string        `json:"comment"`
	Void    string        `json:"void,omitempty"` // why it no longer counts; "" while it does
	// Datasets that it counts for; none in a change over one dataset.
	Datasets []string `json:"datasets,omitempty"`
}

// Result tells what an apply did.
type Result struct {
	Applied      int64   `json:"applied"`
	Already      int64   `json:"already"`
	Conflicts    int64   `json:"conflicts"`
	Failed       int64   `json:"failed"`
	ConflictRows []int64 `json:"conflict_rows,omitempty"` // file rows, at most 1,000
	Message      string  `json:"message,omitempty"`
	// Findings of the apply itself, beside those of the plan.
	Findings []finding.Finding `json:"findings,omitempty"`
	Stored   record.Digest     `json:"stored,omitempty"`  // the artefact with the rows as really stored
	Columns  []string          `json:"columns,omitempty"` // of that artefact, after the key
	Given    *Given            `json:"given,omitempty"`   // nil where every new row had its key
	At       time.Time         `json:"at"`
}

// Given tells that the system gave new rows their keys; Stored has them.
type Given struct {
	Column string `json:"column"` // of the key
	Rows   int64  `json:"rows"`
}

// Change is one governed mass change, in its stored form. It is kept as one
// JSON document beside a few indexed columns; fields are added, never renamed.
type Change struct {
	ID            ID             `json:"id"`
	Title         string         `json:"title"`
	Reason        string         `json:"reason"`
	Dataset       string         `json:"dataset"`
	State         State          `json:"state"`
	Why           string         `json:"why,omitempty"` // of the last move, where it needs one
	Maker         access.Email   `json:"maker"`
	Hands         []access.Email `json:"hands,omitempty"` // who went on with it in the maker's place, after that one had left
	CreatedAt     time.Time      `json:"created_at"`
	UpdatedAt     time.Time      `json:"updated_at"`
	Compact       record.Digest  `json:"compact"`        // in force when it was last planned or submitted
	DatasetDigest record.Digest  `json:"dataset_digest"` // of the dataset's section and its route's people, likewise
	Options       Options        `json:"options"`
	Input         *Input         `json:"input,omitempty"`
	Plan          *Plan          `json:"plan,omitempty"`
	Route         []Step         `json:"route"`
	RouteWhy      string         `json:"route_why,omitempty"` // of an empty route
	Blocked       string         `json:"blocked,omitempty"`   // why the route cannot be walked
	Decisions     []Decision     `json:"decisions"`
	RemindedAt    *time.Time     `json:"reminded_at,omitempty"`    // when those who decide were told last that it waits
	ExpiryToldAt  *time.Time     `json:"expiry_told_at,omitempty"` // when its maker was told that it will expire
	SubmittedAt   *time.Time     `json:"submitted_at,omitempty"`
	AppliedAt     *time.Time     `json:"applied_at,omitempty"`
	Applier       access.Email   `json:"applier,omitempty"` // who asked for the last apply
	HeldBy        access.Email   `json:"held_by,omitempty"` // the owner who held it back: nobody goes ahead without a decision since
	Result        *Result        `json:"result,omitempty"`
	Halt          *Halt          `json:"halt,omitempty"` // the wish to stop an apply; nil once it is obeyed or too late
	Twin          ID             `json:"twin,omitempty"` // an earlier change with the very same file
	Reverses      ID             `json:"reverses,omitempty"`
	ReversesAt    *time.Time     `json:"reverses_at,omitempty"` // when the reversed change was applied; nil where that was a reversal itself
	ReversedBy    ID             `json:"reversed_by,omitempty"`
	Progress      *Progress      `json:"progress,omitempty"`
	Version       int64          `json:"version"` // optimistic lock: every stored state has the next number
	Lease         *Lease         `json:"lease,omitempty"`
	Problem       *Problem       `json:"problem,omitempty"`    // of a failure, so that a caller can tell why
	Tried         *time.Time     `json:"tried,omitempty"`      // the time at which a server began to apply it by itself: it does so once
	Purged        *Purged        `json:"purged,omitempty"`     // what of it was removed when its time was over
	Members       []Member       `json:"members,omitempty"`    // of a change over several datasets; Dataset, Options and Input say nothing then
	Trial         *Trial         `json:"trial,omitempty"`      // of one of its plans; TrialOf gives it where that still stands
	SplitFrom     ID             `json:"split_from,omitempty"` // the change whose other rows were approved
	SplitInto     []ID           `json:"split_into,omitempty"` // the changes that the rest of this one's rows went on as
	Split         *Split         `json:"split,omitempty"`      // the last split that made this change what it is
}

// Problem is a failure as it was told: the kind's number, message and mend of
// package errs.
type Problem struct {
	Kind    int    `json:"kind"`
	Message string `json:"message"`
	Mend    string `json:"mend,omitempty"`
	OfFile  bool   `json:"of_file,omitempty"` // it may quote the file, so it is for those who may see values
}

// Halt is somebody's wish that an apply be stopped before its commit.
type Halt struct {
	By  access.Email `json:"by"`
	At  time.Time    `json:"at"`
	Say string       `json:"say,omitempty"`
}

// Lease says who works on the change while it is planning or applying. Epoch
// rises with every holder and fences off one that was taken for dead.
type Lease struct {
	Node  string    `json:"node"`           // one life of a process
	Home  string    `json:"home,omitempty"` // what outlives it: one process at a time has it
	Epoch int64     `json:"epoch"`
	Beat  time.Time `json:"beat"`
	// Tx is the target's transaction that an apply has begun, where it has a name:
	// until it ends it holds the rows, whether anybody lives to end it or not.
	Tx string `json:"tx,omitempty"`
	// Committing is noted before the target's commit, so that whoever takes over
	// can find out what became of it and finish.
	Committing *Committing `json:"committing,omitempty"`
}

// Committing is what an apply has written and not yet recorded as its result.
type Committing struct {
	Tx     string        `json:"tx,omitempty"` // the target's transaction, where it has a name
	Rows   int64         `json:"rows"`
	Stored record.Digest `json:"stored"` // the artefact with the rows as stored
	CSV    record.Digest `json:"csv"`    // of the same rows as canonical CSV
	// Columns of the artefact, after the key.
	Columns []string `json:"columns"`
	Given   *Given   `json:"given,omitempty"`
	// Members of a family, in its order; Stored, CSV and Columns are theirs then.
	Members []Committing `json:"members,omitempty"`
}

// Each gives what was written dataset by dataset.
func (c *Committing) Each() []Committing {
	if len(c.Members) > 0 {
		return c.Members
	}
	return []Committing{*c}
}

// Progress says how far a plan or an apply is.
type Progress struct {
	Step string `json:"step"`
	Done int64  `json:"done"`
	Of   int64  `json:"of"`
}

// IsReversal tells whether the change undoes another.
func (c *Change) IsReversal() bool { return c.Reverses != "" }

// Valid gives the decisions that count for the current plan.
func (c *Change) Valid() []Decision {
	var out []Decision
	for _, d := range c.Decisions {
		if d.Void == "" && c.Plan != nil && d.Digest == c.Plan.Digest {
			out = append(out, d)
		}
	}
	return out
}

// VoidDecisions marks all counting decisions as void, and tells whether there
// were any.
func (c *Change) VoidDecisions(why string) bool {
	any := false
	for i := range c.Decisions {
		if c.Decisions[i].Void == "" {
			c.Decisions[i].Void, any = why, true
		}
	}
	return any
}

// eyes are the people behind a decision: who made it, and in whose place. A person
// and their deputy are one pair of eyes.
func (d Decision) eyes() []access.Email {
	if d.For == "" {
		return []access.Email{d.By}
	}
	return []access.Email{d.By, d.For}
}

// MadeBy tells whether the person made the change, or went on with it in its
// maker's place.
func (c *Change) MadeBy(e access.Email) bool { return e == c.Maker || slices.Contains(c.Hands, e) }

// CountsFor tells whether the decision is one that the step asks for.
func (d Decision) CountsFor(s Step) bool {
	return d.Role == s.Role && (s.Dataset == "" || slices.Contains(d.Datasets, s.Dataset))
}

// Open gives the steps of the route that still need decisions, Needs lowered by
// the approvals that count. A decision counts for the role it was made in only.
func (c *Change) Open() []Step {
	var open []Step
	for _, s := range c.Route {
		left, eyes := s.Needs, map[access.Email]bool{}
		for _, d := range c.Valid() {
			if d.Approve && d.CountsFor(s) && !slices.ContainsFunc(d.eyes(), func(e access.Email) bool { return eyes[e] || c.MadeBy(e) }) {
				left--
				for _, e := range d.eyes() {
					eyes[e] = true
				}
			}
		}
		if left > 0 {
			s.Needs = left
			open = append(open, s)
		}
	}
	return open
}
