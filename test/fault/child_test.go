package fault

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"go.uber.org/goleak"

	"sutor/internal/app"
	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/workflow"
)

// childVariable makes the test binary a server. Its value is where the server
// keeps its data.
const childVariable = "SUTOR_FAULT_DATA"

// The server's other settings.
const (
	databaseVariable  = "SUTOR_FAULT_DATABASE"
	artifactsVariable = "SUTOR_FAULT_ARTIFACTS"
)

// orders is the file by which the test gives the server orders, one a line, each
// answered by one line on standard output. Its end ends the server.
const orders = 3

// closing is a connection to PostgreSQL that was given up amid a query: it asks the server to
// end that, and closes by itself within fifteen seconds.
const closing = "github.com/jackc/pgx/v5/pgconn.(*PgConn).asyncClose.func1"

// child is a server with the composition of cmd/sutor, and faults that wait for
// orders.
func child() int {
	signal.Ignore(syscall.SIGXFSZ)
	before := goleak.IgnoreCurrent()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	f := &faulty{}
	go f.obey()
	if err := f.serve(ctx); err != nil {
		fmt.Println("error:", errs.Detail(err))
		return 1
	}
	stop()
	if err := goleak.Find(before, goleak.IgnoreTopFunction("os/signal.signal_recv"), goleak.IgnoreAnyFunction("sutor/test/fault.(*faulty).obey"),
		goleak.IgnoreAnyFunction(closing)); err != nil {
		fmt.Println("error: left running:", err)
		return 1
	}
	return 0
}

// serve is what app.Serve does, with the faults between the use cases and the
// metadata.
func (f *faulty) serve(ctx context.Context) (err error) {
	log := slog.New(slog.NewTextHandler(os.Stdout, nil))
	a, err := app.Open(ctx, app.Config{Compact: "compact.yaml", Data: os.Getenv(childVariable), Database: os.Getenv(databaseVariable),
		Artifacts: os.Getenv(artifactsVariable), Log: log, Store: f.wrap})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.Close(context.WithoutCancel(ctx))) }()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: a.Handler(false)}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	fmt.Printf("serves http://%s\n", l.Addr())
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	patient, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := server.Shutdown(patient); err != nil {
		return server.Close() // a long poll was still open
	}
	return nil
}

// faulty is the metadata with a fault at one of its commits.
type faulty struct {
	workflow.Store

	mu      sync.Mutex
	commits int // since the last order
	at      int // the commit that is struck; 0 for none
	after   bool
	signal  syscall.Signal
}

func (f *faulty) wrap(s workflow.Store) workflow.Store {
	f.Store = s
	return f
}

// Do counts the units of work that write, and strikes before or after the commit
// of one.
func (f *faulty) Do(ctx context.Context, work func(workflow.Tx) error) error {
	var n int
	err := f.Store.Do(ctx, func(tx workflow.Tx) error {
		watched := &writing{Tx: tx, read: map[change.ID]string{}}
		if err := work(watched); err != nil {
			return err
		}
		if n = 0; watched.wrote {
			n = f.reached()
		}
		f.strike(n, false)
		return nil
	})
	if err == nil {
		f.strike(n, true)
	}
	return err
}

func (f *faulty) reached() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commits++
	return f.commits
}

func (f *faulty) strike(n int, after bool) {
	f.mu.Lock()
	struck := n > 0 && n == f.at && after == f.after
	sig := f.signal
	f.mu.Unlock()
	if struck {
		fmt.Println("struck")
		_ = syscall.Kill(os.Getpid(), sig) // our own process: allowed always
		if sig == syscall.SIGKILL {
			select {} // until it arrives
		}
	}
}

// writing notes that a unit of work stored something else than that a lease goes
// on: that comes by the clock, all else by the steps of the work.
type writing struct {
	workflow.Tx
	wrote bool
	read  map[change.ID]string
}

// Change, CreateChange, SaveChange: see workflow.Changes.
func (w *writing) Change(id change.ID) (*change.Change, error) {
	c, err := w.Tx.Change(id)
	if err == nil {
		w.read[id] = beatless(c)
	}
	return c, err
}

func (w *writing) CreateChange(c *change.Change) error {
	w.wrote = true
	return w.Tx.CreateChange(c)
}

func (w *writing) SaveChange(c *change.Change) error {
	w.wrote = w.wrote || w.read[c.ID] != beatless(c)
	return w.Tx.SaveChange(c)
}

// beatless is a change as text, without the time of its lease.
func beatless(c *change.Change) string {
	still := *c
	if c.Lease != nil {
		lease := *c.Lease
		lease.Beat = time.Time{}
		still.Lease = &lease
	}
	text, err := json.Marshal(still)
	if err != nil {
		panic(err) // it is stored as JSON
	}
	return string(text)
}

// obey takes orders until the test is gone:
//
//	kill|stop before|after N   strike at the Nth commit from now
//	count                      how many commits there were since the last other order
//	limit BYTES                no file may grow beyond it; -1 for no limit
func (f *faulty) obey() {
	lines := bufio.NewScanner(os.NewFile(orders, "orders"))
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		n, err := strconv.Atoi(words[len(words)-1])
		switch words[0] {
		case "count":
			f.mu.Lock()
			fmt.Println("answer", f.commits)
			f.mu.Unlock()
			continue
		case "limit":
			err = errors.Join(err, limitFiles(uint64(int64(n))))
		default:
			f.mu.Lock()
			f.commits, f.at, f.after, f.signal = 0, n, words[1] == "after", syscall.SIGKILL
			if words[0] == "stop" {
				f.signal = syscall.SIGSTOP
			}
			f.mu.Unlock()
		}
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
		fmt.Println("answer 0")
	}
	os.Exit(99) // the test is gone, and so is its end of the pipe
}

func limitFiles(bytes uint64) error {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	limit.Cur = min(bytes, limit.Max)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
}
