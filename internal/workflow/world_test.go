package workflow_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"sutor/internal/access"
	"sutor/internal/artifact"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/connector/all"
	"sutor/internal/connector/mysql/mysqltest"
	"sutor/internal/connector/postgres/pgtest"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/intake"
	"sutor/internal/intake/csv"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/store/postgres"
	"sutor/internal/store/sqlite"
	"sutor/internal/system"
	"sutor/internal/wire"
	"sutor/internal/workflow"
	verifyjs "sutor/test/verify-js"
)

// TestMain sets how many cases the properties try on each system: each is a whole
// life of a change, some thousand times as long as what a count of rapid's is meant
// for; and how many steps a walk has.
func TestMain(m *testing.M) {
	flag.Parse()
	cases := "4"
	if long {
		cases = "60"
	}
	flag.Visit(func(f *flag.Flag) {
		if f.Name == "rapid.checks" { // as asked for
			cases = f.Value.String()
		}
	})
	if err := errors.Join(flag.Set("rapid.checks", cases), flag.Set("rapid.steps", "40")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(pgtest.Kind.Tests(func() int { return mysqltest.Kind.Tests(m.Run) }))
}

var ctx = context.Background()

// tb is what a test and one case of a property have in common.
type tb interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
}

// world is the use cases with all the real parts around them but the queue's
// threads: jobs wait until work is called, so that a test decides what happens
// in between.
type world struct {
	t       testing.TB
	w       *workflow.Workflow
	deps    workflow.Deps
	shop    *sql.DB // the connected database, seen from outside
	shopDSN string  // where it was connected last
	text    string  // of the Compact in force
	clock   *clock
	systems systems
	queue   *queue
}

// systems are the connected systems by name.
type systems map[string]*system.System

func (s systems) System(name string) (*system.System, error) {
	if sys, ok := s[name]; ok {
		return sys, nil
	}
	return nil, errs.New(errs.Invalid, "There is no system %s.", name)
}

// clock stands still until it is set.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// queue keeps jobs until they are taken. A job of a transaction that was rolled
// back stays in it: its change does not wait for it, so it does nothing.
type queue struct {
	mu   sync.Mutex
	jobs []workflow.Job
}

func (q *queue) add(j workflow.Job) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.jobs = append(q.jobs, j)
	return nil
}

func (q *queue) take() []workflow.Job {
	q.mu.Lock()
	defer q.mu.Unlock()
	jobs := q.jobs
	q.jobs = nil
	return jobs
}

// newWorld makes a company whose Compact is text, put in force by start. At the
// end of the test the evidence of every change must prove itself.
func newWorld(t testing.TB, text string) *world {
	t.Helper()
	w := emptyWorld(t, evidenceOfAll)
	w.connect("shop", "sqlite", newShop(t, w))
	w.inForce(w.t, text)
	return w
}

// atEnd says what a world does when its test ends.
type atEnd int

const (
	evidenceOfAll atEnd = iota
	nothing             // the test looks at the evidence itself
)

// metadata opens a fresh store whose jobs go to the queue, and closes it at the
// end of the test.
type metadata func(testing.TB, *queue) workflow.Store

func onSQLite(t testing.TB, q *queue) workflow.Store {
	t.Helper()
	store, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "sutor.db"), sqlite.Options{
		Enqueue: func(_ context.Context, _ *sql.Tx, j workflow.Job) error { return q.add(j) }})
	fine(t, err)
	t.Cleanup(func() { fine(t, store.Close()) })
	return store
}

func onPostgres(t testing.TB, q *queue) workflow.Store {
	t.Helper()
	store, err := postgres.Open(ctx, pgtest.Database(t), postgres.Options{
		Enqueue: func(_ context.Context, _ pgx.Tx, j workflow.Job) error { return q.add(j) }})
	fine(t, err)
	t.Cleanup(func() { fine(t, store.Close()) })
	return store
}

func emptyWorld(t testing.TB, end atEnd) *world {
	t.Helper()
	return emptyWorldOn(t, onSQLite, end)
}

// worlds counts them: in every fourth one small files are planned by columns, as large ones
// are (with SUTOR_LONG=1 in every other one), and in half of them the system compares rows,
// where it can.
var worlds atomic.Int64

var long = os.Getenv("SUTOR_LONG") != ""

func emptyWorldOn(t testing.TB, open metadata, end atEnd) *world {
	t.Helper()
	dir := t.TempDir()
	w := &world{t: t, systems: systems{}, queue: &queue{}, clock: &clock{now: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)}}
	store := open(t, w.queue)
	artifacts, err := artifact.Open(filepath.Join(dir, "artifacts"), 0)
	fine(t, err)
	scratch := filepath.Join(dir, "scratch")
	fine(t, os.Mkdir(scratch, 0o700))
	options := duck.Options{Dir: scratch, Reads: []string{filepath.Join(dir, "artifacts")}, Slots: 4, Threads: 1, Comparing: duck.Arriving}
	n := worlds.Add(1)
	if n%4 == 0 || long && n%4 == 2 {
		options.ByRow = -1
	}
	if n%8 < 4 {
		options.Comparing = duck.There
	}
	t.Logf("small files are planned row by row: %v; rows are compared in the system, where it can: %v", options.ByRow == 0, options.Comparing == duck.There)
	engine, err := duck.New(options)
	fine(t, err)
	t.Cleanup(engine.Close)
	key, err := evidence.OpenKey(filepath.Join(dir, "log.key"), evidence.LogName("Example Trading"))
	fine(t, err)
	w.deps = workflow.Deps{Store: store, Artifacts: artifacts, Engine: engine, Systems: w.systems, Key: key, Now: w.clock.Now,
		Node: "one", Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Intake: intake.Limits{Limits: csv.Limits{MaxBytes: 1 << 20, MaxRows: 1000}, MaxStaging: 4 << 20}}
	w.w = workflow.New(w.deps)
	if end == evidenceOfAll {
		t.Cleanup(w.proveAll)
	}
	return w
}

// connect adds a system to those that a Compact can name.
func (w *world) connect(name, kind, dsn string) {
	w.t.Helper()
	sys, err := system.Open(ctx, name, kind, dsn, all.Connectors())
	fine(w.t, err)
	w.t.Cleanup(func() { fine(w.t, sys.Close()) })
	w.systems[name], w.shopDSN = sys, dsn
}

// inForce puts a Compact in force.
func (w *world) inForce(t tb, text string) {
	t.Helper()
	c, problems := compact.Parse("compact.yaml", []byte(text))
	if c == nil || compact.Failed(problems) {
		t.Fatalf("the Compact is not valid: %v\n%s", problems, text)
	}
	fine(t, w.w.PutInForce(ctx, c, []byte(text), "test"))
	w.text = text
}

// amend puts the Compact in force with one text in it replaced.
func (w *world) amend(old, new string) {
	w.t.Helper()
	if strings.Count(w.text, old) != 1 {
		w.t.Fatalf("%q stands %d times in the Compact", old, strings.Count(w.text, old))
	}
	w.inForce(w.t, strings.Replace(w.text, old, new, 1))
}

// restart gives the same company as a new process of its server finds it.
func (w *world) restart(node string) *world {
	w.t.Helper()
	next := *w
	next.deps.Node = node
	next.w = workflow.New(next.deps)
	next.inForce(w.t, w.text)
	return &next
}

// as gives a person of the Compact in force, signed in.
func (w *world) as(name string) access.Principal {
	w.t.Helper()
	p, err := w.w.Person(ctx, access.Fold(name+"@example.test"), "session")
	fine(w.t, err)
	return p
}

// work does the jobs that wait, and those that come of them.
func (w *world) work(t tb) {
	t.Helper()
	for jobs := w.queue.take(); len(jobs) > 0; jobs = w.queue.take() {
		for _, j := range jobs {
			if err := w.do(j); err != nil && errs.KindOf(err) != errs.NotFound {
				t.Fatalf("%s of %s: %s", j.Kind, j.Change, errs.Detail(err))
			}
		}
	}
}

func (w *world) do(j workflow.Job) error {
	if j.Kind == workflow.JobPlan {
		return w.w.Plan(ctx, j.Change)
	}
	return w.w.WritePlan(ctx, j.Change)
}

// upsert is what a proposal is in most tests.
var upsert = change.Options{Mode: change.Upsert}

// propose hands in a file for customers and has it planned.
func (w *world) propose(name, file string, o change.Options) wire.Change {
	w.t.Helper()
	return w.proposeTo(w.t, name, "customers", file, o)
}

func (w *world) proposeTo(t tb, name, dataset, file string, o change.Options) wire.Change {
	t.Helper()
	c, err := w.w.Propose(ctx, w.as(name), workflow.Proposal{Dataset: dataset, Name: "file.csv", File: strings.NewReader(file), Reason: "test", Options: o})
	fine(t, err)
	w.work(t)
	return w.see(t, name, c)
}

// see gives the change as it is now.
func (w *world) see(t tb, name string, c wire.Change) wire.Change {
	t.Helper()
	c, err := w.w.Change(ctx, w.as(name), change.ID(c.ID), 0)
	fine(t, err)
	return c
}

// stored gives the change as it is kept.
func (w *world) stored(c wire.Change) (out *change.Change) {
	w.t.Helper()
	fine(w.t, w.deps.Store.View(ctx, func(tx workflow.Tx) (err error) {
		out, err = tx.Change(change.ID(c.ID))
		return err
	}))
	return out
}

// shownTo gives all that somebody sees of a change, as JSON.
func shownTo(w *world, name string, c wire.Change) string {
	w.t.Helper()
	text, err := json.Marshal(w.see(w.t, name, c))
	fine(w.t, err)
	return string(text)
}

// artefact reads a stored file and checks that it is what its digest says.
func (w *world) artefact(t tb, d record.Digest) []byte {
	t.Helper()
	r, err := w.deps.Artifacts.Open(ctx, d)
	fine(t, err)
	defer r.Close()
	b, err := io.ReadAll(r)
	fine(t, err)
	if got := record.DigestOf(b); got != d {
		t.Fatalf("the artefact %s is %s", d, got)
	}
	return b
}

// proves exports a change's evidence and verifies the pack as an outsider would,
// who knows the key beforehand.
func (w *world) proves(t tb, c wire.Change) evidence.Report {
	t.Helper()
	var pack bytes.Buffer
	fine(t, w.w.Evidence(ctx, w.as("aud"), change.ID(c.ID), &pack))
	report, err := evidence.Verify(bytes.NewReader(pack.Bytes()), int64(pack.Len()), w.deps.Key.Verifier())
	verifyjs.Agree(t, pack.Bytes(), w.deps.Key.Verifier(), err)
	if err != nil {
		t.Fatalf("the evidence of change %s: %s", c.ID, errs.Detail(err))
	}
	if now := w.see(t, "aud", c); string(report.State) != now.State || !report.Verified {
		t.Fatalf("the evidence of change %s proves %q (verified: %t), but it is %s", c.ID, report.State, report.Verified, now.State)
	}
	return report
}

// proveAll wants the evidence of every change, and of the log as a whole.
func (w *world) proveAll() {
	w.t.Helper()
	if w.t.Failed() {
		return
	}
	changes, err := w.w.Changes(ctx, w.as("aud"), workflow.Filter{Limit: 1000})
	fine(w.t, err)
	for _, c := range changes {
		w.proves(w.t, c)
	}
	var report bytes.Buffer
	if err := w.w.Fsck(ctx, w.as("aud"), &report); err != nil {
		w.t.Fatalf("%s\n%s", errs.Detail(err), report.String())
	}
}

// fine wants no error.
func fine(t tb, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s", errs.Detail(err))
	}
}

// sqlLike are the pieces of SQL that no sentence for people may hold.
var sqlLike = []string{"SELECT ", "INSERT ", "UPDATE ", "DELETE ", "read_parquet", "WHERE ", "constraint failed", "SQLSTATE"}

// refused wants a refusal of a kind, in a sentence that holds a part.
func refused(t tb, err error, kind errs.Kind, sentence string) {
	t.Helper()
	if err == nil {
		t.Fatalf("it was not refused, want %s: %s", kind, sentence)
	}
	if errs.KindOf(err) != kind || !strings.Contains(errs.Public(err).Error(), sentence) {
		t.Fatalf("refused as %s: %s\nwant %s: %s", errs.KindOf(err), errs.Detail(err), kind, sentence)
	}
	told(t, errs.Public(err).Error())
}

// told wants a sentence for people: without SQL.
func told(t tb, sentence string) {
	t.Helper()
	for _, piece := range sqlLike {
		if strings.Contains(sentence, piece) {
			t.Errorf("a sentence for people holds %q: %s", piece, sentence)
		}
	}
}
