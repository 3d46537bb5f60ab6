package mysql_test

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"sutor/internal/connector/mysql"
	"sutor/internal/connector/mysql/mysqltest"
	"sutor/internal/errs"
	"sutor/internal/record"
	"sutor/internal/system/driver"
	"sutor/internal/system/drivertest"
)

// aside starts a server for one test, set up otherwise than the others'.
func aside(t *testing.T, args ...string) (s *mysqltest.Server, dsn string) {
	t.Helper()
	s, err := mysqltest.Start(ctx, args...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	pool, err := mysqltest.Open(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.ExecContext(ctx, "CREATE DATABASE erp CHARACTER SET utf8mb4"); err != nil {
		t.Fatal(err)
	}
	return s, mysqltest.In(s.URL(), "erp")
}

// TestWithoutFiles: a server that takes no files from clients, and writes a binary log,
// passes the suite too.
func TestWithoutFiles(t *testing.T) {
	t.Parallel()
	_, dsn := aside(t, "--local-infile=0", "--log-bin=log", "--server-id=1", "--binlog-format=MIXED", "--character-set-server=latin1")
	drivertest.Run(t, drivertest.Harness{New: func(t *testing.T) drivertest.System { return newSystem(t, dsn) }, Lacks: lacks, Types: []record.Type{
		{Kind: record.Int, Bits: 64}, {Kind: record.Text}, {Kind: record.Bool}, {Kind: record.Bytes}, {Kind: record.Timestamp, Fraction: 6}}})
	w := worldAt(t, dsn)
	d := w.make("CREATE TABLE t (id int PRIMARY KEY, v varchar(9) CHARACTER SET latin1)")
	w.Exec(t, "INSERT INTO t VALUES (1, '??')")
	if got := w.fetch(d, "v", "1,\"日本\"\n2,\"??\"\n"); got != "2,\"1\"\n" {
		t.Errorf("got %q", got)
	}
	var r *driver.Refusal
	if _, _, err := w.write(driver.Insert, d, "1,\"1\",\"2\",,\"日本\"\n"); !errors.As(err, &r) || r.Column != "v" {
		t.Errorf("got %v", err)
	}
}

// TestLargerThanAPacket: what the server does not take in one piece is refused with what
// its administrator can do; many rows that are small go in as many statements as it takes.
func TestLargerThanAPacket(t *testing.T) {
	t.Parallel()
	for _, files := range []string{"0", "1"} {
		_, dsn := aside(t, "--local-infile="+files, "--max-allowed-packet=65536")
		w := worldAt(t, dsn)
		d := w.make("CREATE TABLE t (id int PRIMARY KEY, v longtext, b longblob)")
		var r *driver.Refusal
		for _, v := range []string{"\"" + strings.Repeat("x", 100_000) + "\",", ",\"\\x" + strings.Repeat("00", 100_000) + "\""} {
			_, _, err := w.write(driver.Insert, d, "1,\"11\",\"-1\",,,"+v+"\n")
			if stored, _ := w.export(d); files == "1" && err == nil && stored == "1,\"-1\","+v+"\n" { // a file goes in as many pieces as it takes
				w.Exec(t, "DELETE FROM t")
				continue
			}
			if !errors.As(err, &r) || !strings.Contains(r.Message, "max_allowed_packet") {
				t.Errorf("local_infile=%s: %v", files, err)
			}
		}
		var rows strings.Builder
		for i := range 3000 {
			fmt.Fprintf(&rows, "%d,\"10\",\"%d\",,,\"%s\",\n", i+1, i, strings.Repeat("y", 50))
		}
		if _, _, err := w.write(driver.Insert, d, rows.String()); err != nil {
			t.Errorf("local_infile=%s: small rows: %v", files, err)
		}
		if stored, err := w.export(d); err != nil || strings.Count(stored, "\n") != 3000 {
			t.Errorf("local_infile=%s: %d small rows are stored, %v", files, strings.Count(stored, "\n"), err)
		}
	}
}

// TestCharacterSet: whatever a server has its clients begin with, texts come and go
// whole. What it has them do at their beginning it spares accounts that may do all.
func TestCharacterSet(t *testing.T) {
	t.Parallel()
	_, dsn := aside(t, "--init-connect=SET NAMES utf8", "--local-infile=0")
	w := worldAt(t, dsn)
	d := w.make("CREATE TABLE t (id int PRIMARY KEY, v varchar(20))")
	w.Exec(t, "INSERT INTO t VALUES (1, '😀 Ada'), (2, 'x')")
	w.Exec(t, "CREATE USER clerk@'127.0.0.1' IDENTIFIED BY 'pw'")
	for _, grant := range mysql.Rights(dsn, []driver.Need{{Table: d.Table, Update: true}}) {
		w.Exec(t, strings.Replace(grant, "'sutor_admin'@'%'", "clerk@'127.0.0.1'", 1))
	}
	drv, err := mysql.Open(ctx, "mysql://clerk:pw"+dsn[strings.Index(dsn, "@"):])
	if err != nil {
		t.Fatal(err)
	}
	defer drv.Close()
	clerk := &world{t, w.system, drv}
	if got, err := clerk.export(d); err != nil || got != "1,\"1\",\"😀 Ada\"\n2,\"2\",\"x\"\n" {
		t.Errorf("read %q, %v", got, err)
	}
	if stored, _, err := clerk.write(driver.Update, d, "1,\"1\",\"2\",\"x\",\"😀\"\n"); err != nil || stored != "" {
		t.Errorf("told of %q, %v", stored, err)
	}
	if got, err := w.export(d); err != nil || got != "1,\"1\",\"😀 Ada\"\n2,\"2\",\"😀\"\n" {
		t.Errorf("there is %q, %v", got, err)
	}
}

// TestServerReadOnly: how a server is set decides what can be written, and is said.
func TestServerReadOnly(t *testing.T) {
	t.Parallel()
	s, dsn := aside(t, "--log-bin=log", "--server-id=1", "--binlog-format=STATEMENT")
	w := worldAt(t, dsn)
	d := w.make("CREATE TABLE t (id int PRIMARY KEY)")
	if !strings.Contains(d.ReadOnly, "binlog_format") {
		t.Errorf("with a log of statements: %q", d.ReadOnly)
	}
	if got, err := w.export(d); err != nil || got != "" {
		t.Errorf("it should be read: %q, %v", got, err)
	}
	w.Exec(t, "SET GLOBAL read_only = 1")
	if d, err := w.drv.Describe(ctx, d.Table); err != nil || !strings.Contains(d.ReadOnly, "read_only") {
		t.Errorf("read-only: %q, %v", d.ReadOnly, err)
	}
	if err := s.Restart(ctx, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := w.drv.Ping(ctx); err != nil {
		t.Errorf("after the server has come back: %v", err)
	}
	if _, err := w.drv.Count(ctx, d.Table); err != nil {
		t.Errorf("after the server has come back: %v", err)
	}
}

// TestDown: what cannot be reached, or does not let us in, is unavailable and says so
// without the secret.
func TestDown(t *testing.T) {
	t.Parallel()
	dsn := mysqltest.Database(t)
	for _, bad := range []string{strings.Replace(dsn, "in-tests-only", "hunter2", 1), strings.Replace(dsn, "/test_", "/no_", 1), "mysql://sutor:hunter2@127.0.0.1:1/erp"} {
		_, err := mysql.Open(ctx, bad)
		if errs.KindOf(err) != errs.Unavailable || strings.Contains(errs.Detail(err), "hunter2") {
			t.Errorf("got %v", errs.Detail(err))
		}
	}
	for _, bad := range []string{"", "erp", "postgres://u@h/d", "mysql://h/d", "mysql://u@h", "mysql://u@h/d?allowAllFiles=true", "mysql://u@/d", "mysql://u@h/d?ssl-mode=maybe",
		"mysql://u@h/d?ssl-mode=DISABLED&ssl-mode=REQUIRED", "mysql://u@h/d?ssl-mode=VERIFY_CA&ssl-ca=/no/such/file", "mysql://u@h/d?ssl-mode=VERIFY_CA&ssl-ca=/no/such/file&socket=/run/s", "mysql://u:hunter2@h/d?%zz"} {
		_, err := mysql.Open(ctx, bad)
		if errs.KindOf(err) != errs.Invalid || strings.Contains(errs.Detail(err), "hunter2") {
			t.Errorf("%q gives %v", bad, errs.Detail(err))
		}
	}
}
