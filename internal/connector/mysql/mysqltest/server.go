package mysqltest

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"

	"sutor/internal/testserver"
)

// startTimeout bounds the making of a server's folder and the wait until it answers.
const startTimeout = time.Minute

// The administrator, who may do everything, from 127.0.0.1 only.
const (
	admin    = "sutor_admin"
	password = "in-tests-only"
)

// Server is a running private server.
type Server struct {
	dir  string
	bin  string // mariadbd
	as   *syscall.Credential
	port int
	args []string
	proc *testserver.Process
	log  *bytes.Buffer // read only after the server ended
}

// URL names the administrator's database, as SUTOR_TEST_MYSQL does.
func (s *Server) URL() string {
	return fmt.Sprintf("mysql://%s:%s@127.0.0.1:%d/mysql?ssl-mode=DISABLED", admin, password, s.port)
}

// Start makes a folder of databases and starts a server on it, with further
// arguments, as "--local-infile=0". The caller stops it.
func Start(ctx context.Context, args ...string) (_ *Server, err error) {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	s := &Server{args: args}
	if s.bin, err = program("mariadbd"); err != nil {
		return nil, err
	}
	if s.as, err = testserver.Account("mysql", "MariaDB", "mariadb-server"); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "sutor-mysql-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Stop())
		}
	}()
	if err := os.Mkdir(filepath.Join(s.dir, "tmp"), 0o700); err != nil {
		return nil, err
	}
	for _, dir := range []string{s.dir, filepath.Join(s.dir, "tmp")} {
		if s.as != nil {
			if err := os.Chown(dir, int(s.as.Uid), int(s.as.Gid)); err != nil {
				return nil, err
			}
		}
	}
	if err := s.install(ctx); err != nil {
		return nil, err
	}
	// Another program may take the free port before the server does.
	for range 3 {
		if s.port, err = testserver.FreePort(); err != nil {
			return nil, err
		}
		if err = s.begin(ctx); err == nil {
			return s, nil
		}
	}
	return nil, err
}

// Stop ends the server, rolling back what is open, and removes its folder. A server
// that ended by itself before is an error, with what it said.
func (s *Server) Stop() (err error) {
	if s.proc != nil {
		if s.proc.Ended() {
			err = fmt.Errorf("MariaDB ended by itself:\n%s", strings.TrimSpace(s.log.String()))
		}
		s.proc.Stop()
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}

// Restart ends the server with a signal (SIGTERM for an orderly end, SIGKILL for
// none, which leaves recovery to the next start) and starts it again at the same
// address, without telling anybody in between.
func (s *Server) Restart(ctx context.Context, how os.Signal) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	s.proc.StopBy(how)
	return s.begin(ctx)
}

// program finds one of MariaDB's programs: in PATH, or where Debian keeps it.
func program(name string) (string, error) {
	for _, path := range []string{name, filepath.Join("/usr/sbin", name), filepath.Join("/usr/bin", name)} {
		if found, err := exec.LookPath(path); err == nil {
			return found, nil
		}
	}
	return "", errors.New("MariaDB is not installed, and these tests need a server of their own; install it with: apt-get install mariadb-server")
}

// settings are those of a server for tests: small, alone, and without a wait for
// the disk. The files of the machine's own server are not read. Its folder of temporary
// files is its own: a server that starts removes whatever others have in it.
func (s *Server) settings() []string {
	return []string{"--no-defaults", "--datadir=" + filepath.Join(s.dir, "data"), "--tmpdir=" + filepath.Join(s.dir, "tmp"), "--innodb-log-file-size=64M", "--innodb-buffer-pool-size=256M"}
}

// install makes the folder of databases and the administrator.
func (s *Server) install(ctx context.Context) error {
	bin, err := program("mariadb-install-db")
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, bin, append(s.settings(), "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve")...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mariadb-install-db: %w\n%s", err, out)
	}
	first := fmt.Sprintf("CREATE USER '%s'@'127.0.0.1' IDENTIFIED BY '%s';\nGRANT ALL ON *.* TO '%[1]s'@'127.0.0.1' WITH GRANT OPTION;\nDROP USER root@localhost;\n", admin, password)
	cmd = exec.CommandContext(ctx, s.bin, append(s.settings(), "--bootstrap")...)
	cmd.Dir = s.dir
	cmd.Stdin = strings.NewReader("USE mysql;\nFLUSH PRIVILEGES;\n" + first)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.as}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mariadbd --bootstrap: %w\n%s", err, out)
	}
	return nil
}

// begin starts the server on its port and waits until it answers.
func (s *Server) begin(ctx context.Context) (err error) {
	cmd := exec.Command(s.bin, append(append(s.settings(), "--bind-address=127.0.0.1", "--port="+strconv.Itoa(s.port),
		"--socket="+filepath.Join(s.dir, "socket"), "--pid-file="+filepath.Join(s.dir, "pid"), "--skip-name-resolve", "--max-connections=300",
		"--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--innodb-doublewrite=0", "--innodb-print-all-deadlocks=0"), s.args...)...)
	cmd.Dir = s.dir
	s.log = new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	proc, err := testserver.Start(cmd, s.as, syscall.SIGTERM) // which makes it disconnect everyone and stop
	if err != nil {
		return err
	}
	s.proc = proc
	if err := proc.Await(ctx, func(ctx context.Context) error { return ping(ctx, s.URL()) }); err != nil {
		proc.Stop()
		return fmt.Errorf("MariaDB did not start: %w\n%s", err, strings.TrimSpace(s.log.String()))
	}
	return nil
}

func ping(ctx context.Context, url string) error {
	pool, err := Open(url)
	if err != nil {
		return err
	}
	return errors.Join(pool.PingContext(ctx), pool.Close())
}

// Open opens a pool of connections by a URL that this package gave, for a look from
// outside the connector: names stand in double quotes, times are in UTC.
func Open(at string) (*sql.DB, error) {
	config, err := configOf(at)
	if err != nil {
		return nil, err
	}
	c, err := mysql.NewConnector(config)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(c), nil
}
