package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
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
	proc *process
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
	as, err := owner()
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
	if s.proc != nil {
		s.proc.stop(syscall.SIGINT)
	}
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

// owner gives the account the server runs under; nil for our own.
func owner() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("PostgreSQL does not run as root, and the user postgres, which apt-get install postgresql creates, is missing: %w", err)
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
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
	if s.port, err = freePort(); err != nil {
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
	cmd.SysProcAttr = attributes(s.as)
	if s.proc, err = start(cmd); err != nil {
		return err
	}
	s.url = fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", s.port)
	if err := s.awaitReady(ctx); err != nil {
		s.proc.stop(syscall.SIGINT)
		return fmt.Errorf("PostgreSQL did not start: %w\n%s", err, strings.TrimSpace(log.String()))
	}
	return nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}

// awaitReady tries to connect until the server answers or has ended. A server
// that starts up refuses connections and gives no other signal.
func (s *Server) awaitReady(ctx context.Context) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, s.url)
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.proc.ended:
			return errors.New("it ended at once")
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-tick.C:
		}
	}
}
