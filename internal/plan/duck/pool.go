package duck

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/duckdb/duckdb-go/v2"
)

// To open and close an instance takes about as long as most of what is asked of one. So
// one that was used shortly, and without an error, stays open for the next session.
const (
	usedShortly = time.Second // longer, and what it holds of memory is given back
	idlePlaces  = 3
)

// instance is a DuckDB instance. It may open files in the engine's folder, those in
// [Options].Reads and others that it was opened for, and none else; DuckDB does not tell
// reading from writing there.
type instance struct {
	db       *sql.DB
	spill    string // folder of what it spills, made when it does
	memoryMB int
	threads  int
	stays    bool
	only     bool        // for the session that it was opened for
	spoilt   atomic.Bool // a statement failed: it serves nobody else
	taken    time.Time
	idle     *time.Timer
}

// pool has the instances that wait for their next session.
type pool struct {
	mu      sync.Mutex
	waiting []*instance
	closed  bool
	opened  atomic.Int64 // instances, so far
}

// take gives an instance, which nobody else has.
func (e *Engine) take(ctx context.Context, o Options, files []string) (*instance, error) {
	others := slices.DeleteFunc(slices.Clone(files), func(f string) bool { return f == "" || e.reads(f) })
	if len(others) == 0 {
		if i := e.pool.take(o); i != nil {
			return i, nil
		}
	}
	i := &instance{spill: filepath.Join(e.o.Dir, fmt.Sprint(spillFolder, e.pool.opened.Add(1))), memoryMB: o.MemoryMB, threads: o.Threads, stays: o.stays, only: len(others) > 0, taken: time.Now()}
	if err := i.open(ctx, o, append([]string{e.o.Dir}, e.o.Reads...), others); err != nil {
		i.close()
		return nil, err
	}
	return i, nil
}

// reads tells whether every instance may read a file.
func (e *Engine) reads(file string) bool {
	return slices.ContainsFunc(append([]string{e.o.Dir}, e.o.Reads...), func(dir string) bool {
		rest, err := filepath.Rel(dir, file)
		return err == nil && filepath.IsLocal(rest)
	})
}

func (p *pool) take(o Options) *instance {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := slices.IndexFunc(p.waiting, func(i *instance) bool {
		return i.memoryMB == o.MemoryMB && i.threads == o.Threads && i.stays == o.stays
	})
	if at < 0 {
		return nil
	}
	i := p.waiting[at]
	p.waiting = slices.Delete(p.waiting, at, at+1)
	i.idle.Stop()
	i.taken = time.Now()
	return i
}

// give takes an instance back that is empty, or closes it.
func (p *pool) give(i *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || len(p.waiting) >= idlePlaces {
		i.close()
		return
	}
	p.waiting = append(p.waiting, i)
	i.idle = time.AfterFunc(shelfIdle, func() { p.drop(i) })
}

// drop closes an instance that nobody has taken.
func (p *pool) drop(i *instance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := slices.Index(p.waiting, i); at >= 0 {
		p.waiting = slices.Delete(p.waiting, at, at+1)
		i.close()
	}
}

func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, i := range p.waiting {
		i.idle.Stop()
		i.close()
	}
	p.waiting, p.closed = nil, true
}

func (i *instance) open(ctx context.Context, o Options, folders, files []string) error {
	connector, err := duckdb.NewConnector("", func(driver.ExecerContext) error { return nil })
	if err != nil {
		return fmt.Errorf("opening DuckDB: %w", err)
	}
	i.db = sql.OpenDB(connector)
	texts := func(paths []string) string {
		all := make([]string, len(paths))
		for i, path := range paths {
			all[i] = text(path)
		}
		return "[" + strings.Join(all, ", ") + "]"
	}
	// DuckDB keeps what it read of a file, and takes another in its place for the same if it
	// has its path, inode, size and second: files of a session are written over within one.
	settings := `
		SET enable_external_file_cache = false;
		SET temp_directory = ` + text(i.spill) + `;
		SET max_temp_directory_size = '` + fmt.Sprint(o.Spill) + ` bytes';
		SET memory_limit = '` + fmt.Sprint(o.MemoryMB) + `MB';
		SET threads = ` + fmt.Sprint(o.Threads) + `;
		SET parquet_metadata_cache = ` + fmt.Sprint(o.stays) + `;
		SET GLOBAL TimeZone = 'UTC';
		SET autoinstall_known_extensions = false;
		SET autoload_known_extensions = false;
		SET allowed_directories = ` + texts(folders) + `;
		SET allowed_paths = ` + texts(files) + `;
		SET enable_external_access = false;
		SET lock_configuration = true;
		CREATE SCHEMA ` + runSchema
	if o.stays { // it is asked for little of large files, and to read the statistics of all their groups takes longer
		settings = `SET disabled_optimizers = 'statistics_propagation,join_order';` + settings
	}
	if _, err := i.db.ExecContext(ctx, settings); err != nil {
		return engineError(err, settings)
	}
	return nil
}

func (i *instance) close() {
	if i.db != nil {
		i.db.Close()
	}
	os.RemoveAll(i.spill)
}
