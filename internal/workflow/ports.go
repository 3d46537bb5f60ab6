package workflow

import (
	"context"
	"io"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/evidence"
	"sutor/internal/identity"
	"sutor/internal/recipe"
	"sutor/internal/record"
)

// Store is the metadata. Do runs f in one transaction that commits if f gives
// nil and changes nothing otherwise: state, lease, job and leaf of the evidence
// stand or fall together. f may be called again where the transaction met
// another, so it changes nothing but what Tx does and variables that it sets anew
// each time. View runs f over one consistent snapshot; writing
// inside it is an error. Inside f only the Tx is used, never the Store.
type Store interface {
	Do(ctx context.Context, f func(Tx) error) error
	View(ctx context.Context, f func(Tx) error) error
	// Watch gives a channel that receives after commits, of other processes too, so
	// that nobody has to poll; stop gives it back. Of "" it hears of every commit, of a
	// change at least of those that save it.
	Watch(of change.ID) (committed <-chan struct{}, stop func())
}

// Tx is one metadata transaction.
type Tx interface {
	Changes
	Compacts
	Queue
	Recipes
	Memories
	Stops
	Notices
	Mails
	People
	Accesses
	Reads
	Trials
	Tokens
	Log() evidence.Store
	// Size gives how many bytes the metadata takes where it is stored.
	Size() (int64, error)
}

// Tokens keeps access tokens.
type Tokens interface {
	AddToken(identity.Token) error
	// RevokeTokens revokes the token of an id, and all of a person ("" for nobody), that were
	// not revoked before, and gives them by id.
	RevokeTokens(id identity.TokenID, person access.Email, at time.Time) ([]identity.TokenID, error)
}

// Changes keeps changes.
type Changes interface {
	// NewID gives the next change's id: short, to be typed by people.
	NewID() (change.ID, error)
	CreateChange(c *change.Change) error
	// Change gives one change; errs.NotFound if there is none.
	Change(id change.ID) (*change.Change, error)
	// SaveChange stores c and raises c.Version by one; errs.Blocked if somebody
	// else stored another version since c was read.
	SaveChange(c *change.Change) error
	// Changes lists newest first.
	Changes(f Filter) ([]*change.Change, error)
}

// Filter picks changes; zero fields pick all.
type Filter struct {
	Datasets []string // nil for all; empty for none
	States   []change.State
	Maker    access.Email
	Input    record.Digest // those that proposed this very file
	Content  record.Digest // those whose plan is of a file with these rows
	Limit    int           // 0 for 100
	Before   change.ID     // those older than this one, for the next page
}

// Recipes keeps recipes and all their versions.
type Recipes interface {
	// NewRecipeID gives the next recipe's id. Whoever asks for one waits until
	// others who did have committed, so that what they made is seen.
	NewRecipeID() (recipe.ID, error)
	// SaveRecipe stores a recipe, in place of a former state of it; with its version
	// where that is new.
	SaveRecipe(r *recipe.Recipe, v *recipe.Version) error
	// Recipe gives one recipe, a removed one too; errs.NotFound if there is none.
	Recipe(id recipe.ID) (*recipe.Recipe, error)
	// RecipeVersion gives a version; errs.NotFound if there is none.
	RecipeVersion(id recipe.ID, version int) (*recipe.Version, error)
	// Recipes lists what is not removed: what the person made, and what is shared, of
	// these datasets (nil for all; empty for none), by name.
	Recipes(datasets []string, person access.Email) ([]*recipe.Recipe, error)
}

// Memories keeps what was decided about the columns of files.
type Memories interface {
	// Remember stores a memory in place of an earlier one of the same person,
	// dataset and header.
	Remember(m recipe.Memory) error
	// Memories gives those of a dataset that are the person's or the department's,
	// the last remembered first, at most so many.
	Memories(dataset string, person access.Email, d access.Department, limit int) ([]recipe.Memory, error)
}

// Stops keeps the emergency stops that hold.
type Stops interface {
	// SaveStop stores a stop, in place of one that the dataset has.
	SaveStop(s change.Stop) error
	// LiftStop takes a dataset's stop away, if it has one.
	LiftStop(dataset string) error
	// Stop gives a dataset's stop; nil if it has none.
	Stop(dataset string) (*change.Stop, error)
}

// Trials keeps on which datasets plans are being tried.
type Trials interface {
	// TakeTurn makes units of work that ask who applies to or tries on a dataset
	// follow each other until this one has ended: of two that ask together, the
	// second sees what the first has stored. Whoever takes several takes them in
	// the order of their names. (package storetest, turns)
	TakeTurn(dataset string) error
	// SaveTrial stores what is tried, in place of what is tried on the dataset.
	SaveTrial(t change.Trying) error
	// EndTrial takes what is tried on a dataset away, if anything is.
	EndTrial(dataset string) error
	// Trial gives what is tried on a dataset; nil if nothing is.
	Trial(dataset string) (*change.Trying, error)
}

// Compacts keeps every version that was ever in force.
type Compacts interface {
	// InForce gives the digest of the Compact in force; "" before the first.
	InForce() (record.Digest, error)
	// CompactText gives a version byte for byte; errs.NotFound if unknown.
	CompactText(d record.Digest) ([]byte, error)
	PutInForce(d record.Digest, text []byte, at time.Time) error
	// CompactVersions lists which versions were put in force and when, newest first; a
	// version that came again stands there again.
	CompactVersions(limit int) ([]CompactVersion, error)
}

// CompactVersion is one time at which a version of the Compact was put in force.
type CompactVersion struct {
	Digest record.Digest
	Since  time.Time
}

// Queue wakes a worker up after the transaction has committed. It carries no
// truth: who works on a change is decided by the lease in the change itself.
type Queue interface {
	Enqueue(Job) error
}

// Job is one piece of background work.
type Job struct {
	Kind   JobKind
	Change change.ID
}

// JobKind names a kind of background work.
type JobKind string

const (
	JobPlan  JobKind = "change.plan"
	JobApply JobKind = "change.apply"
)

// Artifacts keeps files by the digest of their content.
type Artifacts interface {
	// Put stores what r gives and returns its digest and size. Storing the same
	// content twice keeps one copy. A full disk is errs.Unavailable, and so is no
	// room for it, which is told before anything is read where r knows its length
	// (Len() int; -1 is unknown).
	Put(ctx context.Context, r io.Reader) (record.Digest, int64, error)
	// Has tells whether an artefact is there, without reading it. A place that does not
	// answer soon is errs.Unavailable.
	Has(ctx context.Context, d record.Digest) (bool, error)
	// Open reads an artefact; errs.NotFound if it was purged or never stored, and where it
	// was fetched from elsewhere and is not what it was, errs.Internal.
	Open(ctx context.Context, d record.Digest) (io.ReadCloser, error)
	// Remove removes an artefact, and tells whether it did. One that was stored within
	// the time idle, once more too, stays: somebody may need it.
	Remove(ctx context.Context, d record.Digest, idle time.Duration) (bool, error)
	// Verify reads an artefact whole, from where it is kept, and compares it with its
	// digest: errs.NotFound if it is not there, errs.Internal if it is another.
	Verify(ctx context.Context, d record.Digest) error
	// Check tells whether the place can be written, read and listed.
	Check(ctx context.Context) error
	// Local gives a path to the artefact's content on this machine, fetching it
	// first where it is kept elsewhere; release gives it back.
	Local(ctx context.Context, d record.Digest) (path string, release func(), err error)
	// Size gives how many bytes of artefacts there are, as counted in the last minutes.
	Size(ctx context.Context) (int64, error)
}

// Clock tells the time; tests set their own.
type Clock func() time.Time
