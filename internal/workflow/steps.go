package workflow

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"

	"sutor/internal/change"
	"sutor/internal/errs"
	"sutor/internal/plan/duck"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// The steps of an apply: what each writes, and what is made for them, and beside them,
// while the system writes.

// prepared is all that one operation writes to one dataset, ready to be sent when its file
// is made.
type prepared struct {
	of           *applying
	op           driver.Op
	rows         int64
	columns      record.Schema
	path, stored string         // the rows to be sent, and as given back
	keyless      string         // the same without the keys that the system gives; "" where all have one
	keys         string         // these keys
	made         chan struct{}  // closed when its file is there
	from         *io.PipeReader // takes its place: rows are sent while they are written to the other end; nil for none
	to           *io.PipeWriter
	sent         func() // called when the rows were sent; nil where nobody waits for that
}

// filled tells whether the system fills columns of new rows that the plan does not know.
func (s prepared) filled() bool {
	judged := s.of.m.JudgedSchema()
	return s.op == driver.Insert && slices.ContainsFunc(s.columns, func(c record.Column) bool {
		return (c.HasDefault || c.Generated || c.Identity != "") && judged.Index(c.Name) < 0
	})
}

// told is what the system told of a step, in a file.
func (s prepared) told(path string) duck.StoredFile {
	return duck.StoredFile{Op: s.op, Columns: s.columns, Path: path, Keys: s.keys}
}

// prepare makes all steps with their files.
func (a *transaction) prepare(ctx context.Context) ([]prepared, error) {
	steps, err := a.lineUp(ctx)
	if err != nil {
		return nil, err
	}
	return steps, a.make(ctx, steps)
}

// lineUp gives the steps, in the order in which they are written, and not yet their files.
func (a *transaction) lineUp(ctx context.Context) (steps []prepared, err error) {
	for _, step := range a.steps {
		member := a.members[step.Member-1]
		s, err := member.lineUp(ctx, step.Op)
		if err != nil {
			return nil, inDataset(a.c, member.c.Dataset, err)
		}
		if s.rows > 0 {
			steps = append(steps, s)
		}
	}
	return steps, nil
}

// atOnce gives the steps whose files are needed before anything is written: those of
// which rows get their keys, and the first, where its rows do not flow. The others are
// made while the system writes the first.
func (a *transaction) atOnce() (steps []prepared) {
	for i, s := range a.ready {
		if i == 0 && s.from == nil || s.keyless != "" {
			steps = append(steps, s)
		}
	}
	return steps
}

// flow has the rows of the first step and of the largest go to the system while they are
// made: nothing else could be done until the file of the first is there, and that of the
// largest takes longest.
func (a *transaction) flow() {
	if len(a.ready) == 0 {
		return
	}
	for _, s := range []*prepared{&a.ready[0], a.largest()} {
		if s.from == nil && s.keyless == "" {
			s.from, s.to = io.Pipe()
		}
	}
}

// dry ends what flows: nobody reads it any more.
func (a *transaction) dry() {
	for _, s := range a.ready {
		if s.from != nil {
			s.from.Close()
		}
	}
}

// flown ends that rows flow: whoever needs them once more makes their file.
func (a *transaction) flown() {
	a.dry()
	for i := range a.ready {
		a.ready[i].from, a.ready[i].to = nil, nil
	}
}

// make makes the files of steps, as far as they are not there.
func (a *transaction) make(ctx context.Context, steps []prepared) error {
	for _, s := range steps {
		if s.isMade() {
			continue
		}
		if err := s.make(ctx); err != nil {
			return inDataset(a.c, s.of.c.Dataset, err)
		}
	}
	return nil
}

func (s prepared) isMade() bool {
	select {
	case <-s.made:
		return true
	default:
		return false
	}
}

func (s prepared) make(ctx context.Context) error {
	if s.to != nil {
		return s.pour(ctx)
	}
	path := s.path
	if s.keyless != "" {
		path = s.keyless
	}
	err := s.all(s.of.session.StepFile(ctx, s.of.parquet, s.of.m, s.op, s.columns, path))
	if err == nil {
		close(s.made)
	}
	return err
}

// pour sends the rows while they are made; whoever reads them learns why they end early.
func (s prepared) pour(ctx context.Context) (err error) {
	defer func() { s.to.CloseWithError(err) }()
	defer errs.Caught(&err)
	return s.all(duck.Step(ctx, s.of.parquet, s.of.m, s.op, s.columns, s.to))
}

// all makes sure that these are all rows that the plan says it has.
func (s prepared) all(n int64, err error) error {
	if err == nil && n != s.rows {
		err = fmt.Errorf("the plan of change %s has %d rows to %s, and says it has %d", s.of.c.ID, n, s.op, s.rows)
	}
	return err
}

// open gives the rows of a step once its file is there.
func (s prepared) open() (io.ReadCloser, error) {
	if s.from != nil {
		return s.from, nil
	}
	if err := s.await(); err != nil {
		return nil, err
	}
	in, err := os.Open(s.path)
	if err != nil {
		return nil, diskFull(err)
	}
	return in, nil
}

// await waits for the file of a step.
func (s prepared) await() error {
	if s.isMade() {
		return nil
	}
	select {
	case <-s.made:
		return nil
	case <-s.of.ahead.done:
		return s.of.ahead.err
	}
}

// lineUp gives one step.
func (a *applying) lineUp(ctx context.Context, op driver.Op) (s prepared, err error) {
	s = prepared{of: a, op: op, rows: rowsTo(op, a.m.Counts), made: make(chan struct{}), columns: a.columns.Pick(a.m.JudgedSchema().Names()),
		path: a.session.Path("step-" + string(op) + ".csv"), stored: a.session.Path("stored-" + string(op) + ".csv")}
	if op == driver.Insert { // an inserted row is remembered whole, so that its undo can tell later edits
		s.columns = a.all
	}
	if op == driver.Insert && a.m.Given != "" {
		a.given, err = a.session.Keyless(ctx, a.parquet, a.m)
		s.keyless, s.keys = a.session.Path("step-keyless.csv"), a.session.Path("keys.csv")
	}
	return s, err
}

// rowsTo is how many rows of a plan an operation is for.
func rowsTo(op driver.Op, c change.Counts) int64 {
	return map[driver.Op]int64{driver.Insert: c.Insert, driver.Update: c.Update, driver.Delete: c.Delete}[op]
}

// ahead is what is made while the system writes: the files of the steps to come, and what
// an apply keeps where the system stores just what was approved. Nobody else uses the
// session meanwhile.
type ahead struct {
	err     error
	done    chan struct{} // closed when err is set
	foresee func()        // lets what is kept begin, however often it is called
	dry     func()        // ends what flows
}

// end waits until all is made; whoever is in a hurry ends its context.
func (f *ahead) end() {
	if f != nil {
		f.foresee()
		<-f.done
	}
}

// leave ends it though not all that flows was read.
func (f *ahead) leave() {
	if f != nil {
		f.dry()
		f.end()
	}
}

// outgoing are the rows of a step on their way; sent is called when the last was read.
type outgoing struct {
	io.Reader
	sent func()
}

func (s outgoing) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err == io.EOF {
		s.sent()
	}
	return n, err
}

// goAhead begins to make what is made while the system writes. What is kept is foreseen
// where the system is likely to tell of nothing, and begins when the largest step has sent
// its rows: until then Sutor and the system have their hands full with them, afterwards
// Sutor would wait.
func (a *transaction) goAhead(ctx context.Context) *ahead {
	begun := make(chan struct{})
	f := &ahead{done: make(chan struct{}), foresee: sync.OnceFunc(func() { close(begun) }), dry: a.dry}
	for _, member := range a.members {
		member.ahead = f
	}
	likely := len(a.ready) > 0 && !a.sys.Capabilities().TellsAll && !slices.ContainsFunc(a.ready, prepared.filled)
	if likely {
		a.largest().sent = f.foresee
	}
	go func() {
		defer close(f.done)
		defer errs.Caught(&f.err)
		if f.err = a.make(ctx, a.ready); f.err != nil || !likely {
			return
		}
		<-begun
		for _, member := range a.members {
			if f.err = member.foresee(ctx, a.ready); f.err != nil {
				return
			}
		}
	}()
	return f
}

func (a *transaction) largest() *prepared {
	largest := &a.ready[0]
	for i := range a.ready {
		if s := &a.ready[i]; s.rows > largest.rows {
			largest = s
		}
	}
	return largest
}

func (a *applying) foresee(ctx context.Context, steps []prepared) error {
	var untold []duck.StoredFile
	for _, s := range steps {
		if s.of == a {
			untold = append(untold, s.told(""))
		}
	}
	path := a.session.Path("foreseen.parquet")
	if _, err := a.session.Stored(ctx, a.parquet, a.m, a.all, untold, path); err != nil {
		return err
	}
	return a.keep(ctx, path)
}
