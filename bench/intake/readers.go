package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"syscall"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
	"github.com/xuri/excelize/v2"

	"sutor/internal/intake"
	"sutor/internal/intake/xlsx"
)

// asReader is the first argument of a process that only reads.
const asReader = "-read"

// figures are what one reading took.
type figures struct {
	Wall, CPU time.Duration
	Rows      int64
	Memory    int64 `json:"-"` // bytes, the most that was resident
}

// measure reads a file in a process of its own.
func measure(ctx context.Context, reader, file, profile string) (f figures, err error) {
	self, err := os.Executable()
	if err != nil {
		return f, err
	}
	args := []string{asReader, reader, file}
	if profile != "" {
		args = append(args, filepath.Join(profile, reader+".pprof"))
	}
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return f, fmt.Errorf("%s: %w", reader, err)
	}
	if err := json.Unmarshal(out, &f); err != nil {
		return f, err
	}
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		f.Memory = u.Maxrss << 10
	}
	return f, nil
}

// readOne is the whole life of such a process.
func readOne(reader, file string, profile []string) int {
	read := map[string]func(string) (int64, error){"xlsx": readXLSX, "excelize": readExcelize, "csv": readCSV, "duckdb": readDuckDB}[reader]
	f, err := timed(read, file, profile)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(f)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "intake:", reader, err)
		return 1
	}
	return 0
}

func timed(read func(string) (int64, error), file string, profile []string) (f figures, err error) {
	if len(profile) > 0 {
		out, err := os.Create(profile[0])
		if err != nil {
			return f, err
		}
		defer out.Close()
		if err := pprof.StartCPUProfile(out); err != nil {
			return f, err
		}
		defer pprof.StopCPUProfile()
	}
	cpu, begin := cpuTime(), time.Now()
	f.Rows, err = read(file)
	f.Wall, f.CPU = time.Since(begin), cpuTime()-cpu
	return f, err
}

// cpuTime is what this process has used, of both kinds.
func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// staged reads a file of ours with a staging file on disk.
func staged(file string, read func(in *os.File, size int64, out *bufio.Writer) (int64, error)) (rows int64, err error) {
	in, err := os.Open(file)
	if err != nil {
		return 0, err
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return 0, err
	}
	out, err := os.Create(file + ".staging")
	if err != nil {
		return 0, err
	}
	defer os.Remove(out.Name())
	defer out.Close()
	w := bufio.NewWriterSize(out, 64<<10)
	if rows, err = read(in, info.Size(), w); err != nil {
		return 0, err
	}
	return rows, w.Flush()
}

func readXLSX(file string) (int64, error) {
	return staged(file, func(in *os.File, size int64, out *bufio.Writer) (int64, error) {
		res, err := xlsx.Read(context.Background(), in, size, out, xlsx.Options{})
		return res.Rows, err
	})
}

func readCSV(file string) (int64, error) {
	return staged(file, func(in *os.File, size int64, out *bufio.Writer) (int64, error) {
		res, err := intake.Read(context.Background(), intake.File{ReaderAt: in, Size: size, Name: file}, out, intake.Options{})
		return res.Rows, err
	})
}

func readExcelize(file string) (n int64, err error) {
	f, err := excelize.OpenFile(file)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	rows, err := f.Rows(f.GetSheetList()[0])
	if err != nil {
		return 0, err
	}
	for rows.Next() {
		if _, err := rows.Columns(); err != nil {
			return 0, err
		}
		n++
	}
	return n - 1, rows.Close()
}

func readDuckDB(file string) (n int64, err error) {
	db, err := sql.Open("duckdb", "")
	if err != nil {
		return 0, err
	}
	defer db.Close()
	if _, err := db.Exec(fmt.Sprintf("CREATE TABLE t AS SELECT * FROM read_csv('%s', all_varchar=true)", strings.ReplaceAll(file, "'", "''"))); err != nil {
		return 0, err
	}
	return n, db.QueryRow("SELECT count(*) FROM t").Scan(&n)
}
