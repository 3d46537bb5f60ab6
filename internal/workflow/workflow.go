// Package workflow holds the use cases: what a person, or a worker on their
// behalf, can make Sutor do. One file a use case. Each asks for rights first
// (package access and change decide, in the contract's order of refusal), does
// its work, and records state and evidence in one metadata transaction. The
// adapters (API, pages, command line) have no other door, so a rule that holds
// here holds on every path.
//
// A Principal is asked for by every method that a person can call; methods for
// workers (Plan and WritePlan) act for the change's own maker or applier
// and are reached through the queue only.
package workflow

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/evidence"
	"sutor/internal/intake"
	"sutor/internal/notice"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/system/driver"
	"sutor/internal/wire"
)

// Proposal is what a maker hands in: a file for a dataset, with choices.
type Proposal struct {
	Dataset string
	Name    string    // the file's name, for people
	File    io.Reader // streamed to disk, never held in memory
	Title   string
	Reason  string
	Options change.Options
	// Recipe is the name or id of a recipe that the options are taken from, in place
	// of Options; Choose then makes the maker's own choices on top. Both may be empty.
	Recipe string
	Choose func(*change.Options) error
}

// Again is what a maker does differently when a change is planned again.
type Again struct {
	Name string    // of File, for people
	File io.Reader // another file; nil keeps the one there is
	// Choose changes what the maker chose before; nil keeps it. With a Recipe, by its
	// name or id, it comes on top of what that says in place of all chosen before.
	Choose func(*change.Options) error
	Recipe string
}

// UseCases is what adapters call. *Workflow implements it; it is written down
// as an interface so that the adapters' contract can be read in one place.
//
// Methods that read give the contract's documents, already cut to what the
// asker may see (a steward gets no values). Errors are *errs.Error.
type UseCases interface {
	// Propose stores the file and the change and enqueues its planning: the
	// change comes back in state planning.
	Propose(ctx context.Context, p access.Principal, in Proposal) (wire.Change, error)
	// ProposeRule proposes a change without a file.
	ProposeRule(ctx context.Context, p access.Principal, in RuleProposal) (wire.Change, error)
	// ProposeTogether is Propose for several datasets of one system at once.
	ProposeTogether(ctx context.Context, p access.Principal, in Together) (wire.Change, error)
	// Replan plans again with today's data, and with what is different. Decisions
	// become void.
	Replan(ctx context.Context, p access.Principal, id change.ID, a Again) (wire.Change, error)
	// Mend lays corrected cells over the change's file and plans again; decisions
	// become void.
	Mend(ctx context.Context, p access.Principal, id change.ID, in Mends) (wire.Change, error)
	// ApprovePart approves some rows of exactly the plan named by digest: the change
	// goes on with them, the others go back to the maker as a change of their own.
	ApprovePart(ctx context.Context, p access.Principal, id change.ID, digest record.Digest, part Part, comment string) (wire.Change, error)
	// LookPart tells what ApprovePart would do.
	LookPart(ctx context.Context, p access.Principal, id change.ID, digest record.Digest, part Part) (wire.PartLook, error)
	// Try writes the plan in a transaction of the system that is rolled back, and keeps
	// what the system says. Submit does so by itself up to change.TriedOnSubmit rows.
	Try(ctx context.Context, p access.Principal, id change.ID) (wire.Change, error)
	Submit(ctx context.Context, p access.Principal, id change.ID, digest record.Digest, comment string) (wire.Change, error)
	Withdraw(ctx context.Context, p access.Principal, id change.ID, digest record.Digest, comment string) (wire.Change, error)
	// Approve and Reject decide on exactly the plan named by digest; another
	// digest than the plan's is errs.Changed. Reject needs a comment.
	Approve(ctx context.Context, p access.Principal, id change.ID, digest record.Digest, comment string) (wire.Change, error)
	Reject(ctx context.Context, p access.Principal, id change.ID, digest record.Digest, comment string) (wire.Change, error)
	// Apply accepts the request: the change comes back in state applying, or in
	// a later one. On a change that is applying already it just gives it.
	Apply(ctx context.Context, p access.Principal, id change.ID, digest record.Digest, comment string) (wire.Change, error)
	// Stop asks for an apply to be given up before its commit: the change is approved
	// then, as it was.
	Stop(ctx context.Context, p access.Principal, id change.ID, comment string) (wire.Change, error)
	// Hold takes back what was approved; comment says why.
	Hold(ctx context.Context, p access.Principal, id change.ID, comment string) (wire.Change, error)
	// Undo proposes the reversal: a new change, in state planning.
	Undo(ctx context.Context, p access.Principal, id change.ID, reason string) (wire.Change, error)

	// Change gives one change. With a wait, it answers as soon as the change is
	// neither planning nor applying, or when the wait is over.
	Change(ctx context.Context, p access.Principal, id change.ID, wait time.Duration) (wire.Change, error)
	// Follow gives one change to seen whenever it looks different, the first time at
	// once, until ctx ends, the person may not see it any more, or seen gives an error.
	Follow(ctx context.Context, p access.Principal, id change.ID, seen func(wire.Change) error) error
	Changes(ctx context.Context, p access.Principal, f Filter) ([]wire.Change, error)
	// Rows gives a page of a plan's rows, of one op or of all ("").
	Rows(ctx context.Context, p access.Principal, id change.ID, op string, limit, offset int64) (wire.Rows, error)
	// Browse gives a page of those that are wanted.
	Browse(ctx context.Context, p access.Principal, id change.ID, want RowsWanted) (wire.Rows, error)
	// Spreads gives how the values of changed number columns lie before and after.
	Spreads(ctx context.Context, p access.Principal, id change.ID) ([]wire.Spread, error)
	// Since gives what a change would write otherwise than when it was last decided on.
	Since(ctx context.Context, p access.Principal, id change.ID) (wire.Since, error)
	// Conflicts gives the first rows that stood in the way of the last apply, as they
	// are now.
	Conflicts(ctx context.Context, p access.Principal, id change.ID) ([]wire.ConflictRow, error)
	// Comment says something about a change; Discussion gives what was said.
	Comment(ctx context.Context, p access.Principal, id change.ID, text string) (wire.Comment, error)
	Discussion(ctx context.Context, p access.Principal, id change.ID) ([]wire.Comment, error)
	// History gives the evidence of a change in words, each entry with its proof.
	History(ctx context.Context, p access.Principal, id change.ID) (wire.History, error)
	// Mendable gives the first rows of the file that cannot be taken, to be shown.
	Mendable(ctx context.Context, p access.Principal, id change.ID, limit int) (wire.Mendable, error)
	// Reading shows how a change's file is read: its columns with samples, what became
	// of each, and in which ways one could be read.
	Reading(ctx context.Context, p access.Principal, id change.ID) (wire.Reading, error)
	// BadRows writes the rows of the change's file that findings make invalid, with
	// warned those of all findings, to be mended; format "csv" or "xlsx".
	BadRows(ctx context.Context, p access.Principal, id change.ID, format string, warned bool, w io.Writer) error

	Datasets(ctx context.Context, p access.Principal) ([]wire.Dataset, error)
	// Dataset gives one dataset with its columns, read from the live system.
	Dataset(ctx context.Context, p access.Principal, name string) (wire.Dataset, error)
	// Live gives a page of a dataset's rows as they are now.
	Live(ctx context.Context, p access.Principal, name string, want LiveWanted) (wire.LiveRows, error)
	// Fitting counts the rows that the condition of a rule is for, and gives the first.
	Fitting(ctx context.Context, p access.Principal, name, where string) (wire.Fitting, error)
	// Export writes all rows of a dataset, format "csv" or "xlsx".
	Export(ctx context.Context, p access.Principal, name, format string, w io.Writer) error

	// Recipes lists the recipes that the person may use, of one dataset or of all ("").
	Recipes(ctx context.Context, p access.Principal, dataset string) ([]wire.Recipe, error)
	// Recipe gives one by its name or id, in one of its versions (0: the latest).
	Recipe(ctx context.Context, p access.Principal, dataset, nameOrID string, version int) (wire.Recipe, error)
	// SaveRecipe saves how a change read its file: a new recipe, or its next version.
	SaveRecipe(ctx context.Context, p access.Principal, name string, from change.ID, share bool) (wire.Recipe, error)
	RemoveRecipe(ctx context.Context, p access.Principal, dataset, nameOrID string) (wire.Recipe, error)

	// Notices gives what the person was told, and Waiting counts what waits for them.
	Notices(ctx context.Context, p access.Principal, want NoticesWanted) (wire.Inbox, error)
	Waiting(ctx context.Context, p access.Principal) (wire.Waiting, error)
	// Outgoing lists the mails of a server that has an outbox of its own.
	Outgoing(ctx context.Context, p access.Principal) ([]wire.Mail, error)
	// ReadNotices marks notices as read: those with these ids or, with ids nil, all up
	// to and with the last.
	ReadNotices(ctx context.Context, p access.Principal, ids []notice.ID, last notice.ID) (wire.Waiting, error)

	// Freeze stops a dataset at once, and Unfreeze lifts that: nothing is applied in
	// between.
	Freeze(ctx context.Context, p access.Principal, name, say string) (wire.Dataset, error)
	Unfreeze(ctx context.Context, p access.Principal, name, say string) (wire.Dataset, error)

	// NameDeputy has somebody decide in the person's place for a time.
	NameDeputy(ctx context.Context, p access.Principal, in wire.Naming) (wire.Deputy, error)
	// EndDeputy ends that: of one's own deputies, or one's own being a deputy.
	EndDeputy(ctx context.Context, p access.Principal, idOrEmail string) (wire.Deputy, error)
	// Deputies lists those that concern the person; stewards and auditors see all.
	Deputies(ctx context.Context, p access.Principal) ([]wire.Deputy, error)

	// AskAccess asks to see a dataset, or columns of it, for so many days. The answer
	// does not tell whether they are there.
	AskAccess(ctx context.Context, p access.Principal, dataset string, columns []string, days int, reason string) (wire.Access, error)
	Accesses(ctx context.Context, p access.Principal) ([]wire.Access, error)
	// GrantAccess gives what was asked for, for at most as many days (0: as many).
	GrantAccess(ctx context.Context, p access.Principal, id access.RequestID, days int, comment string) (wire.Access, error)
	DenyAccess(ctx context.Context, p access.Principal, id access.RequestID, comment string) (wire.Access, error)
	EndAccess(ctx context.Context, p access.Principal, id access.RequestID, comment string) (wire.Access, error)

	// CompactInForce gives the file, byte for byte to stewards and auditors, to others
	// without what they may not see.
	CompactInForce(ctx context.Context, p access.Principal) (wire.Compact, error)
	// CompactVersions lists which versions were in force, newest first; CompactVersion
	// gives one.
	CompactVersions(ctx context.Context, p access.Principal) ([]wire.CompactVersion, error)
	CompactVersion(ctx context.Context, p access.Principal, d record.Digest) (wire.Compact, error)
	// Operations tells stewards how the server is.
	Operations(ctx context.Context, p access.Principal) (wire.Operations, error)
	// Searched finds changes by what their evidence says, for auditors.
	Searched(ctx context.Context, p access.Principal, s Search) (wire.Searched, error)
	// Evidence writes a change's pack (a zip) to w.
	Evidence(ctx context.Context, p access.Principal, id change.ID, w io.Writer) error
	// Checkpoint signs the log's present head.
	Checkpoint(ctx context.Context, p access.Principal) (wire.Checkpoint, error)
	// Rehearse tells what a Compact would have made of the last changes.
	Rehearse(ctx context.Context, p access.Principal, text []byte, last int) (wire.Rehearsal, error)
	// Fsck checks the whole log and writes its report to w; a fault is errs.Invalid.
	Fsck(ctx context.Context, p access.Principal, w io.Writer) error
	// Purge removes old values and files whose time is over, or with dry counts them.
	Purge(ctx context.Context, p access.Principal, dry bool) (wire.Purge, error)
	// Me gives the person with the rights of this moment: those of the Compact in
	// force, the level of their record, and whose places they take.
	Me(ctx context.Context, p access.Principal) (wire.Person, error)
	// Person gives the Principal that the Compact in force knows by this
	// address; errs.Unsigned if it knows nobody.
	Person(ctx context.Context, email access.Email, means access.Means) (access.Principal, error)
	Health(ctx context.Context) []Health
	// Rights tells a steward the least rights that the systems' accounts need; nobody
	// else anything.
	Rights(ctx context.Context, p access.Principal) []wire.SystemRights
}

// Health is the state of one thing that is configured.
type Health struct {
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	Why  string `json:"why,omitempty"`
}

// Systems gives the connected systems of the Compact in force by name.
type Systems interface {
	System(name string) (*system.System, error)
}

// Deps is what the use cases work with.
type Deps struct {
	Store     Store
	Artifacts Artifacts
	Engine    *duck.Engine
	Systems   Systems
	// Adopt makes Systems those of a Compact that another process put in force; nil
	// where Systems stay the same.
	Adopt  func(*compact.Compact) error
	Key    *evidence.Key
	Held   func() error // whether the key's file still is Key; nil where there is no file
	Post   Post         // carries mails; nil where none are sent
	Outbox bool         // mails go nowhere but to a page of this server (the demo)
	URL    string       // where people reach this server, for links in mails
	Now    Clock
	Node   string // names this process in leases
	Home   string // what this process alone has as long as it lives, and its successor after it; "" for none
	Sole   bool   // no other process may own the metadata (a SQLite file)
	Log    *slog.Logger
	Intake intake.Limits
	Waits  driver.Options // bounds of an apply; zero for the defaults
	// Longest is what one plan may take; 0 for no limit.
	Longest time.Duration
	// ImpactTime bounds the looking up of one impact; zero for the default.
	ImpactTime time.Duration
}

// Workflow implements UseCases, and the work behind the queue.
type Workflow struct {
	Deps
	log      evidence.Log
	adopting sync.Mutex // of the Compact that another process put in force
	inForce  atomic.Pointer[compact.Compact]
	progress sync.Map // change.ID → change.Progress, of this process's runs
	turns    sync.Map // dataset → chan struct{}: who applies to it now
	running  sync.Map // change.ID → true: worked on by this process
	counts   counts
	compared comparisons
	woken    sync.Map // change.ID → time.Time: when its work was last taken for lost
	started  time.Time
	purged   atomic.Pointer[time.Time] // when this process last removed what is too old
	well     atomic.Pointer[time.Time] // when artefacts could last be written and read
	looks    chan struct{}             // as many files as may be read again at a time, to be shown
}

var _ UseCases = (*Workflow)(nil)

// New makes the use cases; PutInForce must have been called before anything else
// is.
func New(d Deps) *Workflow {
	return &Workflow{Deps: d, started: d.Now(), looks: make(chan struct{}, looks)}
}

// looks is how many files are read again at a time because somebody looks at their bad
// rows; others wait.
const looks = 2

// Compact gives the Compact in force.
func (w *Workflow) Compact() *compact.Compact { return w.inForce.Load() }
