package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"sutor/internal/errs"
	"sutor/internal/intake"
)

// asReader, as the first argument, makes the program read one file and end.
const asReader = "-read-one"

const (
	timeLimit   = time.Minute
	memoryLimit = 512 << 20
)

// verdict is what became of a file.
type verdict struct {
	read    bool
	said    string // dialect and size, or the sentence of refusal
	notes   int64  // what had to be told of it: notes, rows with a defect
	bad     string // why the verdict is not good
	seconds float64
	memory  int64
}

// readOne reads a file as sutor file inspect does, and prints a line for
// [judge]: what it is, or the sentence of refusal.
func readOne(name string) int {
	f, err := os.Open(name)
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	defer f.Close() // only read from
	info, err := f.Stat()
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	defer printPeak()
	r, err := intake.Inspect(context.Background(), intake.File{ReaderAt: f, Size: info.Size(), Name: filepath.Base(name)}, intake.Options{})
	if e := errs.As(err); e != nil && e.Kind == errs.Invalid && e.Mend != "" {
		fmt.Printf("refused %s\n", e.Message)
	} else if err != nil {
		fmt.Printf("error %v\n", err)
	} else {
		fmt.Printf("read %d %s; %d columns, %d rows\n", int64(len(r.Notes))+r.Defects, r.Dialect, len(r.Columns), r.Rows)
	}
	return 0
}

// printPeak prints the most memory that this process ever held, where the system
// tells (Linux). The parent cannot ask for it: what it is told of a child begins
// with its own.
func printPeak() {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return
	}
	for _, line := range strings.Split(string(status), "\n") {
		if size, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			fmt.Println("peak", strings.TrimSpace(strings.TrimSuffix(size, "kB")))
		}
	}
}

// judge reads a file in a process of its own.
func judge(ctx context.Context, name string) (verdict, error) {
	self, err := os.Executable()
	if err != nil {
		return verdict{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, timeLimit)
	defer cancel()
	var out, errOut bytes.Buffer
	c := exec.CommandContext(ctx, self, asReader, name)
	c.Stdout, c.Stderr = &out, &errOut
	begin := time.Now()
	err = c.Run()
	v := verdict{seconds: time.Since(begin).Seconds()}
	said, peak, _ := strings.Cut(out.String(), "\npeak ")
	if kilobytes, err := strconv.ParseInt(strings.TrimSpace(peak), 10, 64); err == nil {
		v.memory = kilobytes << 10
	}
	said = strings.TrimSpace(said)
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		v.bad = "hangs"
	case ctx.Err() != nil:
		return v, ctx.Err()
	case err != nil:
		first, _, _ := strings.Cut(strings.TrimSpace(errOut.String()), "\n")
		v.bad = "crashes: " + first
	case strings.HasPrefix(said, "read "):
		rest := strings.TrimPrefix(said, "read ")
		notes, text, _ := strings.Cut(rest, " ")
		if v.notes, err = strconv.ParseInt(notes, 10, 64); err != nil {
			return v, err
		}
		v.read, v.said = true, text
	case strings.HasPrefix(said, "refused "):
		v.said = strings.TrimPrefix(said, "refused ")
	default:
		v.bad = "ends without a sentence: " + said
	}
	if v.bad == "" && v.memory > memoryLimit {
		v.bad = fmt.Sprintf("takes %d MiB", v.memory>>20)
	}
	return v, nil
}

// suite sums up one folder of files.
type suite struct {
	name                   string
	files, read, told, bad int
	refusals               map[string]int
	seconds                float64
	memory                 int64
}

// corpora reads every file below dir, and gives a table and how many are bad.
func corpora(ctx context.Context, dir string) (string, int, error) {
	suites := map[string]*suite{}
	var bad []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || notATable(path) {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		v, err := judge(ctx, path)
		if err != nil {
			return err
		}
		parts := strings.Split(filepath.ToSlash(name), "/")
		key := strings.Join(parts[:min(2, len(parts)-1)], "/")
		if suites[key] == nil {
			suites[key] = &suite{name: key, refusals: map[string]int{}}
		}
		suites[key].add(v)
		if v.bad != "" {
			bad = append(bad, name+" "+v.bad)
		}
		return nil
	})
	if err != nil {
		return "", 0, err
	}
	return corporaTable(suites, bad), len(bad), nil
}

// notATable tells what stands beside the files: licences, descriptions, and
// metadata that is no file for intake.
func notATable(path string) bool {
	base := strings.ToLower(filepath.Base(path))
	return strings.Contains(base, "license") || strings.Contains(base, "licence") || strings.Contains(base, "notice") || strings.HasSuffix(base, ".md") ||
		strings.Contains(filepath.ToSlash(path), "/odata/")
}

func (s *suite) add(v verdict) {
	s.files++
	switch {
	case v.bad != "":
		s.bad++
	case v.read:
		s.read++
		if v.notes > 0 {
			s.told++
		}
	default:
		s.refusals[pattern(v.said)]++
	}
	s.seconds = max(s.seconds, v.seconds)
	s.memory = max(s.memory, v.memory)
}

// pattern makes refusals alike that differ in numbers and names only.
func pattern(said string) string {
	var b strings.Builder
	inQuotes, digits := false, false
	for _, r := range said {
		switch {
		case r == '"':
			if inQuotes = !inQuotes; inQuotes {
				b.WriteString(`"…"`)
			}
			continue
		case inQuotes:
			continue
		case r >= '0' && r <= '9':
			if !digits {
				b.WriteByte('N')
			}
			digits = true
			continue
		}
		digits = false
		b.WriteRune(r)
	}
	return b.String()
}

func corporaTable(suites map[string]*suite, bad []string) string {
	var names []string
	for name := range suites {
		names = append(names, name)
	}
	slices.Sort(names)
	var out strings.Builder
	out.WriteString("| Corpus | files | read | of them with something to tell | refused | bad | slowest | most memory |\n|---|--:|--:|--:|--:|--:|--:|--:|\n")
	refusals := map[string]int{}
	for _, name := range names {
		s := suites[name]
		refused := 0
		for said, n := range s.refusals {
			refused += n
			refusals[said] += n
		}
		fmt.Fprintf(&out, "| %s | %d | %d | %d | %d | %d | %.1f s | %d MiB |\n", s.name, s.files, s.read, s.told, refused, s.bad, s.seconds, s.memory>>20)
	}
	out.WriteString("\nRefused, by sentence (N for a number):\n\n| files | |\n|--:|---|\n")
	var said []string
	for text := range refusals {
		said = append(said, text)
	}
	slices.SortFunc(said, func(a, b string) int {
		if refusals[a] != refusals[b] {
			return refusals[b] - refusals[a]
		}
		return strings.Compare(a, b)
	})
	for _, text := range said {
		fmt.Fprintf(&out, "| %d | %s |\n", refusals[text], strings.NewReplacer("|", "\\|", "\n", " ").Replace(text))
	}
	if len(bad) > 0 {
		out.WriteString("\nBad:\n\n")
	}
	for _, text := range bad {
		fmt.Fprintf(&out, "- %s\n", text)
	}
	return out.String()
}
