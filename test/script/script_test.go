// Package script holds Sutor's stories, end to end against the real program:
// each txtar file begins with the story, or the threat, in words, and then tells
// it as commands with their exit codes and sentences.
//
// The test binary is the program: testscript runs it again under the name sutor,
// with the same composition as cmd/sutor, so a story can never run against a
// stale build. A story has a folder, databases and, once it says server, a server
// of its own on a free port of 127.0.0.1; all of it ends with the story.
//
// # Commands of the stories, beside testscript's own
//
//	company sqlite|postgres|mysql   the common company: compact.yaml, and the database of company.sql in $ERP
//	server [flag…]                  sutor serve with compact.yaml and the folder data; a token of each person in $MARIA, $OLAF…
//	halt | crash                    ends the server, as a steward does (SIGTERM) or as a crash does (SIGKILL)
//	reload PATTERN                  SIGHUP, then waits for the server's word on the Compact, which must match
//	as PERSON command…              runs a command with the person's token; it must succeed
//	exits N [as PERSON] command…    the same, and it must end with exactly this code; the second
//	                                verifier must say the same as evidence verify
//	http STATUS METHOD PATH [as PERSON] [header NAME VALUE]… [body TEXT | file NAME]
//	                                a raw call of the API; its answer's body is standard output
//	json PATH WANT                  a value of the last standard output, as in plan.counts.update, 0.op, findings.count
//	keep NAME PATH                  puts such a value into a variable
//	documents N                     the last standard output is so many JSON documents, one a line
//	problem N [as PERSON] command…  exits N with nothing but one problem, on standard error
//	edit FILE OLD NEW               replaces a text that stands in a file once
//	sql DATABASE STATEMENT          reads and edits behind Sutor's back; a path of SQLite or a URL of PostgreSQL or MariaDB
//	lock DATABASE STATEMENT | unlock  holds a transaction open
//	proxy open|close|hold|held      a line to the company's database that can be cut, or cut at the commit, in $ERP_DSN
//	bytes FILE PIECE…               writes a file of pieces with Go's escapes; 3*ab repeats
//	forge PACK OUT ACT…             flip, byte, add, remove, rename: what somebody may do to a pack
//	forgeries PACK N                flips one bit at N places, one after the other; each must fail to verify with 7
//	hangup PATH PERSON how          begins an upload and goes away
//	unanswered all|half             a line to the server that loses the answers to what it is told to do, in $UNANSWERED
//	empty PATTERN                   waits until no file matches
//	becomes PATTERN as PERSON command…  runs it until its standard output matches
//
// The metadata is a file in the folder data, or, for stories that are told on
// both, a database of PostgreSQL: $METADATA is what sql takes, $DATABASE the URL,
// empty for a file, and $WHERE the flag that names it beside a server.
package script

import (
	"cmp"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	_ "time/tzdata"

	"github.com/rogpeppe/go-internal/testscript"

	"sutor/internal/app"
	"sutor/internal/cli"
	"sutor/internal/connector/mysql/mysqltest"
	"sutor/internal/connector/postgres/pgtest"
)

func TestMain(m *testing.M) {
	testscript.Main(beside{m}, map[string]func(){"sutor": program})
}

// program is cmd/sutor's main. It also ends when the test that started it is gone.
func program() {
	signal.Ignore(syscall.SIGXFSZ)
	endWithTest()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, os.Getenv, app.Local())
	stop()
	os.Exit(code)
}

// beside runs the stories beside a PostgreSQL server and a MariaDB server.
type beside struct{ m *testing.M }

func (b beside) Run() int {
	var stops []func() error
	var failed error
	start := func(variable string, server func() (url string, stop func() error, err error)) {
		if os.Getenv(variable) != "" || failed != nil {
			return
		}
		url, stop, err := server()
		if err == nil {
			stops = append(stops, stop)
			err = os.Setenv(variable, url)
		}
		failed = err
	}
	start(pgtest.Variable, func() (string, func() error, error) {
		s, err := pgtest.Start(context.Background())
		if err != nil {
			return "", nil, err
		}
		return s.URL(), s.Stop, nil
	})
	start(mysqltest.Variable, func() (string, func() error, error) {
		s, err := mysqltest.Start(context.Background())
		if err != nil {
			return "", nil, err
		}
		return s.URL(), s.Stop, nil
	})
	code := 1
	if failed == nil {
		code = b.m.Run()
	}
	for _, stop := range stops {
		failed = errors.Join(failed, stop())
	}
	if failed != nil {
		fmt.Fprintln(os.Stderr, failed)
		return 1
	}
	return code
}

func TestStories(t *testing.T) {
	t.Parallel()
	testscript.Run(t, stories(func(testing.TB) string { return "" }))
}

// Stories about what the metadata keeps, with the metadata on PostgreSQL.
func TestStoriesOnPostgres(t *testing.T) {
	t.Parallel()
	p := stories(pgtest.Database)
	p.Dir = ""
	for _, name := range []string{"thread_sqlite", "thread_postgres", "attack_self_approval_api", "attack_self_approval_cli", "attack_stale_digest",
		"newer_database", "restart"} {
		p.Files = append(p.Files, name+".txtar")
	}
	testscript.Run(t, p)
}

// stories are all of them; metadata gives a fresh database for a story's servers,
// or "" for a file in their data folder.
func stories(metadata func(testing.TB) string) testscript.Params {
	return testscript.Params{
		Dir:                ".",
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			t := env.T().(testing.TB)
			env.Values[storyKey{}] = &story{t: t}
			database := metadata(t)
			env.Setenv("DATABASE", database)
			env.Setenv("METADATA", cmp.Or(database, "data/sutor.db"))
			env.Setenv("WHERE", "--data=data")
			if database != "" {
				env.Setenv("WHERE", "--database="+database)
			}
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"company": company, "server": serve, "halt": halt, "crash": crash, "reload": reload,
			"as": as, "exits": exits, "http": call, "json": jsonIs, "keep": keep,
			"documents": documents, "problem": problem, "edit": edit,
			"sql": sqlCmd, "lock": lock, "unlock": unlock, "proxy": proxy,
			"bytes": bytesCmd, "forge": forge, "forgeries": forgeries, "hangup": hangup, "unanswered": unanswered, "empty": empty, "becomes": becomes, "workbook": workbook,
		},
	}
}

// story is what the commands of one story share.
type story struct {
	t      testing.TB
	server *process
	held   *held
	line   *line
}

type storyKey struct{}

func of(ts *testscript.TestScript) *story { return ts.Value(storyKey{}).(*story) }

//go:embed company.yaml
var companyCompact string

//go:embed company.sql
var companySQL string

// company gives the story the common company, unless it brings its own
// compact.yaml or company.sql.
func company(ts *testscript.TestScript, neg bool, args []string) {
	plain(ts, neg, args, 1, "company sqlite|postgres|mysql")
	erp, system := ts.MkAbs("erp.db"), "{kind: sqlite, dsn: erp.db}"
	switch args[0] {
	case "postgres":
		erp, system = pgtest.Database(of(ts).t), `{kind: postgres, dsn: "env:ERP_DSN"}`
	case "mysql":
		erp, system = mysqltest.Database(of(ts).t), `{kind: mysql, dsn: "env:ERP_DSN"}`
	}
	ts.Setenv("ERP", erp)
	ts.Setenv("ERP_DSN", erp)
	if _, err := os.Stat(ts.MkAbs("compact.yaml")); err != nil {
		ts.Check(os.WriteFile(ts.MkAbs("compact.yaml"), []byte(fmt.Sprintf(companyCompact, system)), 0o600))
	}
	text := companySQL
	if own, err := os.ReadFile(ts.MkAbs("company.sql")); err == nil {
		text = string(own)
	}
	_, err := query(erp, text)
	ts.Check(err)
}

// plain checks a command's form.
func plain(ts *testscript.TestScript, neg bool, args []string, least int, usage string) {
	if neg || len(args) < least {
		ts.Fatalf("usage: %s", usage)
	}
}

// glob finds files below the story's folder.
func glob(ts *testscript.TestScript, pattern string) []string {
	found, err := filepath.Glob(ts.MkAbs(pattern))
	ts.Check(err)
	return found
}
