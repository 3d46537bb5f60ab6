package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sutor/internal/errs"
	"sutor/internal/intake"
)

// found is what a reader made of a file.
type found struct {
	refused   bool
	delimiter string
	quote     string
	encoding  string // "" where the reader cannot tell
	header    bool
	records   [][]string // header first, where there is one
}

// labelReader reads a labelled file without being told anything.
type labelReader struct {
	name string
	read func(ctx context.Context, path string) (found, error)
}

// answers counts what a reader knew of one group of files.
type answers struct{ asked, right map[string]int }

func newAnswers() answers { return answers{map[string]int{}, map[string]int{}} }

func (a answers) addTo(sum answers) {
	for _, name := range append([]string{everyFile}, aspects...) {
		sum.asked[name] += a.asked[name]
		sum.right[name] += a.right[name]
	}
}

// everyFile is asked of every file, so that files are counted.
const everyFile = "file"

// aspects are what is asked of a file, in the order of the table.
var aspects = []string{"delimiter", "quote", "header", "encoding", "dialect", "table"}

// labelled measures how often the dialect and the table of a file by strangers are
// found, and names what is wrong.
func labelled(ctx context.Context, dir string, withDuck bool) (text string, err error) {
	labels, err := allLabels(dir)
	if err != nil {
		return "", err
	}
	readers := []labelReader{{"Sutor", readPlainly}}
	if withDuck {
		d, err := openDuck()
		if err != nil {
			return "", err
		}
		defer func() { _ = d.close() }() // only a temporary folder
		readers = append(readers, labelReader{"DuckDB", d.find})
	}
	var out, wrong strings.Builder
	writeLabelHead(&out)
	totals := map[string]answers{}
	for _, r := range readers {
		totals[r.name] = newAnswers()
	}
	for _, group := range groupsOf(labels) {
		for i, r := range readers {
			a, faults, err := measure(ctx, dir, r, i > 0, labels, group)
			if err != nil {
				return "", err
			}
			if a.asked[everyFile] > 0 {
				a.write(&out, group, r.name)
				a.addTo(totals[r.name])
			}
			if i == 0 {
				wrong.WriteString(faults)
			}
		}
	}
	for _, r := range readers {
		totals[r.name].write(&out, "**all**", r.name)
	}
	if wrong.Len() > 0 {
		out.WriteString("\nWhere Sutor differs from the label:\n\n" + wrong.String())
	}
	return out.String(), nil
}

// measure lets a reader read one group of files, only those that are separated
// text if so told, and gives its faults as lines of a list.
func measure(ctx context.Context, dir string, r labelReader, textOnly bool, labels []label, group string) (answers, string, error) {
	a := newAnswers()
	var wrong strings.Builder
	for _, l := range labels {
		if l.group != group || textOnly && !l.text {
			continue
		}
		got, err := r.read(ctx, filepath.Join(dir, filepath.FromSlash(l.file)))
		if err != nil {
			return a, "", fmt.Errorf("%s: %w", l.file, err)
		}
		if faults := a.mark(l, got); len(faults) > 0 {
			fmt.Fprintf(&wrong, "- %s: %s\n", l.file, strings.Join(faults, "; "))
		}
	}
	return a, wrong.String(), nil
}

func allLabels(dir string) ([]label, error) {
	labels, err := readLabels(dir)
	if err != nil {
		return nil, err
	}
	more, err := csvwLabels(dir)
	return append(labels, more...), err
}

func groupsOf(labels []label) (groups []string) {
	for _, l := range labels {
		if !slices.Contains(groups, l.group) {
			groups = append(groups, l.group)
		}
	}
	slices.Sort(groups)
	return groups
}

// mark compares what was found with the label, and says what is wrong. Only what
// makes a difference is asked: a delimiter where there are two columns, a quote
// where one stands in the file, an encoding where another would read other texts.
func (a answers) mark(l label, got found) (faults []string) {
	a.asked[everyFile]++
	dialect := true
	ask := func(aspect string, right bool, format string, args ...any) {
		a.asked[aspect]++
		if right {
			a.right[aspect]++
			return
		}
		dialect = false
		if !got.refused {
			faults = append(faults, aspect+" "+fmt.Sprintf(format, args...))
		}
	}
	if l.text {
		if l.delimiter != "" && l.columns() != 1 {
			ask("delimiter", !got.refused && got.delimiter == l.delimiter, "%q, not %q", got.delimiter, l.delimiter)
		}
		if strings.ContainsAny(l.bytes, `"'`) && (l.quote == "" || strings.Contains(l.bytes, l.quote)) {
			quote := got.quote
			if !strings.Contains(l.bytes, quote) || quote == "none" {
				quote = "" // nothing stands in it
			}
			ask("quote", !got.refused && quote == l.quote, "%q, not %q", quote, l.quote)
		}
		if !l.anyHeader {
			ask("header", !got.refused && got.header == l.header, "%t, not %t", got.header, l.header)
		}
		if l.encoding != "" {
			ask("encoding", !got.refused && sameEncoding(got.encoding, l.encoding), "%s, not %s", got.encoding, l.encoding)
		}
		a.asked["dialect"]++
		if dialect {
			a.right["dialect"]++
		}
	}
	if l.table != nil {
		same, why := sameTable(l, got)
		ask("table", !got.refused && same, "%s", why)
	}
	if got.refused {
		faults = append(faults, "refused")
	}
	return faults
}

// sameEncoding tells whether a is one of those that the label names: several, by
// slashes, where they read the file alike.
func sameEncoding(a, b string) bool {
	return slices.Contains(strings.Split(b, "/"), strings.ToLower(a))
}

// sameTable compares cell by cell. Names that are empty or double in the file may
// be told apart by any others, and blanks around a name are no part of it.
func sameTable(l label, got found) (bool, string) {
	if l.text && !l.anyHeader && got.header != l.header {
		return false, "with its first line misunderstood"
	}
	for n := len(got.records); n > len(l.table) && strings.Join(got.records[n-1], "") == ""; n-- {
		got.records = got.records[:n-1]
	}
	if len(got.records) != len(l.table) {
		return false, fmt.Sprintf("of %d records, not %d", len(got.records), len(l.table))
	}
	below := got.records
	if got.header && len(below) > 0 {
		below = below[1:]
	}
	for i, want := range l.table {
		r := got.records[i]
		if len(r) > len(want) && emptyBeyond(below, len(want)) {
			r = r[:len(want)] // columns that hold nothing
		}
		if len(r) != len(want) {
			return false, fmt.Sprintf("with %d cells in record %d, not %d", len(r), i+1, len(want))
		}
		for j := range want {
			free := i == 0 && l.header && (strings.TrimSpace(want[j]) == "" || doubled(want, j))
			if r[j] != want[j] && !free && (i > 0 || strings.TrimSpace(want[j]) != strings.TrimSpace(r[j])) {
				return false, fmt.Sprintf("with %.40q in record %d, not %.40q", r[j], i+1, want[j])
			}
		}
	}
	return true, ""
}

// doubled tells whether a name stands further left, too.
func doubled(names []string, at int) bool {
	return slices.ContainsFunc(names[:at], func(n string) bool { return strings.TrimSpace(n) == strings.TrimSpace(names[at]) })
}

// emptyBeyond tells whether nothing stands in the columns from n on.
func emptyBeyond(rows [][]string, n int) bool {
	for _, r := range rows {
		if n < len(r) && strings.TrimSpace(strings.Join(r[n:], "")) != "" {
			return false
		}
	}
	return true
}

// readPlainly reads as sutor file convert does.
func readPlainly(ctx context.Context, path string) (found, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return found{}, err
	}
	var out bytes.Buffer
	res, err := intake.Convert(ctx, intake.File{ReaderAt: bytes.NewReader(b), Size: int64(len(b)), Name: filepath.Base(path)}, &out, intake.Options{}, nil)
	if e := errs.As(err); e != nil && e.Kind == errs.Invalid {
		return found{refused: true}, nil
	}
	if err != nil {
		return found{}, err
	}
	got := found{delimiter: res.Found.Delimiter, quote: res.Found.Quote, encoding: res.Found.Encoding,
		header: res.Found.HeaderLines != nil && *res.Found.HeaderLines > 0}
	got.records, err = plain(out.String(), label{delimiter: ",", quote: `"`, escape: `"`})
	return got, err
}

func writeLabelHead(out *strings.Builder) {
	fmt.Fprintf(out, "| Corpus | | files |")
	for _, name := range aspects {
		fmt.Fprintf(out, " %s |", name)
	}
	fmt.Fprintf(out, "\n|---|---|--:|%s\n", strings.Repeat("--:|", len(aspects)))
}

func (a answers) write(out *strings.Builder, group, reader string) {
	fmt.Fprintf(out, "| %s | %s | %d |", group, reader, a.asked[everyFile])
	for _, name := range aspects {
		if a.asked[name] == 0 {
			out.WriteString(" |")
			continue
		}
		fmt.Fprintf(out, " %d of %d |", a.right[name], a.asked[name])
	}
	out.WriteByte('\n')
}
