package csv

import (
	"bytes"
	"strings"

	"sutor/internal/record"
)

// readHeader reads the first record: the names of the columns.
func (r *reader) readHeader() ([]string, error) {
	at, ok, err := r.next()
	if err != nil {
		return nil, err
	}
	line := r.line - r.scan.lines
	r.header = line
	switch {
	case !ok:
		return nil, emptyFile(r.src.bytes)
	case r.scan.broken > 0:
		return nil, brokenHeader(line, r.scan.broken)
	case r.scan.cells > r.limits.MaxColumns:
		return nil, tooManyColumns(line, r.scan.cells, r.limits.MaxColumns)
	}
	names, err := headerNames(r.scan.out[at:r.scan.n])
	if err != nil {
		return nil, err
	}
	return names, checkNames(line, names)
}

// headerNames reads the names out of the header's staged cells, each of which
// has a comma before it.
func headerNames(cells []byte) ([]string, error) {
	staged := append(bytes.Clone(cells[1:]), '\n')
	fields, err := record.NewReader(bytes.NewReader(staged)).Read()
	if err != nil {
		return nil, err
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = strings.TrimSpace(string(f.Text))
	}
	return names, nil
}

// checkNames refuses a column without a name, and two of the same name. Names
// are the same if their bytes are.
func checkNames(line int64, names []string) error {
	first := make(map[string]int, len(names))
	for i, name := range names {
		if name == "" {
			return unnamedColumn(line, i+1)
		}
		if j, twice := first[name]; twice {
			return doubleName(line, name, j+1, i+1)
		}
		first[name] = i
	}
	return nil
}
