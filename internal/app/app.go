// Package app puts the program together: the only place that knows every part.
// It opens the metadata, the artefacts, the systems of the Compact, the plan
// engine and the queue, and serves the API and the pages over the use cases.
//
// Files of a data folder:
//
//	sutor.db        metadata: changes, versions of the Compact, the evidence log, tokens, sessions, the queue;
//	                not there with --database
//	log.key         the evidence log's private key, readable by its owner only; not there where
//	                --log-key or SUTOR_LOG_KEY has it
//	artifacts/      files and plans by digest; not there with --artifacts
//	copies/         copies of what is kept in a bucket; emptied at start
//	scratch/        work in progress; emptied at start
//	lock            locked by the server that works here; names the folder in leases
//
// Several servers share the work on one PostgreSQL database, each with a data
// folder of its own, the same key, and one folder or bucket of artefacts. With
// metadata in PostgreSQL, artefacts in a bucket and the key from outside, nothing in
// the data folder is missed when it is lost.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"sutor/internal/access"
	"sutor/internal/artifact"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/identity"
	"sutor/internal/intake"
	"sutor/internal/intake/csv"
	"sutor/internal/job"
	"sutor/internal/plan/duck"
	"sutor/internal/workflow"
)

// Config is what a server is made from; zero limits are the defaults.
type Config struct {
	Compact   string // file
	Data      string // folder, made if absent
	Database  string // URL of the metadata; "" for SQLite in Data
	Artifacts string // folder or URL of a bucket (artifact.ParsePlace); "" for a folder in Data
	KeyFile   string // the log's key, which must be there; "" for log.key in Data, made if absent
	Key       string // the log's key itself, in place of a file

	URL    string        // where people reach the pages; "" for none, then mails lead nowhere
	Post   workflow.Post // carries mails; nil for none
	Outbox bool          // Post keeps nothing: the mails are shown on a page

	MaxUpload    int64 // bytes of one file; default 1 GiB
	MaxRows      int64 // rows of one file; default 10 million
	MaxStaging   int64 // bytes of one file as read; default 16 GiB
	MaxSpill     int64 // bytes of disk that one plan may spill to; default 50 GB
	MaxArtifacts int64 // bytes of all artefacts; 0 for no limit
	MaxCache     int64 // bytes of copies of what is in a bucket; default 10 GiB
	MaxPlan      time.Duration
	Slots        int           // plans and applies at once; default half the processors
	Stall        time.Duration // a body ends when nothing of it comes for so long; default half a minute
	Log          *slog.Logger

	place artifact.Place // of Artifacts

	// Store, where a test sets it, stands between the use cases and the metadata:
	// the seam at which test/fault ends a process at a commit.
	Store func(workflow.Store) workflow.Store
}

// The limits that count where the configuration says nothing. A record must fit
// into one line buffer of the plan engine, twice where all of it is quotes.
const (
	defaultUpload  = 1 << 30
	defaultRows    = 10_000_000
	defaultStaging = 16 << 30
	defaultSpill   = 50e9
	defaultCache   = 10 << 30
	defaultStall   = 30 * time.Second
	maxRecord      = 15 << 20
)

// App is a server that is put together and not yet listening.
type App struct {
	config    Config
	store     *database
	artifacts artifacts
	queue     queue
	workflow  *workflow.Workflow
	gate      *identity.Gate
	systems   *systems
	unlock    func() error
	unwatch   context.CancelFunc
}

// Open puts a server together and puts the Compact in force. A Compact that is
// not valid is refused here.
func Open(ctx context.Context, c Config) (_ *App, err error) {
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Stall <= 0 {
		c.Stall = defaultStall
	}
	c.MaxUpload, c.MaxRows = orDefault(c.MaxUpload, defaultUpload), orDefault(c.MaxRows, defaultRows)
	c.MaxStaging, c.MaxSpill = orDefault(c.MaxStaging, defaultStaging), orDefault(c.MaxSpill, defaultSpill)
	c.MaxCache = orDefault(c.MaxCache, defaultCache)
	if c.Slots <= 0 {
		c.Slots = defaultSlots()
	}
	if c.place, err = artifact.ParsePlace(c.Artifacts); err != nil {
		return nil, err
	}
	comp, text, err := readCompact(c.Compact)
	if err != nil {
		return nil, err
	}
	a := &App{config: c, systems: newSystems()}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.Close(context.WithoutCancel(ctx)))
		}
	}()
	if err := a.open(ctx, comp); err != nil {
		return nil, err
	}
	if err := a.systems.use(ctx, comp); err != nil {
		return nil, err
	}
	if err := a.workflow.PutInForce(ctx, comp, text, "start"); err != nil {
		return nil, err
	}
	if err := a.workflow.Recover(ctx); err != nil {
		return nil, err
	}
	if err := a.queue.Start(ctx); err != nil {
		return nil, err
	}
	a.watch(ctx)
	a.tellLimits()
	return a, nil
}

// watch looks after changes that time or a crash left behind, until Close.
func (a *App) watch(ctx context.Context) {
	watching, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.workflow.Watch(watching)
	}()
	a.unwatch = func() {
		cancel()
		<-done
	}
}

func orDefault(n, otherwise int64) int64 {
	if n <= 0 {
		return otherwise
	}
	return n
}

// open opens the parts that do not depend on the Compact's content.
func (a *App) open(ctx context.Context, comp *compact.Compact) error {
	dir := a.config.Data
	scratch := filepath.Join(dir, "scratch")
	for _, d := range []string{dir, scratch} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return errs.New(errs.Unavailable, "The data folder %s cannot be made.", dir).WithMend("Choose another with --data.").Because(err)
		}
	}
	var err error
	var home string
	if home, a.unlock, err = lockFolder(dir); err != nil {
		return err
	}
	key, held, err := a.config.logKey(evidence.LogName(comp.Name))
	if err != nil {
		return err
	}
	if a.artifacts, err = a.config.openArtifacts(ctx); err != nil {
		return err
	}
	engine, err := duck.New(duck.Options{Dir: scratch, Reads: []string{a.config.files()}, Slots: a.config.Slots, Spill: a.config.MaxSpill})
	if err != nil {
		return err
	}
	if a.store, err = openDatabase(ctx, a.config.Database, dir); err != nil {
		return err
	}
	if a.store.shared {
		if err := oneKey(ctx, a.store, key, a.config.keyPlace()); err != nil {
			return err
		}
	}
	var store workflow.Store = a.store
	if a.config.Store != nil {
		store = a.config.Store(store)
	}
	a.workflow = workflow.New(workflow.Deps{Store: store, Longest: a.config.MaxPlan, Post: a.config.Post, Outbox: a.config.Outbox, URL: a.config.URL, Artifacts: a.artifacts, Engine: engine, Systems: a.systems, Key: key,
		Held:  held,
		Adopt: func(c *compact.Compact) error { return a.systems.use(context.Background(), c) },
		Now:   time.Now, Node: node(), Home: home, Sole: !a.store.shared, Log: a.config.Log,
		Intake: intake.Limits{Limits: csv.Limits{MaxBytes: a.config.MaxUpload, MaxRows: a.config.MaxRows, MaxRecord: maxRecord}, MaxStaging: a.config.MaxStaging}})
	a.gate = identity.NewGate(a.store, a.store, time.Now)
	a.queue, err = a.store.queue(ctx, worker{a.workflow}, job.Options{Log: a.config.Log, Home: home})
	return err
}

// node names this process in leases.
func node() string {
	host, err := os.Hostname()
	if err != nil {
		host = "host"
	}
	return fmt.Sprintf("%s/%d/%d", host, os.Getpid(), time.Now().UnixNano())
}

// worker lets the queue reach the work behind it.
type worker struct{ w *workflow.Workflow }

// Plan plans a change.
func (w worker) Plan(ctx context.Context, id change.ID) error { return w.w.Plan(ctx, id) }

// Apply writes an approved plan.
func (w worker) Apply(ctx context.Context, id change.ID) error { return w.w.WritePlan(ctx, id) }

// readCompact reads and checks a Compact's structure; its problems are the error.
func readCompact(file string) (*compact.Compact, []byte, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, errs.New(errs.Invalid, "The Compact %s cannot be read.", file).WithMend("Check the path and the rights on it.").Because(err)
	}
	c, problems := compact.Parse(file, text)
	for _, p := range problems {
		if !p.Warning {
			e := errs.New(errs.Invalid, "The Compact is not valid: %s", p)
			if n := len(problems) - 1; n > 0 {
				e.WithMend("There is more: sutor compact check %s shows all %d.", file, n+1)
			}
			return nil, nil, e
		}
	}
	return c, text, nil
}

// Reload puts the Compact's file in force again, if it is valid; a bad version
// leaves the old one in force.
func (a *App) Reload(ctx context.Context) error {
	comp, text, err := readCompact(a.config.Compact)
	if err != nil {
		return err
	}
	if err := a.systems.use(ctx, comp); err != nil {
		return err
	}
	if err := a.workflow.PutInForce(ctx, comp, text, "reload"); err != nil {
		return errors.Join(err, a.systems.use(ctx, a.workflow.Compact()))
	}
	return nil
}

// Workflow gives the use cases.
func (a *App) Workflow() *workflow.Workflow { return a.workflow }

// SetPassword gives a person of the demo a password.
func (a *App) SetPassword(ctx context.Context, e access.Email, password string) error {
	return a.gate.SetPassword(ctx, e, password)
}

// Close stops the work under way and closes everything.
func (a *App) Close(ctx context.Context) error {
	var all []error
	if a.unwatch != nil {
		a.unwatch()
	}
	if a.queue != nil {
		patient, cancel := context.WithTimeout(ctx, 5*time.Second)
		defer cancel()
		all = append(all, a.queue.Stop(patient))
	}
	if a.workflow != nil {
		a.workflow.Engine.Close()
	}
	all = append(all, a.systems.close())
	if a.artifacts != nil {
		all = append(all, a.artifacts.Close())
	}
	if a.store != nil {
		all = append(all, a.store.Close())
	}
	if a.unlock != nil {
		all = append(all, a.unlock())
	}
	return errors.Join(all...)
}
