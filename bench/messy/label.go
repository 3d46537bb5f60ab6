package main

import (
	"bytes"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
)

// label is what is known of a file before anybody reads it: the right answer.
type label struct {
	group, file string // below the corpora, by slashes
	delimiter   string // "" in a table of one column
	quote       string // "" for none
	escape      string // the quote itself where it is doubled
	encoding    string // "" where several say the same, as for ASCII
	header      bool
	anyHeader   bool       // both are right: nothing tells whether the first line names the columns
	skip        int        // lines above the table
	text        bool       // the file is separated text itself, no workbook, archive or JSON
	bytes       string     // of a text that is not packed, to see whether a question arises
	table       [][]string // header first, where there is one; nil where only the dialect is known
}

//go:embed labels.csv
var labelList []byte

// readLabels gives the labels of labels.csv: those whose dialect the file's name,
// the metadata or the test beside it states, or whose table stands in a twin.
//
// The columns are file; delimiter, quote, escape, header (empty: nothing tells) and
// skip, which are the twin's where there is one; encoding; twin, the same table in plain UTF-8; why.
func readLabels(dir string) (labels []label, err error) {
	rd := csv.NewReader(bytes.NewReader(labelList))
	lines, err := rd.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("labels.csv: %w", err)
	}
	var wrong []error
	for _, f := range lines[1:] {
		l := label{file: f[0], delimiter: signOf(f[1]), quote: signOf(f[2]), escape: signOf(f[3]), header: f[4] != "0", anyHeader: f[4] == "", encoding: f[6]}
		parts := strings.Split(l.file, "/")
		l.group = strings.Join(parts[:2], "/")
		if l.skip, err = strconv.Atoi(f[5]); err != nil {
			return nil, fmt.Errorf("labels.csv: %s: %w", l.file, err)
		}
		if l.escape == "" {
			l.escape = l.quote
		}
		if err := l.answer(dir, f[7]); err != nil {
			wrong = append(wrong, fmt.Errorf("labels.csv: %s: %w", l.file, err))
		}
		labels = append(labels, l)
	}
	return labels, errors.Join(wrong...)
}

// signOf gives the signs that a word of labels.csv means.
func signOf(word string) string {
	switch word {
	case "tab":
		return "\t"
	case "space":
		return " "
	case "none":
		return ""
	}
	return word
}

// answer reads the table from the file's twin, or from the file itself.
func (l *label) answer(dir, twin string) error {
	own, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(l.file)))
	if err != nil {
		return err
	}
	switch strings.ToLower(path.Ext(l.file)) {
	case ".csv", ".tsv", ".txt", ".tbl":
		l.text = true
		if !bytes.HasPrefix(own, []byte("\x1f\x8b")) { // gzip under another name
			l.bytes = string(own)
		}
	case ".gz":
		if l.text = true; twin == "" {
			return nil
		}
	default:
		l.group = "other forms"
	}
	from, encoding, at := own, l.encoding, *l
	if twin != "" {
		if from, err = os.ReadFile(filepath.Join(dir, path.Dir(l.file), twin)); err != nil {
			return err
		}
		encoding = "utf-8"
	}
	text, err := decoded(from, encoding)
	if err != nil {
		return nil // the dialect alone is asked
	}
	l.table, err = plain(text, at)
	l.table = settled(l.table)
	return err
}

// columns gives the width of the table, 0 where it is not known.
func (l label) columns() int {
	if len(l.table) == 0 {
		return 0
	}
	return len(l.table[0])
}

// settled leaves out of an expected table what no reader needs to keep: rows at
// its end and columns at its right without a single character. Cells that are
// missing at the end of a row are empty. A row with cells beyond the first row's
// has no right answer, so then the table is not asked for: nil.
func settled(table [][]string) [][]string {
	for len(table) > 0 && strings.Join(table[len(table)-1], "") == "" {
		table = table[:len(table)-1]
	}
	if len(table) == 0 {
		return nil
	}
	used := 0
	for i, r := range table {
		if n := len(table[0]); len(r) > n {
			if strings.Join(r[n:], "") != "" {
				return nil
			}
			r = r[:n]
		}
		for j, cell := range r {
			if strings.TrimSpace(cell) != "" {
				used = max(used, j+1)
			}
		}
		table[i] = append(r, make([]string, len(table[0])-len(r))...)
	}
	for i, r := range table {
		table[i] = r[:used]
	}
	return table
}
