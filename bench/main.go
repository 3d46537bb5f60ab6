// Command bench measures what a governed change costs beside the bare one: the
// same file brought into the same PostgreSQL table by Sutor (upload, plan,
// submit, two approvals, apply, over HTTP with three people's tokens) and by
// psql (\copy into a temporary table, ANALYZE, one MERGE).
//
//	go run ./bench -rows 1000000 -file 100000 -rounds 5
//
// With -kind mysql it is MariaDB, and the client mariadb (LOAD DATA LOCAL into a temporary
// table, INSERT … ON DUPLICATE KEY UPDATE); with -kind sqlite a file of SQLite, and the
// program sqlite3 (.import into a temporary table, INSERT … ON CONFLICT DO UPDATE).
//
// # What is compared
//
// A table of 11 columns with a primary key ([tableSQL]). The file names 95 % of
// its keys from the table, in no order; three in ten of these rows differ in one
// column; 5 % are new. Both sides must leave exactly the same table, which is
// checked in every round. The Compact has column checks and five guardrails, one
// of which asks for a manager, so that every stage of Sutor has work.
//
// Every side starts from a table that was just filled, vacuumed and analysed,
// after a CHECKPOINT. The two sides take turns in being first. Figures are
// seconds of wall clock; ratios are made within a round, and medians over the
// rounds. The ratio of CPU time, the database's included, varies less than that of
// seconds when the machine does other things, though it does vary. Sutor's figure runs from the start of the upload to the answer that
// the change is applied. The people's own time is nought. The undo of every
// change is measured too, and must give back the table as it was.
//
// With -there only plans are measured, of wide tables: where Sutor compares the rows, and
// where the system does (there.go; the figures are in docs/systems.md).
//
// # What is not
//
// The server is the one of package pgtest: fsync, synchronous_commit and
// full_page_writes are off, so neither side waits for a disk. Sutor's server, psql
// and PostgreSQL share one machine. psql's side proves nothing, keeps nothing to
// undo, and asks nobody.
//
// # Parts
//
// The program runs itself a second time as the sutor server ([asSutor]), so that
// the memory of a server alone is read (VmHWM) and a profile holds a server alone.
// Without SUTOR_TEST_PG it starts a PostgreSQL of its own.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"sutor/internal/connector/mysql/mysqltest"
	"sutor/internal/connector/postgres/pgtest"
)

// options are the command line's.
type options struct {
	rows, file int64 // of the table, of the file
	rounds     int
	kind       string // of the database
	tuned      bool   // psql has settings of its own
	out        string // Markdown file to write; "" for none
	place      string // in it; "" for the kind's
	there      bool   // measure where rows are compared, and nothing else
	profile    string // folder for CPU profiles of the server; "" for none
}

func main() {
	if code, is := asSutor(); is {
		os.Exit(code)
	}
	var o options
	flag.Int64Var(&o.rows, "rows", 1_000_000, "rows of the table")
	flag.Int64Var(&o.file, "file", 0, "rows of the file (default a tenth of the table's)")
	flag.IntVar(&o.rounds, "rounds", 5, "how often to measure")
	flag.StringVar(&o.kind, "kind", onPostgres, "the `database`: postgres, mysql or sqlite")
	flag.StringVar(&o.out, "out", "", "also write the results, as Markdown, to this `file`")
	flag.StringVar(&o.place, "place", "", "the `place` in that file (default the database's)")
	flag.BoolVar(&o.tuned, "tuned", false, "give psql the settings of somebody who knows the server: "+tunedSettings)
	flag.BoolVar(&o.there, "there", false, "measure plans whose rows the system compares beside those that Sutor compares, and nothing else")
	flag.StringVar(&o.profile, "profile", "", "write CPU profiles of the server to this `folder`")
	flag.Parse()
	if o.file == 0 {
		o.file = o.rows / 10
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// round is what one round measured.
type round struct {
	bare                time.Duration // of psql, or whatever the database's people type
	plan, decide, apply time.Duration // of Sutor
	undo                time.Duration // planned, submitted, applied
	peak                int64         // bytes of memory of Sutor's server

	// CPU time of each side's program and of the database for it; Sutor's without undo.
	bareCPU, sutorCPU time.Duration
}

func (r round) sutor() time.Duration { return r.plan + r.decide + r.apply }

func run(ctx context.Context, o options, out io.Writer) (err error) {
	if o.rounds < 1 || o.file < 20 || o.rows < o.file {
		return errors.New("a round at least, 20 rows of a file at least, and no more of them than the table has")
	}
	if o.out != "" && o.there {
		return errors.New("what -there measures is not written to a file")
	}
	if o.tuned && o.kind != onPostgres {
		return errors.New("only psql is given settings")
	}
	if o.place == "" {
		o.place = o.kind
	}
	if o.there {
		return runThere(ctx, o, out)
	}
	db, stop, err := open(ctx, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	dir, err := os.MkdirTemp("", "sutor-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	w, err := furnish(ctx, db, dir, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	s, err := serve(ctx, w, dir, o.profile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()

	r, err := newReport(ctx, o, w, out)
	if err != nil {
		return err
	}
	for i := range o.rounds {
		measured, err := measure(ctx, w, s, i%2 == 0)
		if err != nil {
			return fmt.Errorf("round %d: %w", i+1, err)
		}
		r.add(measured)
	}
	return r.end()
}

// The kinds of databases.
const (
	onPostgres = "postgres"
	onMySQL    = "mysql"
	onSQLite   = "sqlite"
)

// open gives a database on the server that the environment names, or on one of its own,
// which stop ends.
func open(ctx context.Context, o options) (db database, stop func() error, err error) {
	stop = func() error { return nil }
	switch o.kind {
	case onPostgres:
		url := os.Getenv(pgtest.Variable)
		if url == "" {
			server, err := pgtest.Start(ctx)
			if err != nil {
				return nil, nil, err
			}
			url, stop = server.URL(), server.Stop
		}
		db, err = openPostgres(ctx, url, o.tuned)
	case onMySQL:
		url := os.Getenv(mysqltest.Variable)
		if url == "" {
			server, err := mysqltest.Start(ctx)
			if err != nil {
				return nil, nil, err
			}
			url, stop = server.URL(), server.Stop
		}
		db, err = openMySQL(ctx, url)
	case onSQLite:
		db, err = openSQLite()
	default:
		err = fmt.Errorf("there is no kind %q", o.kind)
	}
	if err != nil {
		return nil, nil, errors.Join(err, stop())
	}
	return db, stop, nil
}

// measure runs both sides once and compares what they left behind.
func measure(ctx context.Context, w *world, s *server, bareFirst bool) (r round, err error) {
	var byBare, bySutor string
	bare := func() error {
		if err := w.restore(ctx); err != nil {
			return err
		}
		if r.bare, r.bareCPU, err = w.bare(ctx, w.file); err != nil {
			return err
		}
		byBare, err = w.digest(ctx)
		return err
	}
	sutor := func() error {
		if err := w.restore(ctx); err != nil {
			return err
		}
		bySutor, err = s.change(ctx, w, &r)
		return err
	}
	sides := []func() error{sutor, bare}
	if bareFirst {
		sides = []func() error{bare, sutor}
	}
	for _, side := range sides {
		if err := side(); err != nil {
			return r, err
		}
	}
	if byBare != bySutor {
		return r, fmt.Errorf("%s left the table %s, Sutor %s", w.tool(), byBare, bySutor)
	}
	return r, nil
}
