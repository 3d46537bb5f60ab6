package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync/atomic"
	"time"

	"sutor/internal/errs"
	"sutor/internal/plan"
)

// Options bound what runs may use together.
//
// A run has one thread. With more, the one that waits for a statement spins while the
// others work, and a file is handed to them in parts of 32 MB: to read 100 MB takes two
// threads nearly twice the CPU time of one. The system works beside.
type Options struct {
	Slots    int      // runs at a time; 0 for 1
	MemoryMB int      // memory of one run; 0 for 600
	Threads  int      // threads of one run; 0 for 1
	Spill    int64    // bytes of disk that one run may spill to, and that its files may take; 0 for 50 GB
	Dir      string   // folder for the runs' files; must exist
	Reads    []string // folders of other files that runs may read
	ByRow    int64    // bytes of a staging file whose plan is made row by row; 0 for 64 KiB, less for none

	Comparing Comparing // where rows are compared

	stays bool // Parquet files that are read never change: their structure is read once
}

// Engine hands out DuckDB instances. It is safe for concurrent use.
type Engine struct {
	o       Options
	slots   *slots
	small   *slots // of plans that are made row by row
	views   *slots
	trials  *slots
	copies  *slots // of plans in their file's order
	pool    pool
	shelf   shelf
	shown   int                            // megabytes of a plan that people look at; tests have less
	shortly time.Duration                  // an instance that was used for less stays open; tests have more
	early   int64                          // rows of a plan from which on its first pages are shown before it is in order; tests always do, with less than 0
	free    func(dir string) (int64, bool) // bytes; tests put little there
	room    room
	beside  int64 // cells of deltas that are sorted while something else is done
}

// Folders of runs, and of what instances spill.
const (
	runFolder   = "run-*"
	spillFolder = "spill-"
)

// runSchema has the tables of a session that is no part of another.
const runSchema = "run"

// Looking at a plan has places of its own, so that nobody waits for somebody
// else's plan to be made before they see a page.
const (
	views        = 4
	viewMemoryMB = 200
)

// New makes an engine. Files left over in its folder by a run that crashed are
// removed: they are scratch only.
func New(o Options) (*Engine, error) {
	o.Slots, o.MemoryMB = max(o.Slots, 1), orDefault(o.MemoryMB, 600)
	o.Threads, o.Spill = orDefault(o.Threads, 1), orDefault(o.Spill, 50e9)
	if o.ByRow == 0 {
		o.ByRow = smallFile
	}
	for _, pattern := range []string{runFolder, spillFolder + "*"} {
		old, err := filepath.Glob(filepath.Join(o.Dir, pattern))
		if err != nil {
			return nil, err
		}
		for _, dir := range old {
			if err := os.RemoveAll(dir); err != nil {
				return nil, diskError(err)
			}
		}
	}
	return &Engine{o: o, slots: newSlots(o.Slots), small: newSlots(runtime.GOMAXPROCS(0) + 1), views: newSlots(views), trials: newSlots(1), copies: newSlots(1), free: freeBytes, beside: sortedBeside * int64(o.MemoryMB), shown: shelfMemoryMB, early: manyRowsShown, shortly: usedShortly, shelf: newShelf()}, nil
}

// Close closes the instances that stay open between two uses; none is used any more.
func (e *Engine) Close() {
	e.shelf.close()
	e.pool.close()
}

func orDefault[N int | int64](n, def N) N {
	if n == 0 {
		return def
	}
	return n
}

// Session is one slot: a DuckDB instance and a folder that goes with it.
type Session struct {
	engine *Engine
	db     *sql.DB
	conn   *sql.Conn
	dir    string
	free   func()
	later  func(context.Context) error // waits for the slot and opens the instance; nil once that is done

	instance *instance // that it runs on
	owner    bool      // and gives back; a part of a session does not

	rows *plan.ByRow // of a plan that was made row by row

	comparing Comparing

	schema string   // of its tables
	parts  []string // schemas of its parts
	now    *string  // the schema that the connection is in

	endings *[]func()     // of what is under way elsewhere; its parts' too
	files   *atomic.Int64 // that had a name of their own
	disk    *disk         // its parts', too

	counting *counting // for the plan that is made next
}

// In gives a part of the session that has tables and a folder of its own: so
// several plans are made side by side, and one reads the tables of the others as
// name.table. It ends with the session.
func (s *Session) In(ctx context.Context, name string) (*Session, error) {
	if err := s.use(ctx); err != nil {
		return nil, err
	}
	part := &Session{engine: s.engine, db: s.db, conn: s.conn, instance: s.instance, dir: s.Path(name), schema: name, now: s.now, comparing: s.comparing, endings: s.endings, files: s.files, disk: s.disk, free: func() {}}
	if err := os.Mkdir(part.dir, 0o700); err != nil {
		return nil, diskError(err)
	}
	s.parts = append(s.parts, name)
	return part, s.exec(ctx, `CREATE SCHEMA `+name)
}

// apart gives the session on a connection of its own, for a query that runs while the
// session does something else; whoever asked closes the connection.
func (s *Session) apart(ctx context.Context) (*Session, error) {
	if err := s.use(ctx); err != nil { // opens the instance, where there is none yet
		return nil, err
	}
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting to DuckDB: %w", err)
	}
	now := "" // whoever had the connection before was elsewhere
	return &Session{engine: s.engine, instance: s.instance, db: s.db, conn: conn, dir: s.dir, schema: s.schema, now: &now, endings: s.endings, files: s.files, disk: s.disk}, nil
}

// done gives back the connection of a session that is apart. One whose last statement
// failed is closed: DuckDB may not have let go of what that had open.
func (s *Session) done(err error) error {
	if err != nil {
		_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
		return err
	}
	return s.conn.Close()
}

// reconnect gives the session another connection, after a statement that failed.
func (s *Session) reconnect(failed error) (err error) {
	_ = s.done(failed)
	s.conn, err = s.db.Conn(context.Background())
	*s.now = ""
	return err
}

// use puts the connection into the session's schema; where there is none yet, it opens
// the instance.
func (s *Session) use(ctx context.Context) error {
	if open := s.later; open != nil {
		s.later = nil
		if err := open(ctx); err != nil {
			s.later = open
			return err
		}
	}
	if *s.now == s.schema {
		return nil
	}
	if _, err := s.conn.ExecContext(ctx, `USE `+s.schema); err != nil {
		s.instance.spoilt.Store(true)
		return engineError(err, "USE")
	}
	*s.now = s.schema
	return nil
}

// Session waits for a slot and opens an instance that may read the given files
// besides those of its own folder. Close gives all of it back.
func (e *Engine) Session(ctx context.Context, files ...string) (*Session, error) {
	return e.Queue(ctx, nil, files...)
}

// Queue is Session for somebody who wants to know their place: before hears how
// many wait before them, whenever that changes, and must not block.
func (e *Engine) Queue(ctx context.Context, before func(n int), files ...string) (*Session, error) {
	return e.session(ctx, e.slots, before, e.o, files)
}

// Deferred is a Queue for what is likely to need no instance: a small plan is made row
// by row. As many of them are made at once as the processors can, so that who came first
// is done first. The session takes a slot instead when it first has a statement.
func (e *Engine) Deferred(ctx context.Context, before func(n int), files ...string) (*Session, error) {
	s, err := e.folder()
	if err != nil {
		return nil, err
	}
	if err := e.small.take(ctx, before); err != nil {
		s.Close()
		return nil, err
	}
	s.free = e.small.give
	s.later = func(ctx context.Context) error {
		s.free()
		s.free = func() {}
		return e.enter(ctx, s, e.slots, before, e.o, files)
	}
	return s, nil
}

// View is a Session for reading what exists: smaller, and never behind a plan
// that is being made.
func (e *Engine) View(ctx context.Context, files ...string) (*Session, error) {
	o := e.o
	o.MemoryMB, o.Threads = viewMemoryMB, 1
	return e.session(ctx, e.views, nil, o, files)
}

// Trial is a Session for trying a small plan: there is one beside the slots, so that
// whoever submits does not wait for plans to be made.
func (e *Engine) Trial(ctx context.Context, files ...string) (*Session, error) {
	o := e.o
	o.Threads = 1
	return e.session(ctx, e.trials, nil, o, files)
}

func (e *Engine) session(ctx context.Context, line *slots, before func(int), o Options, files []string) (*Session, error) {
	s, err := e.folder()
	if err != nil {
		return nil, err
	}
	if err := e.enter(ctx, s, line, before, o, files); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// enter waits for a slot and opens the session's instance.
func (e *Engine) enter(ctx context.Context, s *Session, line *slots, before func(int), o Options, files []string) error {
	if err := line.take(ctx, before); err != nil {
		return err
	}
	s.free = line.give
	err := s.open(ctx, o, files)
	if err != nil {
		s.leave()
	}
	return err
}

// folder makes a session that has a folder and no slot.
func (e *Engine) folder() (*Session, error) {
	dir, err := os.MkdirTemp(e.o.Dir, runFolder)
	if err != nil {
		return nil, diskError(err)
	}
	return &Session{engine: e, dir: dir, free: func() {}, schema: runSchema, now: new(string), endings: new([]func()), files: new(atomic.Int64), disk: &disk{engine: e}, comparing: e.o.Comparing}, nil
}

// open takes an instance.
func (s *Session) open(ctx context.Context, o Options, files []string) (err error) {
	if s.instance, err = s.engine.take(ctx, o, files); err != nil {
		return err
	}
	s.db, s.owner, *s.now = s.instance.db, true, ""
	if s.conn, err = s.db.Conn(ctx); err != nil {
		return fmt.Errorf("connecting to DuckDB: %w", err)
	}
	return nil
}

// Scratch makes a folder for a run's files outside of any slot, on the same disk;
// release removes it.
func (e *Engine) Scratch() (dir string, release func(), err error) {
	if dir, err = os.MkdirTemp(e.o.Dir, runFolder); err != nil {
		return "", nil, diskError(err)
	}
	return dir, func() { os.RemoveAll(dir) }, nil
}

// Path names a file in the session's folder.
func (s *Session) Path(name string) string { return filepath.Join(s.dir, name) }

// fresh names a file that no other statement writes or wrote: one that was given up may
// still have its own open, and does with it what it will.
func (s *Session) fresh(name string) string {
	return s.Path(fmt.Sprintf("%d-%s", s.files.Add(1), name))
}

// Close ends the instance and removes the folder.
func (s *Session) Close() {
	s.leave()
	os.RemoveAll(s.dir)
	s.disk.release()
}

// leave gives the instance and the slot back.
func (s *Session) leave() {
	s.endOthers()
	if i := s.instance; s.owner {
		keep := !i.only && !i.spoilt.Load() && time.Since(i.taken) < s.engine.shortly && s.conn != nil && s.Reset(context.Background()) == nil
		if s.conn != nil {
			s.conn.Close()
		}
		if keep {
			s.engine.pool.give(i)
		} else {
			i.close()
		}
	}
	s.conn, s.db, s.instance, s.owner = nil, nil, nil, false
	s.free()
	s.free = func() {}
}

// endOthers ends what is under way elsewhere.
func (s *Session) endOthers() {
	for _, end := range *s.endings {
		end()
	}
	*s.endings = nil
}

// Reset removes what a run left in the session, so that it can be used for
// another one.
func (s *Session) Reset(ctx context.Context) error {
	s.endOthers()
	drops := `USE main`
	for _, schema := range append(s.parts, runSchema) {
		drops += `; DROP SCHEMA IF EXISTS ` + schema + ` CASCADE`
	}
	if _, err := s.conn.ExecContext(ctx, drops+`; CREATE SCHEMA `+runSchema); err != nil {
		return engineError(err, drops)
	}
	s.parts, *s.now = nil, "main"
	return nil
}

func (s *Session) exec(ctx context.Context, query string) error {
	_, err := s.run(ctx, query)
	return err
}

// run runs statements and gives the number of rows that the last one wrote.
func (s *Session) run(ctx context.Context, query string) (int64, error) {
	if err := s.use(ctx); err != nil {
		return 0, err
	}
	done, err := s.conn.ExecContext(ctx, query)
	if err != nil {
		s.instance.spoilt.Store(true)
		return 0, engineError(err, query)
	}
	return done.RowsAffected()
}

// load runs statements that read the canonical CSV dialect. DuckDB's parallel
// reader refuses a valid file where one of its chunks begins inside a quoted cell
// that looks like records; it is then read by one thread.
func (s *Session) load(ctx context.Context, query string) error {
	_, err := s.run(ctx, query)
	if err != nil && strings.Contains(err.Error(), "CSV Error") {
		_, err = s.run(ctx, strings.ReplaceAll(query, "parallel = true", "parallel = false"))
	}
	return err
}

// query runs a query and calls each for every row with a scan function.
func (s *Session) query(ctx context.Context, query string, each func(scan func(...any) error) error) error {
	if err := s.use(ctx); err != nil {
		return err
	}
	rows, err := s.conn.QueryContext(ctx, query)
	if err != nil {
		s.instance.spoilt.Store(true)
		return engineError(err, query)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows.Scan); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		s.instance.spoilt.Store(true)
		return engineError(err, query)
	}
	return nil
}

// count gives the one number that query selects.
func (s *Session) count(ctx context.Context, query string) (n int64, err error) {
	err = s.query(ctx, query, func(scan func(...any) error) error { return scan(&n) })
	return n, err
}

// errMemory is that statements had too little memory together, or one by itself.
var errMemory = errors.New("plan/duck: out of memory")

// engineError turns DuckDB's own errors into ours: a full disk and too little
// memory are told as such, everything else is a fault of the query, told without values.
func engineError(err error, query string) error {
	if err == context.Canceled || err == context.DeadlineExceeded {
		return err
	}
	msg := err.Error()
	switch {
	case strings.Contains(msg, "max_temp_directory_size"):
		return errs.New(errs.Unavailable, "The plan needs more disk than one run may use on this server.").
			WithMend("Nothing was changed. Propose a smaller file, or ask the steward to raise the limit (serve --max-spill).").Because(err)
	case strings.Contains(msg, "No space left"), strings.Contains(msg, "File too large"), strings.Contains(msg, "Disk quota"):
		return diskError(err)
	case strings.Contains(msg, "Out of Memory"):
		return errs.New(errs.Unavailable, "The plan needs more memory than a run may use.").
			WithMend("Propose a smaller file, or ask the steward to raise the memory of a run.").Because(fmt.Errorf("%w: %w", errMemory, err))
	case strings.Contains(msg, "INTERRUPT"):
		return context.Canceled
	}
	if i := strings.IndexAny(msg, "'\"\n"); i >= 0 {
		msg = msg[:i] + "…"
	}
	return fmt.Errorf("%s in %s", msg, literals.ReplaceAllString(query, "'…'"))
}

// literals are those of a statement. DuckDB quotes values in what it says, and whole lines of a
// file from the second line on. The server's log is read by people who may not see them.
var literals = regexp.MustCompile(`'(?:[^']|'')*'`)

// diskError is that of a file, unless it has words for people already.
func diskError(cause error) error {
	if errs.As(cause) != nil {
		return cause
	}
	return errs.New(errs.Unavailable, "The disk of the server is full, or cannot be written.").
		WithMend("Nothing was changed. Tell the steward, and try again once there is room.").Because(cause)
}

// text is an SQL string literal.
func text(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// list joins fmt.Sprintf(format, i) for i < n, with a leading comma each, so
// that it may follow other columns even when n is 0.
func list(n int, format string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(", ")
		b.WriteString(strings.ReplaceAll(format, "#", fmt.Sprint(i)))
	}
	return b.String()
}

// longestLine is how long a line of a CSV may be, in bytes; files are read in parts as
// large as that. DuckDB's own parts are sixteen times as large as the longest line.
const longestLine = 32 << 20

// readCSV is the table function that reads the canonical CSV dialect, first
// column a number, the others text. The file must be there already.
func readCSV(path, number string, columns []string) string {
	types := "'" + number + "': 'BIGINT'"
	for _, c := range columns {
		types += ", '" + c + "': 'VARCHAR'"
	}
	part := int64(longestLine)
	if file, err := os.Stat(path); err == nil {
		part = min(part, file.Size()+1)
	}
	return `read_csv(` + text(path) + `, header = false, auto_detect = false, delim = ',', quote = '"', escape = '"',
		nullstr = '', allow_quoted_nulls = false, new_line = '\n', strict_mode = true, parallel = true, max_line_size = ` + fmt.Sprint(part) + `, buffer_size = ` + fmt.Sprint(part) + `,
		columns = {` + types + `})`
}

// names makes "prefix0", "prefix1", …
func names(prefix string, n int) []string {
	out := make([]string, n)
	for i := range n {
		out[i] = fmt.Sprintf("%s%d", prefix, i)
	}
	return out
}

// copyCSV writes a query's rows in the canonical CSV dialect; the columns named
// in quoted are values, the others numbers.
func (s *Session) copyCSV(ctx context.Context, query string, quoted []string, path string) error {
	_, err := s.writeCSV(ctx, query, quoted, path)
	return err
}

// writeCSV is copyCSV that tells how many rows there were.
func (s *Session) writeCSV(ctx context.Context, query string, quoted []string, path string) (int64, error) {
	force := ""
	if len(quoted) > 0 {
		force = ", FORCE_QUOTE (" + strings.Join(quoted, ", ") + ")"
	}
	return s.copyTo(ctx, query, path, `FORMAT csv, HEADER false, NULLSTR ''`+force)
}
