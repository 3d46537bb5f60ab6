package script

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"sutor/internal/app"
	"sutor/internal/artifact/s3test"
	"sutor/internal/cli"
	"sutor/internal/client"
	"sutor/internal/connector/postgres/pgtest"
	"sutor/internal/errs"
	"sutor/internal/evidence"
	"sutor/internal/wire"
	verifyjs "sutor/test/verify-js"
)

const (
	nodes      = 3
	changes    = 30
	afterCrash = 30 * time.Second // within which everything ends when a server is lost
)

// Three tables, so that not all applies wait for each other; each counts what was
// written to it, and only what was committed.
const (
	nodesCompact = `compact: Node Trading
systems:
  erp: {kind: postgres, dsn: "env:ERP_DSN"}
departments: [sales]
people:
  maria@example.test: {roles: [maker], departments: [sales]}
  erik@example.test:  {roles: [maker], departments: [sales]}
  olaf@example.test:  {roles: [owner], departments: [sales]}
  bert@example.test:  {roles: [owner], departments: [sales]}
  ivan@example.test:  {roles: [steward]}
  aud@example.test:   {roles: [auditor]}
datasets:
`
	nodesDataset = "  part%[1]d: {system: erp, table: part%[1]d, key: [id], department: sales, owner: [olaf@example.test, bert@example.test], allow: [insert, update]}\n"
	nodesSQL     = `
CREATE TABLE written (id INTEGER NOT NULL);
CREATE FUNCTION count_writes() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO public.written VALUES (new.id); RETURN NULL; END $$;
`
	nodesTable = `
CREATE TABLE part%[1]d (id INTEGER PRIMARY KEY, terms VARCHAR(10));
INSERT INTO part%[1]d SELECT n, 'old' FROM generate_series(1, 30) AS n;
CREATE TRIGGER count_writes AFTER INSERT OR UPDATE OR DELETE ON part%[1]d FOR EACH ROW EXECUTE FUNCTION count_writes();
`
	// The metadata tell who worked on what: leases go when the work is done.
	leasesSQL = `
CREATE TABLE leases (node text, change text, state text, PRIMARY KEY (node, change, state));
CREATE FUNCTION keep_lease() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO public.leases VALUES (new.doc->'lease'->>'node', new.id, new.state) ON CONFLICT DO NOTHING; RETURN NULL; END $$;
CREATE TRIGGER keep_lease AFTER UPDATE ON changes FOR EACH ROW WHEN (new.doc->'lease'->>'node' IS NOT NULL) EXECUTE FUNCTION keep_lease();
`
)

// cluster is several servers over one PostgreSQL, behind a round-robin.
type cluster struct {
	t        *testing.T
	dir      string
	erp      string // URLs
	database string
	flags    []string // of every server, beside those of its place
	env      []string
	key      string // the log's, where no data folder has it
	servers  []*process
	balancer *balancer
	front    *httptest.Server
	tokens   map[string]string
}

// Three servers share thirty changes; when half of them are applied, a server is
// killed in the middle of an apply. All are applied, each once, and soon.
func TestServersShareTheWorkAndLoseOne(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nodes)
	victim := c.shareTheWorkAndLoseOne()
	c.proves()
	c.end(victim)
}

// The same with two servers that have nothing but an empty folder each: metadata in
// PostgreSQL, files in a bucket, the key from outside. The folder of the one that is
// lost goes with it, and the other's is removed while nobody works; a new server with
// an empty folder has and proves everything.
func TestServersWithoutStateShareTheWorkAndLoseOne(t *testing.T) {
	t.Parallel()
	bucket := s3test.Start(t).Bucket(t, "sutor-files")
	c := &cluster{flags: []string{"--artifacts", bucket.URL(""), "--max-upload", "10MiB", "--max-cache", "50MiB"}, env: s3test.Environment(), key: newKey(t)}
	c.begin(t, 2)
	victim := c.shareTheWorkAndLoseOne()
	c.end(victim)
	for n := range c.servers {
		entries, err := os.ReadDir(c.path(fmt.Sprintf("data%d", n)))
		c.must(err)
		for _, e := range entries {
			if !slices.Contains([]string{"lock", "scratch", "copies"}, e.Name()) {
				t.Errorf("server %d has kept %s", n, e.Name())
			}
		}
		c.must(os.RemoveAll(c.path(fmt.Sprintf("data%d", n))))
	}
	c.launch(len(c.servers))
	c.proves()
	c.tellsDamage(bucket)
	c.end(victim)
}

// tellsDamage wants fsck to read the objects themselves, though there are copies.
func (c *cluster) tellsDamage(bucket s3test.Bucket) {
	c.t.Helper()
	objects, err := filepath.Glob(filepath.Join(bucket.Dir, "sutor/sha256/*/*"))
	c.must(err)
	if len(objects) < changes {
		c.t.Fatalf("the bucket has %d artefacts", len(objects))
	}
	whole, err := os.ReadFile(objects[0])
	c.must(err)
	c.must(os.WriteFile(objects[0], append(whole, '!'), 0o600))
	if report, err := c.as("ivan").Fsck(c.t.Context()); errs.KindOf(err) != errs.Invalid || !strings.Contains(report.Report, "missing or was changed") {
		c.t.Errorf("an altered object: %v\n%s", err, report.Report)
	}
}

// newKey makes the key of a log.
func newKey(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "log.key")
	_, err := evidence.OpenKey(file, "sutor/node-trading")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// shareTheWorkAndLoseOne takes all changes to their end, and gives the server that was
// killed on the way.
func (c *cluster) shareTheWorkAndLoseOne() *process {
	t := c.t
	t.Helper()
	var proposed, lives sync.WaitGroup
	var ids [changes]string
	for n := range changes {
		proposed.Go(func() { ids[n] = c.propose(n) })
	}
	proposed.Wait()
	if t.Failed() {
		t.FailNow()
	}
	c.live(ids[:], changes/2, changes)
	unlock := c.locked("part0", 1) // the first change waits in its apply for this
	lives.Go(func() { c.live(ids[:], 0, changes/2) })
	victim := c.applying(1)
	killed := time.Now()
	victim.end(syscall.SIGKILL)
	unlock()
	lives.Wait()
	took := time.Since(killed)
	t.Logf("all was done %s after a server was lost", took.Round(time.Second/10))
	if took > afterCrash {
		t.Errorf("which is later than %s", afterCrash)
	}
	return victim
}

// end ends the servers but one, and wants them to have had their peace.
func (c *cluster) end(but *process) {
	c.t.Helper()
	for _, s := range c.servers {
		if s != but {
			s.end(syscall.SIGTERM)
			if !s.cmd.ProcessState.Success() {
				c.t.Errorf("a server ended with %v", s.cmd.ProcessState)
			}
		}
	}
}

// newCluster has its files in a folder that all servers reach.
func newCluster(t *testing.T, nodes int, flags ...string) *cluster {
	t.Helper()
	c := &cluster{flags: append([]string{"--artifacts", "artifacts"}, flags...)}
	c.begin(t, nodes)
	return c
}

// begin starts the servers.
func (c *cluster) begin(t *testing.T, nodes int) {
	t.Helper()
	c.t, c.dir, c.erp, c.database, c.balancer, c.tokens = t, t.TempDir(), pgtest.Database(t), pgtest.Database(t), &balancer{}, map[string]string{}
	if c.key != "" {
		c.env = append(c.env, "SUTOR_LOG_KEY="+c.key)
	}
	text, schema := nodesCompact, nodesSQL
	for part := range 3 {
		text += fmt.Sprintf(nodesDataset, part)
		schema += fmt.Sprintf(nodesTable, part)
	}
	c.must(os.WriteFile(c.path("compact.yaml"), []byte(text), 0o600))
	c.query(c.erp, schema)
	c.launch(0)
	for n := 1; n < nodes; n++ {
		if c.key == "" {
			key, err := os.ReadFile(c.path("data0/log.key"))
			c.must(err)
			c.must(os.Mkdir(c.path(fmt.Sprintf("data%d", n)), 0o700))
			c.must(os.WriteFile(c.path(fmt.Sprintf("data%d/log.key", n)), key, 0o600))
		}
		c.launch(n)
	}
	c.query(c.database, leasesSQL)
	for _, name := range []string{"maria", "erik", "olaf", "bert", "ivan", "aud"} {
		var err error
		c.tokens[name], err = app.IssueToken(t.Context(), cli.TokenConfig{Metadata: cli.Metadata{Database: c.database}, Email: name + "@example.test", Valid: time.Hour})
		c.must(err)
	}
	c.front = httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = "http", "server" // which one, the balancer decides
	}, Transport: &http.Transport{DialContext: c.balancer.dial, DisableKeepAlives: true}, ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }})
	t.Cleanup(c.front.Close)
}

func (c *cluster) path(name string) string { return filepath.Join(c.dir, name) }

func (c *cluster) must(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(errs.Detail(err))
	}
}

func (c *cluster) query(database, statement string) string {
	c.t.Helper()
	text, err := query(database, statement)
	c.must(err)
	return strings.TrimSpace(text)
}

// launch starts a server with a data folder of its own.
func (c *cluster) launch(n int) {
	c.t.Helper()
	sutor, err := exec.LookPath("sutor")
	c.must(err)
	cmd := exec.Command(sutor, append([]string{"serve", "--compact", "compact.yaml", "--data", fmt.Sprintf("data%d", n), "--database", c.database, "--listen", "127.0.0.1:0"}, c.flags...)...)
	cmd.Dir, cmd.Env = c.dir, append(append(os.Environ(), "ERP_DSN="+c.erp, aliveVariable+"=1"), c.env...)
	p, err := start(c.t, cmd)
	c.must(err)
	c.t.Cleanup(func() {
		p.end(syscall.SIGTERM)
		if c.t.Failed() {
			c.t.Logf("[server %d]\n%s", n, strings.Join(p.lines(), "\n"))
		}
	})
	said, ok := p.await(serves, 0)
	if !ok {
		c.t.Fatalf("server %d does not serve", n)
	}
	at, err := url.Parse(serves.FindStringSubmatch(said)[1])
	c.must(err)
	c.servers = append(c.servers, p)
	c.balancer.hosts = append(c.balancer.hosts, at.Host)
}

// balancer gives each request to the next server, and where nobody listens to the
// one after it. A request that breaks off on the way is not sent twice.
type balancer struct {
	hosts []string
	next  atomic.Int64
}

func (b *balancer) dial(ctx context.Context, network, _ string) (conn net.Conn, err error) {
	for range b.hosts {
		host := b.hosts[int(b.next.Add(1))%len(b.hosts)]
		if conn, err = new(net.Dialer).DialContext(ctx, network, host); err == nil {
			return conn, nil
		}
	}
	return nil, err
}

// as speaks to the servers as a person.
func (c *cluster) as(name string) *client.Client {
	c.t.Helper()
	made, err := client.New(c.front.URL, c.tokens[name])
	c.must(err)
	c.t.Cleanup(made.Close)
	return made
}

// locked holds a row until it is given back.
func (c *cluster) locked(table string, id int) (unlock func()) {
	c.t.Helper()
	h, err := hold(c.erp, fmt.Sprintf(`BEGIN; SELECT * FROM %s WHERE id = %d FOR UPDATE`, table, id))
	c.must(err)
	unlock = sync.OnceFunc(func() { c.must(h.close()) })
	c.t.Cleanup(unlock)
	return unlock
}

// applying waits until a server applies the change that writes the row, and
// waits there for a lock; it gives that server.
func (c *cluster) applying(row int) *process {
	c.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for {
		select {
		case <-tick.C:
		case <-late:
			c.t.Fatal("nobody applies it")
		}
		if c.query(c.erp, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == "0" {
			continue
		}
		node := c.query(c.database, fmt.Sprintf(`SELECT doc->'lease'->>'node' FROM changes WHERE state = 'applying' AND doc->>'title' = '%s' AND doc->'lease'->>'node' IS NOT NULL`, title(row-1)))
		for _, s := range c.servers {
			if strings.Contains(node, fmt.Sprintf("/%d/", s.cmd.Process.Pid)) {
				return s
			}
		}
	}
}

// waiting waits until a server waits for a lock.
func (c *cluster) waiting() {
	c.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(patience)
	for c.query(c.erp, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`) == "0" {
		select {
		case <-tick.C:
		case <-late:
			c.t.Fatal("nobody waits")
		}
	}
}

func title(n int) string { return fmt.Sprintf("change %d", n) }

// maker makes a change; the makers take turns, and the owners theirs.
func maker(n int) string { return []string{"maria", "erik"}[n%2] }

// propose hands in a change of one row and a new one, and gives its id.
func (c *cluster) propose(n int) string {
	return c.proposeFile(n, fmt.Sprintf("id,terms\n%d,new\n%d,added\n", n+1, 1000+n))
}

// proposeLarge proposes the same in a file that is too large to be planned without a slot.
func (c *cluster) proposeLarge(n int) string {
	return c.proposeFile(n, fmt.Sprintf("id,terms,remark\n%d,new,%s\n%d,added,\n", n+1, strings.Repeat("x", 70_000), 1000+n))
}

func (c *cluster) proposeFile(n int, file string) string {
	proposed, err := c.as(maker(n)).Propose(c.t.Context(), client.Proposal{Dataset: fmt.Sprintf("part%d", n%3), Title: title(n)},
		client.File{Name: "terms.csv", Size: int64(len(file)), From: strings.NewReader(file)})
	if err != nil {
		c.t.Errorf("%s: %s", title(n), errs.Detail(err))
	}
	return proposed.ID
}

// live takes changes to their end, all at the same time.
func (c *cluster) live(ids []string, from, to int) {
	var lives sync.WaitGroup
	for n := from; n < to; n++ {
		lives.Go(func() { c.life(n, ids[n]) })
	}
	lives.Wait()
}

// life takes a proposed change to its end, whichever server answers. Whoever gets
// no answer looks whether it was done.
func (c *cluster) life(n int, id string) {
	maker, owner := c.as(maker(n)), c.as([]string{"olaf", "bert"}[n/2%2])
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*patience)
	defer cancel()
	for ctx.Err() == nil {
		now, err := maker.Change(ctx, id, patience)
		if err == nil {
			switch now.State {
			case "planned":
				_, err = maker.Submit(ctx, now.ID, "", "")
			case "submitted":
				_, err = owner.Approve(ctx, now.ID, now.Plan.Digest, "")
			case "approved":
				_, err = maker.Apply(ctx, now.ID, "", "")
			case "planning", "applying": // the wait was over
			default:
				c.applied(n, now)
				return
			}
		}
		if kind := errs.KindOf(err); err != nil && kind != errs.Unavailable && kind != errs.Blocked {
			c.t.Errorf("%s: %s", title(n), errs.Detail(err))
			return
		}
	}
	c.t.Errorf("%s did not end", title(n))
}

// approve takes a proposed change to where it can be applied.
func (c *cluster) approve(n int, id string) {
	c.t.Helper()
	now, err := c.as(maker(n)).Change(c.t.Context(), id, patience)
	c.must(err)
	now, err = c.as(maker(n)).Submit(c.t.Context(), id, now.Plan.Digest, "")
	c.must(err)
	_, err = c.as("olaf").Approve(c.t.Context(), id, now.Plan.Digest, "")
	c.must(err)
}

func (c *cluster) applied(n int, now wire.Change) {
	if now.State != "applied" || now.Result == nil || now.Result.Applied != 2 || len(now.Decisions) != 1 {
		c.t.Errorf("%s is %s: %s, result %+v, decisions %+v", title(n), now.State, now.Why, now.Result, now.Decisions)
	}
}

// proves wants every row written once, and the work shared; the evidence of each
// change, and of all of it, is whole.
func (c *cluster) proves() {
	c.t.Helper()
	for part := range 3 {
		rows := c.query(c.erp, fmt.Sprintf(`SELECT count(*) FILTER (WHERE terms = 'new' AND id %% 3 = %[2]d), count(*) FILTER (WHERE terms = 'added'), count(*) FROM part%[1]d`, part, (part+1)%3))
		if rows != "10,10,40" {
			c.t.Errorf("table %d has new, added and all rows %s", part, rows)
		}
	}
	if got := c.query(c.erp, `SELECT count(*), count(DISTINCT id) FROM written`); got != "60,60" {
		c.t.Errorf("writes, and rows written: %s", got)
	}
	for _, state := range []string{"planning", "applying"} {
		all := strings.Fields(c.query(c.database, `SELECT split_part(node, '/', 2) || '=' || count(*) FROM leases WHERE state = '`+state+`' GROUP BY node`))
		c.t.Logf("%s: %v", state, all)
		if len(all) < 2 {
			c.t.Errorf("%s was done by one server only", state)
		}
	}
	all, err := c.as("aud").Changes(c.t.Context(), client.Filter{})
	c.must(err)
	if len(all) != changes {
		c.t.Errorf("there are %d changes", len(all))
	}
	point, err := c.as("ivan").Checkpoint(c.t.Context())
	c.must(err)
	for _, one := range all {
		var pack bytes.Buffer
		_, err := c.as("aud").Evidence(c.t.Context(), one.ID, &pack)
		c.must(err)
		report, err := evidence.Verify(bytes.NewReader(pack.Bytes()), int64(pack.Len()), point.Key)
		verifyjs.Agree(c.t, pack.Bytes(), point.Key, err)
		if err != nil || report.State != "applied" {
			c.t.Errorf("the evidence of %s proves %q, %v", one.ID, report.State, err)
		}
	}
	if report, err := c.as("ivan").Fsck(c.t.Context()); err != nil {
		c.t.Errorf("%v\n%+v", err, report)
	}
}
