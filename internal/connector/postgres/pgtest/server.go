package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"sutor/internal/testserver"
)

// startTimeout bounds initdb and the wait until the server answers.
const startTimeout = time.Minute

// Server is a running private server.
type Server struct {
	url  string
	dir  string
	bin  string // folder of PostgreSQL's programs
	as   *syscall.Credential
	port int
	proc *testserver.Process
}

// URL names the superuser's database, as SUTOR_TEST_PG does.
func (s *Server) URL() string { return s.url }

// Start makes a database cluster in a temporary folder and starts a server on
// it. The caller stops it.
func Start(ctx context.Context) (_ *Server, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	bin, err := programs(debian)
	if err != nil {
		return nil, err
	}
	as, err := testserver.Account("postgres", "PostgreSQL", "postgresql")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "sutor-pg-")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, bin: bin, as: as}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	if as != nil {
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			return nil, err
		}
	}
	if err := initdb(ctx, bin, dir, as); err != nil {
		return nil, err
	}
	// Another program may take the free port before the server does.
	for range 3 {
		if err = s.serve(ctx); err == nil {
			return s, nil
		}
	}
	return nil, err
}

// Stop ends the server, rolling back what is open, and removes its folder.
func (s *Server) Stop() error {
	s.proc.Stop()
	return os.RemoveAll(s.dir)
}

// debian is where Debian's packages keep the server, one folder a version.
const debian = "/usr/lib/postgresql/*/bin/postgres"

// programs finds the folder of initdb and postgres: in PATH, or else the newest
// version that matches pattern.
func programs(pattern string) (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if _, err := os.Stat(filepath.Join(filepath.Dir(path), "postgres")); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob(pattern)
	if err != nil {
		return "", err
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 for an odd folder: tried last
		return n
	}
	slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
	if len(found) == 0 {
		return "", errors.New("PostgreSQL is not installed, and these tests need a server of their own; install it with: apt-get install postgresql")
	}
	return filepath.Dir(found[0]), nil
}

func initdb(ctx context.Context, bin, dir string, as *syscall.Credential) error {
	cmd := exec.CommandContext(ctx, filepath.Join(bin, "initdb"), "-D", filepath.Join(dir, "data"),
		"-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "--no-instructions")
	cmd.Dir = dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// serve starts the server on a free port and waits until it answers.
func (s *Server) serve(ctx context.Context) (err error) {
	if s.port, err = testserver.FreePort(); err != nil {
		return err
	}
	return s.begin(ctx)
}

// begin starts the server on its port and waits until it answers.
func (s *Server) begin(ctx context.Context) (err error) {
	cmd := exec.Command(filepath.Join(s.bin, "postgres"), "-D", filepath.Join(s.dir, "data"), "-k", s.dir, "-h", "127.0.0.1",
		"-p", strconv.Itoa(s.port), "-F", "-c", "max_connections=200", "-c", "full_page_writes=off", "-c", "synchronous_commit=off",
		"-c", "autovacuum=off", "-c", "shared_buffers=128MB", "-c", "log_min_messages=warning")
	cmd.Dir = s.dir
	var log bytes.Buffer // read only after the server ended
	cmd.Stdout, cmd.Stderr = &log, &log
	proc, err := testserver.Start(cmd, s.as, syscall.SIGINT) // which makes it disconnect everyone and stop
	if err != nil {
		return err
	}
	s.proc = proc
	s.url = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", s.port)
	if err := proc.Await(ctx, s.ask); err != nil {
		proc.Stop()
		return fmt.Errorf("PostgreSQL did not start: %w\n%s", err, strings.TrimSpace(log.String()))
	}
	return nil
}

func (s *Server) ask(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, s.url)
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}
