package app

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3" // registers "sqlite3"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/cli"
	"sutor/internal/connector/postgres/pgtest"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/wire"
	"sutor/internal/workflow"
)

const (
	maria, olaf, ivan access.Email = "maria@example.test", "olaf@example.test", "ivan@example.test"

	sharedCompact = `compact: Example Trading
systems:
  shop: {kind: sqlite, dsn: shop.db}
departments: [sales]
people:
  maria@example.test: {roles: [maker], departments: [sales]}
  olaf@example.test:  {roles: [owner], departments: [sales]}
  ivan@example.test:  {roles: [steward]}
  aud@example.test:   {roles: [auditor]}
datasets:
  customers: {system: shop, table: customer, key: [id], department: sales, owner: olaf@example.test, allow: [insert, update]}
`
)

// house is one installation: a Compact, a connected system, a metadata database
// and a folder of artefacts, which its servers share.
type house struct {
	t        *testing.T
	dir      string
	database string
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t, t.TempDir(), pgtest.Database(t)}
	h.must(os.WriteFile(h.path("compact.yaml"), []byte(sharedCompact), 0o600))
	shop, err := sql.Open("sqlite3", h.path("shop.db"))
	h.must(err)
	defer shop.Close()
	_, err = shop.Exec(`CREATE TABLE customer (id INTEGER PRIMARY KEY, terms TEXT); INSERT INTO customer VALUES (1, 'NET30')`)
	h.must(err)
	return h
}

func (h *house) path(name string) string { return filepath.Join(h.dir, name) }

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(errs.Detail(err))
	}
}

func (h *house) config(data string) Config {
	return Config{Compact: h.path("compact.yaml"), Data: h.path(data), Database: h.database, Artifacts: h.path("artifacts")}
}

// server opens a server with a data folder of its own, where the key is the first
// one's.
func (h *house) server(data string) *App {
	h.t.Helper()
	key, err := os.ReadFile(h.path("one/log.key"))
	if !errors.Is(err, fs.ErrNotExist) {
		h.must(err)
		h.must(os.MkdirAll(h.path(data), 0o700))
		h.must(os.WriteFile(filepath.Join(h.path(data), "log.key"), key, 0o600))
	}
	a, err := Open(h.t.Context(), h.config(data))
	h.must(err)
	h.t.Cleanup(func() {
		if err := a.Close(context.Background()); err != nil {
			h.t.Error(err)
		}
	})
	return a
}

// idle ends a server's background work: what is done from now on, others do.
func (h *house) idle(a *App) {
	h.t.Helper()
	h.must(a.queue.Stop(h.t.Context()))
}

func (h *house) person(a *App, email access.Email) access.Principal {
	h.t.Helper()
	p, err := a.workflow.Person(h.t.Context(), email, "session")
	h.must(err)
	return p
}

func (h *house) propose(a *App, file string) wire.Change {
	h.t.Helper()
	c, err := a.workflow.Propose(h.t.Context(), h.person(a, maria), workflow.Proposal{Dataset: "customers", Name: "terms.csv",
		File: strings.NewReader(file), Title: "Terms", Reason: "Agreed.", Options: change.Options{Mode: change.Upsert}})
	h.must(err)
	return c
}

// limit only ends a test that would fail anyway; a long poll that nobody wakes
// would take longer.
const limit = 45 * time.Second

// awaits waits on one server until the change has the state.
func (h *house) awaits(a *App, id string, want change.State) wire.Change {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(h.t.Context(), limit)
	defer cancel()
	c, err := a.workflow.Change(ctx, h.person(a, maria), change.ID(id), 2*limit)
	h.must(err)
	if string(c.State) != string(want) {
		h.t.Fatalf("change %s is %s, not %s: %+v", id, c.State, want, c)
	}
	return c
}

// A change walks from server to server; each step is done on another one than the
// step before, or worked on by the only one that works.
func TestTwoServersShareTheWork(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	one, two := h.server("one"), h.server("two")
	h.idle(one)

	proposed := h.propose(one, "id,terms\n1,NET60\n2,NET90\n")
	planned := h.awaits(one, proposed.ID, change.Planned) // woken by the other's commit
	if seen := h.awaits(two, proposed.ID, change.Planned); seen.Plan.Digest != planned.Plan.Digest {
		t.Errorf("one sees the plan %s, the other %s", planned.Plan.Digest, seen.Plan.Digest)
	}
	id := change.ID(proposed.ID)
	_, err := two.workflow.Submit(t.Context(), h.person(two, maria), id, "", "")
	h.must(err)
	_, err = one.workflow.Approve(t.Context(), h.person(one, olaf), id, record.Digest(planned.Plan.Digest), "")
	h.must(err)
	_, err = one.workflow.Apply(t.Context(), h.person(one, maria), id, "", "")
	h.must(err)
	applied := h.awaits(one, proposed.ID, change.Applied)
	if applied.Result == nil || applied.Result.Applied != 2 {
		t.Errorf("result %+v", applied.Result)
	}
	for _, a := range []*App{one, two} {
		_, err := a.workflow.Checkpoint(t.Context(), h.person(a, ivan))
		h.must(err)
		var report bytes.Buffer
		if err := a.workflow.Fsck(t.Context(), h.person(a, ivan), &report); err != nil {
			t.Errorf("%v\n%s", err, &report)
		}
		for _, check := range a.workflow.Health(t.Context()) {
			if !check.OK {
				t.Errorf("%+v", check)
			}
		}
	}
}

// Whoever is there plans: first the one, then the other.
func TestEitherServerPlans(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	one := h.server("one")
	h.awaits(one, h.propose(one, "id,terms\n1,NET60\n").ID, change.Planned)
	two := h.server("two")
	h.idle(two)
	h.awaits(two, h.propose(two, "id,terms\n1,NET61\n").ID, change.Planned) // by one
	three := h.server("three")
	h.idle(one)
	h.awaits(two, h.propose(one, "id,terms\n1,NET62\n").ID, change.Planned) // by three
	list, err := three.workflow.Changes(t.Context(), h.person(three, maria), workflow.Filter{})
	if err != nil || len(list) != 3 {
		t.Errorf("%d changes, %v", len(list), err)
	}
}

// crashed leaves a change as a server does that is killed while it works on it.
func (h *house) crashed(a *App, id string) {
	h.t.Helper()
	h.must(a.store.Do(h.t.Context(), func(tx workflow.Tx) error {
		c, err := tx.Change(change.ID(id))
		if err != nil {
			return err
		}
		c.Lease = &change.Lease{Node: a.workflow.Node, Home: a.workflow.Home, Epoch: 1, Beat: time.Now()}
		return tx.SaveChange(c)
	}))
}

// The next server in a data folder goes on at once with what the former left; a
// server in a copy of that folder, which may live beside it, is another one.
func TestServerOfTheSameFolderTakesOverAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	first, err := Open(t.Context(), h.config("one"))
	h.must(err)
	h.idle(first)
	left := h.propose(first, "id,terms\n1,NET60\n")
	h.crashed(first, left.ID)
	home := first.workflow.Home
	h.must(first.Close(t.Context()))

	h.must(os.CopyFS(h.path("copy"), os.DirFS(h.path("one"))))
	h.must(os.Chmod(h.path("copy/log.key"), 0o600))
	copied := h.server("copy")
	h.idle(copied)
	if other := copied.workflow.Home; other == home || other == "" {
		t.Errorf("a copy of the folder of %q is %q", home, other)
	}
	from := time.Now()
	next := h.server("one")
	if next.workflow.Home != home {
		t.Errorf("the folder of %q is %q now", home, next.workflow.Home)
	}
	h.awaits(next, left.ID, change.Planned)
	if took := time.Since(from); took > 9*time.Second { // a lease lapses after ten
		t.Errorf("taken over after %s", took)
	}
}

// The commands beside a server find its metadata, and all servers share people's
// tokens and sessions.
func TestTokenOfASharedDatabase(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	one, two := h.server("one"), h.server("two")
	secret, err := IssueToken(t.Context(), cli.TokenConfig{Metadata: cli.Metadata{Database: h.database}, Email: string(maria), Valid: time.Hour})
	h.must(err)
	for _, a := range []*App{one, two} {
		if person, _, err := a.gate.Authenticate(t.Context(), secret); err != nil || person != maria {
			t.Errorf("%s, %v", person, err)
		}
	}
	h.must(one.store.Sessions(time.Now).Commit("cookie", []byte("maria"), time.Now().Add(time.Hour)))
	if data, ok, err := two.store.Sessions(time.Now).Find("cookie"); string(data) != "maria" || !ok || err != nil {
		t.Errorf("the other server finds the session %q, %v, %v", data, ok, err)
	}
}

// The key may come from outside, in a file or as a text; then no server makes one.
func TestKeyFromOutside(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.server("one")
	text, err := os.ReadFile(h.path("one/log.key"))
	h.must(err)
	h.must(os.WriteFile(h.path("secret"), text, 0o400))
	file, inline := h.config("two"), h.config("three")
	file.KeyFile, inline.Key = h.path("secret"), string(text)
	for _, c := range []Config{file, inline} {
		a, err := Open(t.Context(), c)
		h.must(err)
		var report bytes.Buffer
		h.must(a.workflow.Fsck(t.Context(), h.person(a, ivan), &report))
		if _, err := os.Stat(filepath.Join(c.Data, "log.key")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a key was made in %s: %v", c.Data, err)
		}
		h.must(a.Close(t.Context()))
	}
	file.KeyFile = h.path("nowhere")
	inline.Key = strings.Replace(string(text), "+", "+Geheim7", 3)
	for _, c := range []Config{file, inline} {
		_, err := Open(t.Context(), c)
		if errs.KindOf(err) != errs.Invalid || errs.Public(err).Mend == "" || strings.Contains(errs.Detail(err), "Geheim7") {
			t.Errorf("got %s", errs.Detail(err))
		}
		if _, err := os.Stat(h.path("nowhere")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a key was made: %v", err)
		}
	}
}

// A log that is signed with several keys proves nothing.
func TestAnotherKeyIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.server("one")
	a, err := Open(t.Context(), h.config("stranger"))
	if errs.KindOf(err) != errs.Invalid || !strings.Contains(err.Error(), "Give it the key of the server that was started first") {
		t.Errorf("got %v, %v", a, err)
	}
}

// What cannot work is refused before anything is asked of a bucket.
func TestBucketThatCannotBe(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	small, secret := h.config("one"), h.config("one")
	small.Artifacts, small.MaxCache = "s3://files?endpoint=http://127.0.0.1:1", 1<<20
	secret.Artifacts = "s3://key:Geheim7@files"
	for _, c := range []Config{small, secret} {
		_, err := Open(t.Context(), c)
		if errs.KindOf(err) != errs.Usage || errs.Public(err).Mend == "" || strings.Contains(errs.Detail(err), "Geheim7") {
			t.Errorf("got %s", errs.Detail(err))
		}
	}
}

func TestDatabaseThatIsDown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.database = "postgres://sutor:Geheim7@127.0.0.1:1/sutor"
	a, err := Open(t.Context(), h.config("one"))
	if errs.KindOf(err) != errs.Unavailable || !strings.Contains(err.Error(), "127.0.0.1:1") || strings.Contains(errs.Detail(err), "Geheim7") {
		t.Errorf("got %v, %s", a, errs.Detail(err))
	}
}
