package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sutor/internal/app"
	"sutor/internal/cli"
	"sutor/internal/client"
	"sutor/internal/wire"
)

// beSutor in the environment makes this program run as sutor, and profileTo names
// the folder of its profiles.
const (
	beSutor   = "SUTOR_BENCH_BE_SUTOR"
	profileTo = "SUTOR_BENCH_PROFILE"
)

// asSutor runs the program that cmd/sutor is, where the environment says so, and
// gives its exit code.
func asSutor() (code int, is bool) {
	if os.Getenv(beSutor) == "" {
		return 0, false
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if dir := os.Getenv(profileTo); dir != "" {
		go profile(dir)
	}
	return cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv, app.Local()), true
}

// profile starts or ends a CPU profile at every SIGUSR1: DIR/1.pprof, 2.pprof, ….
func profile(dir string) {
	toggle := make(chan os.Signal, 1)
	signal.Notify(toggle, syscall.SIGUSR1)
	for n := 1; ; n++ {
		<-toggle
		f, err := os.Create(filepath.Join(dir, strconv.Itoa(n)+".pprof"))
		if err == nil {
			err = pprof.StartCPUProfile(f)
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "profile:", err)
			return
		}
		<-toggle
		pprof.StopCPUProfile()
		if err := f.Close(); err != nil {
			fmt.Fprintln(os.Stderr, "profile:", err)
		}
	}
}

// compactText has checks on most columns and five guardrails. big-raise hits and
// asks for a manager; the blocking ones are judged and do not hit.
const compactText = `compact: Bench
systems:
  erp: {kind: %s, dsn: "env:SUTOR_BENCH_DSN"}
departments: [sales]
people:
  maria@example.test: {name: Maria, roles: [maker], departments: [sales]}
  olaf@example.test:  {name: Olaf, roles: [owner], departments: [sales]}
  mona@example.test:  {name: Mona, roles: [manager], departments: [sales]}
datasets:
  customers:
    system: erp
    table: %s
    key: [id]
    department: sales
    owner: olaf@example.test
    columns:
      name:          {required: true}
      country:       {one_of: [NL, DE, FR, BE]}
      zip:           {pattern: "^[0-9]{5,6}$"}
      vat:           {pattern: "^[A-Z]{2}[0-9]{9}B[0-9]{2}$"}
      payment_terms: {one_of: [NET30, NET45, NET60, NET90]}
      credit_limit:  {min: 0, max: 500000}
      currency:      {one_of: [EUR, USD, GBP]}
      since:         {min: 2000-01-01, max: 2030-12-31}
    guardrails:
      - {name: big-raise, each: row, when: 'op == "update" && after.credit_limit > before.credit_limit * 1.5', then: approve, by: manager, say: Raising a credit limit by more than half needs a manager.}
      - {name: blocked-raise, each: row, when: 'op == "update" && before.blocked && after.credit_limit > before.credit_limit', then: block, say: A blocked customer gets no higher limit.}
      - {name: long-terms, each: row, when: 'after.payment_terms == "NET90" && after.credit_limit > 100000', then: warn, say: Long terms on a high limit.}
      - {name: currency-fixed, each: row, when: 'op == "update" && "currency" in changed', then: block, say: The currency of a customer does not change.}
      - {name: too-many, each: change, when: 'share > 0.5', then: block, say: More than half of the table at once needs IT.}
`

// server is a running Sutor, and three people at it.
type server struct {
	cmd               *exec.Cmd
	profiled          bool
	maria, olaf, mona *client.Client
	data, compact     string
	log               bytes.Buffer // read after its end only
}

// serve starts Sutor on the world's table.
func serve(ctx context.Context, w *world, dir, profiles string) (_ *server, err error) {
	s := &server{profiled: profiles != "", data: filepath.Join(dir, "data"), compact: filepath.Join(dir, "compact.yaml")}
	kind, dsn, table := w.system()
	if err := os.WriteFile(s.compact, fmt.Appendf(nil, compactText, kind, table), 0o600); err != nil {
		return nil, err
	}
	env := []string{"SUTOR_BENCH_DSN=" + dsn}
	if profiles != "" {
		if err := os.MkdirAll(profiles, 0o755); err != nil {
			return nil, err
		}
		env = append(env, profileTo+"="+profiles)
	}
	if s.cmd, err = sutor("serve", "--compact", s.compact, "--data", s.data, "--listen", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	s.cmd.Env = append(s.cmd.Env, env...)
	s.cmd.Stderr = &s.log
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the server did not start: %w", err)
	}
	address := strings.TrimSpace(line[strings.LastIndex(line, " "):])
	for email, to := range map[string]**client.Client{"maria@example.test": &s.maria, "olaf@example.test": &s.olaf, "mona@example.test": &s.mona} {
		if *to, err = s.person(address, email); err != nil {
			return nil, err
		}
	}
	return s, ctx.Err()
}

// sutor prepares a run of this program as sutor.
func sutor(args ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(self, args...)
	cmd.Env = append(os.Environ(), beSutor+"=1")
	return cmd, nil
}

// person issues a token and gives a client that uses it.
func (s *server) person(address, email string) (*client.Client, error) {
	cmd, err := sutor("token", "issue", email, "--data", s.data)
	if err != nil {
		return nil, err
	}
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("token issue: %w", err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return client.New(address, lines[len(lines)-1])
}

// stop ends the server and shows its log where it ended badly.
func (s *server) stop() error {
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	if err := s.cmd.Wait(); err != nil {
		return fmt.Errorf("the server: %w\n%s", err, s.log.String())
	}
	return nil
}

// change brings the file into the table and takes it back again. It fills r, and
// gives the digest of the changed table.
func (s *server) change(ctx context.Context, w *world, r *round) (digest string, err error) {
	if err := s.resetPeak(); err != nil {
		return "", err
	}
	id, err := s.forward(ctx, w, r)
	if err != nil {
		return "", err
	}
	if digest, err = w.digest(ctx); err != nil {
		return "", err
	}
	if r.undo, err = s.timed(func() error { return s.undo(ctx, id) }); err != nil {
		return "", err
	}
	if r.peak, err = s.peak(); err != nil {
		return "", err
	}
	after, err := w.digest(ctx)
	if err == nil && after != w.before {
		err = fmt.Errorf("the table is %s after the undo, and was %s", after, w.before)
	}
	return digest, err
}

// forward takes the file all the way to applied, and gives the change's id.
func (s *server) forward(ctx context.Context, w *world, r *round) (id string, err error) {
	before, err := s.work(w)
	if err != nil {
		return "", err
	}
	c, err := s.propose(ctx, w, r)
	if err != nil {
		return "", err
	}
	if r.decide, err = timed(func() error { return s.decide(ctx, c) }); err != nil {
		return "", err
	}
	if r.apply, err = s.timed(func() error { return settled(ctx, s.maria, "applied")(s.maria.Apply(ctx, c.ID, "", "")) }); err != nil {
		return "", err
	}
	after, err := s.work(w)
	r.sutorCPU = after - before
	return c.ID, err
}

// work is the CPU time that Sutor's server and the database have used so far.
func (s *server) work(w *world) (time.Duration, error) {
	own, err := s.cpu()
	database, errDatabase := w.cpu()
	return own + database, errors.Join(err, errDatabase)
}

// propose uploads the file and waits for its plan.
func (s *server) propose(ctx context.Context, w *world, r *round) (c wire.Change, err error) {
	r.plan, err = s.timed(func() error {
		f, err := os.Open(w.file)
		if err != nil {
			return err
		}
		defer f.Close()
		c, err = s.maria.Propose(ctx, client.Proposal{Dataset: "customers"}, client.File{Name: "customers.csv", Size: w.bytes, From: f})
		if err != nil {
			return err
		}
		c, err = s.maria.Settle(ctx, c, 30*time.Second, func(wire.Change) {})
		return err
	})
	if err == nil && (c.State != "planned" || c.Plan == nil || c.Plan.Counts.Insert != inserts(w.count) || c.Plan.Counts.Update != updates(w.count) || c.Plan.Counts.Invalid != 0) {
		err = fmt.Errorf("the plan is not the expected one: %+v, %+v", c.Plan, c.Problem)
	}
	return c, err
}

// decide submits the plan, and owner and manager approve it.
func (s *server) decide(ctx context.Context, c wire.Change) error {
	if _, err := s.maria.Submit(ctx, c.ID, "", ""); err != nil {
		return err
	}
	if _, err := s.olaf.Approve(ctx, c.ID, c.Plan.Digest, ""); err != nil {
		return err
	}
	c, err := s.mona.Approve(ctx, c.ID, c.Plan.Digest, "")
	if err == nil && c.State != "approved" {
		err = fmt.Errorf("the change is %s after both approvals", c.State)
	}
	return err
}

// undo lets the owner take a change back alone.
func (s *server) undo(ctx context.Context, id string) error {
	c, err := s.olaf.Undo(ctx, id, "")
	if err != nil {
		return err
	}
	if err := settled(ctx, s.olaf, "planned")(c, nil); err != nil {
		return err
	}
	if _, err := s.olaf.Submit(ctx, c.ID, "", ""); err != nil {
		return err
	}
	return settled(ctx, s.olaf, "applied")(s.olaf.Apply(ctx, c.ID, "", ""))
}

// settled waits until the worker behind a call is done and wants the state.
func settled(ctx context.Context, at *client.Client, state string) func(wire.Change, error) error {
	return func(c wire.Change, err error) error {
		if err == nil {
			c, err = at.Settle(ctx, c, 30*time.Second, func(wire.Change) {})
		}
		if err == nil && c.State != state {
			err = fmt.Errorf("the change is %s, not %s: %+v", c.State, state, c.Problem)
		}
		return err
	}
}

func timed(f func() error) (time.Duration, error) {
	start := time.Now()
	err := f()
	return time.Since(start), err
}

// timed measures f, within a profile of its own if profiles are wanted.
func (s *server) timed(f func() error) (time.Duration, error) {
	if !s.profiled {
		return timed(f)
	}
	if err := s.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		return 0, err
	}
	took, err := timed(f)
	return took, errors.Join(err, s.cmd.Process.Signal(syscall.SIGUSR1))
}

// resetPeak forgets the server's peak of memory (Linux, proc(5), clear_refs).
func (s *server) resetPeak() error {
	return os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", s.cmd.Process.Pid), []byte("5"), 0)
}

// peak gives the most memory that the server had at once since resetPeak.
func (s *server) peak() (int64, error) {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return field(f, "VmHWM:")
}

// field reads a size in kB from a file such as /proc/PID/status, and gives bytes.
func field(r io.Reader, name string) (int64, error) {
	for lines := bufio.NewScanner(r); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), name); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("there is no %s", name)
}
