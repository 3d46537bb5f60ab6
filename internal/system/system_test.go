package system_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sutor/internal/connector/sqlite"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system"
	"sutor/internal/system/driver"
)

var ctx = context.Background()

// customers makes a database file with four rows.
func customers(t *testing.T, path string) {
	t.Helper()
	db, err := sql.Open("sqlite3", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT, score REAL);
		INSERT INTO customer VALUES (1, 'Ada', 0.1), (2, NULL, 2), (3, '', NULL), (4, 'Zoë', -1e300)`); err != nil {
		t.Fatal(err)
	}
}

// handle opens a handle on a fresh database through open.
func handle(t *testing.T, open driver.Open) *system.System {
	t.Helper()
	path := filepath.Join(t.TempDir(), "erp.db")
	customers(t, path)
	return handleOn(t, path, open)
}

func handleOn(t *testing.T, dsn string, open driver.Open) *system.System {
	t.Helper()
	s, err := system.Open(ctx, "erp", "sqlite", dsn, system.Registry{"sqlite": open})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func table(t *testing.T, s *system.System) driver.Table {
	t.Helper()
	d, err := s.Describe(ctx, record.Table{Name: "customer"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestUnknownKind(t *testing.T) {
	t.Parallel()
	_, err := system.Open(ctx, "erp", "oracle", "x", system.Registry{"sqlite": sqlite.Open, "postgres": nil})
	if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "postgres, sqlite") {
		t.Errorf("got %v", err)
	}
}

// A system that is down stops nothing, says so, and is there once it is up.
func TestConnectedOnUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "erp.db")
	s := handleOn(t, path, sqlite.Open)
	for range 2 {
		for what, err := range map[string]error{"Ping": s.Ping(ctx), "Describe": second(s.Describe(ctx, record.Table{Name: "customer"})), "Begin": second(s.Begin(ctx, driver.Options{}))} {
			if errs.KindOf(err) != errs.Unavailable || !strings.HasPrefix(err.Error(), "The system erp cannot be reached.") {
				t.Errorf("%s gives %v", what, err)
			}
		}
	}
	if got := s.Capabilities(); got != (driver.Capabilities{}) {
		t.Errorf("capabilities of a system never reached: %+v", got)
	}
	customers(t, path)
	if n, err := s.Count(ctx, record.Table{Name: "customer"}); err != nil || n != 4 {
		t.Errorf("Count gives %d, %v", n, err)
	}
	if !s.Capabilities().Transactional {
		t.Error("the capabilities are not known after the first use")
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(ctx); errs.KindOf(err) != errs.Unavailable || !strings.HasPrefix(err.Error(), "The system erp cannot be reached.") {
		t.Errorf("Ping gives %v once the system has gone", err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestOpenedOnce(t *testing.T) {
	t.Parallel()
	var opened atomic.Int64
	s := handle(t, func(ctx context.Context, dsn string) (driver.Driver, error) {
		opened.Add(1)
		return sqlite.Open(ctx, dsn)
	})
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := s.Ping(ctx); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := opened.Load(); n != 1 {
		t.Errorf("opened %d times", n)
	}
}

// Whoever waits for another's attempt to connect may give up.
func TestWaitingForTheOpeningEnds(t *testing.T) {
	t.Parallel()
	begun, end := make(chan struct{}), make(chan struct{})
	s := handle(t, func(ctx context.Context, dsn string) (driver.Driver, error) {
		close(begun)
		<-end
		return sqlite.Open(ctx, dsn)
	})
	done := make(chan error)
	go func() { done <- s.Ping(ctx) }()
	<-begun
	impatient, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Ping(impatient); !errors.Is(err, context.Canceled) {
		t.Errorf("Ping gives %v", err)
	}
	close(end)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestClosed(t *testing.T) {
	t.Parallel()
	s := handle(t, sqlite.Open)
	if err := s.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.Ping(ctx); errs.KindOf(err) != errs.Unavailable {
		t.Errorf("Ping after Close gives %v", err)
	}
}

func TestErrorsNameTheSystem(t *testing.T) {
	t.Parallel()
	s := handle(t, sqlite.Open)
	if _, err := s.Describe(ctx, record.Table{Name: "Customer"}); errs.KindOf(err) != errs.Invalid || !strings.HasPrefix(err.Error(), "System erp: ") {
		t.Errorf("got %v", err)
	}
	d := table(t, s)
	broken := errors.New("the disk of the caller is full")
	if _, err := s.Export(ctx, d.Table, d.Columns[:1], d.Columns, failing{broken}); !errors.Is(err, broken) || errs.As(err) != nil {
		t.Errorf("an error of the caller's stream became %v", err)
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// A connector that tells the secret everywhere.
func TestSecretNeverTold(t *testing.T) {
	t.Parallel()
	const dsn = "postgres://erp:hunter2@db.test/erp"
	for name, fault := range map[string]error{
		"public":   errs.New(errs.Unavailable, "no answer from %s", dsn).WithMend("try password hunter2").Because(errors.New(dsn)),
		"cause":    errs.New(errs.Invalid, "no").Because(fmt.Errorf("deep: %w", errors.New("hunter2"))),
		"plain":    fmt.Errorf("connect %s: refused", dsn),
		"joined":   errors.Join(errors.New("fine"), errors.New("password=hunter2")),
		"refusal":  &driver.Refusal{Constraint: "hunter2", Message: "no hunter2", Cause: errors.New(dsn)},
		"canceled": fmt.Errorf("connect %s: %w", dsn, context.Canceled),
		"again":    errs.New(errs.Unavailable, "met another").Because(fmt.Errorf("%w: %s", driver.ErrAgain, dsn)),
	} {
		s, err := system.Open(ctx, "erp", "x", dsn, system.Registry{"x": func(context.Context, string) (driver.Driver, error) { return nil, fault }})
		if err != nil {
			t.Fatal(err)
		}
		got := s.Ping(ctx)
		if text := fmt.Sprintf("%v %+v %#v %s", got, got, got, errs.Detail(got)); strings.Contains(text, "hunter2") {
			t.Errorf("%s: the secret is told: %s", name, text)
		}
		if errs.KindOf(got) != errs.KindOf(fault) || errors.Is(got, context.Canceled) != errors.Is(fault, context.Canceled) || errors.Is(got, driver.ErrAgain) != errors.Is(fault, driver.ErrAgain) {
			t.Errorf("%s: %v lost what decides", name, got)
		}
		var r *driver.Refusal
		if errors.As(fault, &r) != errors.As(got, &r) {
			t.Errorf("%s: %v lost the refusal", name, got)
		}
	}
}

// faulty spoils what a real connector does.
type faulty struct {
	driver.Driver
	fetch func(in io.Reader, out io.Writer) (io.Reader, io.Writer)
	add   int64
	begun chan struct{}
	wait  chan struct{}
}

func (f *faulty) open(ctx context.Context, dsn string) (driver.Driver, error) {
	d, err := sqlite.Open(ctx, dsn)
	f.Driver = d
	return f, err
}

func (f *faulty) Fetch(ctx context.Context, l driver.Lookup, in io.Reader, out io.Writer) (int64, int64, error) {
	if f.fetch != nil {
		in, out = f.fetch(in, out)
	}
	sent, found, err := f.Driver.Fetch(ctx, l, in, out)
	return sent + f.add, found, err
}

func (f *faulty) Count(ctx context.Context, t record.Table) (int64, error) {
	f.begun <- struct{}{}
	select {
	case <-f.wait:
	case <-ctx.Done():
		return 0, ctx.Err()
	}
	return f.Driver.Count(ctx, t)
}

// A row that is lost on the way is an error, wherever it is lost.
func TestRowsAreCounted(t *testing.T) {
	t.Parallel()
	keys := "1,\"1\"\n2,\"4\"\n"
	for name, f := range map[string]*faulty{
		"not sent":     {fetch: func(in io.Reader, out io.Writer) (io.Reader, io.Writer) { return io.LimitReader(in, 6), out }},
		"not received": {fetch: func(in io.Reader, out io.Writer) (io.Reader, io.Writer) { return in, io.Discard }},
		"told wrongly": {add: 1},
	} {
		s := handle(t, f.open)
		d := table(t, s)
		_, _, err := s.Fetch(ctx, driver.Lookup{Table: d.Table, By: d.Columns[:1], Columns: d.Columns}, strings.NewReader(keys), io.Discard)
		if errs.As(err) == nil || errs.KindOf(err) != errs.Internal {
			t.Errorf("%s: got %v, want an internal error", name, err)
		}
	}
	s := handle(t, sqlite.Open)
	d := table(t, s)
	var out bytes.Buffer
	sent, found, err := s.Fetch(ctx, driver.Lookup{Table: d.Table, By: d.Columns[:1], Columns: d.Columns[1:2]}, strings.NewReader(keys), &out)
	if want := "1,\"Ada\"\n2,\"Zoë\"\n"; err != nil || sent != 2 || found != 2 || out.String() != want {
		t.Errorf("Fetch gives %d, %d, %v and %q, want %q", sent, found, err, out.String(), want)
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	f := &faulty{begun: make(chan struct{}, 9), wait: make(chan struct{})}
	s := handle(t, f.open).WithLimits(system.Limits{Calls: 2, Time: time.Minute})
	name := record.Table{Name: "customer"}
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			if _, err := s.Count(ctx, name); err != nil {
				t.Error(err)
			}
		})
	}
	<-f.begun
	<-f.begun
	third, cancel := context.WithCancel(ctx)
	cancel()
	if err := s.Ping(third); !errors.Is(err, context.Canceled) {
		t.Errorf("a third call gives %v; it should wait", err)
	}
	close(f.wait)
	all.Wait()
	if err := s.Ping(ctx); err != nil {
		t.Error(err)
	}

	slow := &faulty{begun: make(chan struct{}, 9), wait: make(chan struct{})}
	s = handle(t, slow.open).WithLimits(system.Limits{Calls: 1, Time: 50 * time.Millisecond})
	if _, err := s.Count(ctx, name); errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "took longer") {
		t.Errorf("a call that takes too long gives %v", err)
	}
}

// Transactions are counted and explained too, and say no by a refusal.
func TestBegin(t *testing.T) {
	t.Parallel()
	s := handle(t, sqlite.Open)
	d := table(t, s)
	tx, err := s.Begin(ctx, driver.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := driver.Write{Op: driver.Update, Table: d.Table, Key: d.Columns[:1], Columns: d.Columns[1:2]}
	var stored bytes.Buffer
	n, conflicts, err := tx.Write(ctx, w, strings.NewReader("7,\"1\",\"1\",\"Ada\",\"Eve\"\n"), &stored)
	if err != nil || n != 1 || conflicts != nil || stored.Len() > 0 { // it is stored as the row says
		t.Errorf("Write gives %d, %v, %v and %q", n, conflicts, err, stored.String())
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if state, err := s.TxStatus(ctx, tx.ID()); err != nil || state != driver.TxUnknown {
		t.Errorf("TxStatus gives %s, %v", state, err)
	}
	if tx, err = s.Begin(ctx, driver.Options{}); err != nil {
		t.Fatal(err)
	}
	n, conflicts, err = tx.Write(ctx, w, strings.NewReader("7,\"1\",\"1\",\"Ada\",\"Eve\"\n"), io.Discard)
	if err != nil || n != 0 || len(conflicts) != 1 {
		t.Errorf("Write gives %d, %v, %v", n, conflicts, err)
	}
	w.Table.Name = "none"
	if _, _, err = tx.Write(ctx, w, strings.NewReader(""), io.Discard); errs.As(err) == nil {
		t.Errorf("Write gives %v", err)
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Error(err)
	}
}
