package main

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// csvwTests is where the suite of CSV on the Web stands below the corpora.
const csvwTests = "csv/w3c-csvw/tests"

// csvwManifest is the suite's list of tests, as far as it is needed.
type csvwManifest struct {
	Entries []struct {
		Type, Action, Result string
		Option               struct{ Metadata string }
	}
}

// csvwTable is a table as the metadata describe it, or one of a group.
type csvwTable struct {
	URL     string
	Dialect json.RawMessage
	Tables  []csvwTable
}

// csvwLabels derives labels from the suite: the dialect is the one in a test's
// metadata, or else the standard's own (RFC 4180 with one header line), and the
// test's expected JSON must agree with what the dialect makes of the file: as many
// rows, and the same text wherever it gives a cell as a text under the name of its
// column. Files on which tests differ, and dialects that do more than that (cells
// trimmed, comments, columns left out), are not asked about.
func csvwLabels(dir string) ([]label, error) {
	root := filepath.Join(dir, filepath.FromSlash(csvwTests))
	b, err := os.ReadFile(filepath.Join(root, "manifest-json.jsonld"))
	if err != nil {
		return nil, err
	}
	var m csvwManifest
	if err := json.Unmarshal(b, &m); err != nil {
		return nil, fmt.Errorf("manifest-json.jsonld: %w", err)
	}
	var labels []label
	seen := map[string]bool{} // by content: many tests have copies of one file
	for _, e := range m.Entries {
		if e.Result == "" {
			continue // a test of what must be refused
		}
		tables, err := csvwTables(root, e.Action, e.Option.Metadata)
		if err != nil {
			continue // metadata that are wrong on purpose
		}
		for _, t := range tables {
			l, ok := csvwLabel(root, t, e.Result)
			if ok && !seen[l.bytes] {
				seen[l.bytes] = true
				labels = append(labels, l)
			}
		}
	}
	return labels, nil
}

// csvwTables gives the files that a test reads, relative to the suite.
func csvwTables(root, action, metadata string) ([]csvwTable, error) {
	if path.Ext(action) != ".json" {
		if metadata == "" {
			return []csvwTable{{URL: action}}, nil
		}
		var own csvwTable
		err := readJSON(filepath.Join(root, metadata), &own)
		return []csvwTable{{URL: action, Dialect: own.Dialect}}, err
	}
	var top csvwTable
	if err := readJSON(filepath.Join(root, action), &top); err != nil {
		return nil, err
	}
	if top.Tables == nil {
		top.Tables = []csvwTable{top}
	}
	for i := range top.Tables {
		t := &top.Tables[i]
		t.URL = path.Join(path.Dir(action), t.URL)
		if t.Dialect == nil {
			t.Dialect = top.Dialect
		}
	}
	return top.Tables, nil
}

func readJSON(name string, into any) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	return json.Unmarshal(b, into)
}

// csvwLabel gives the label of a table, if it is without doubt.
func csvwLabel(root string, t csvwTable, result string) (label, bool) {
	l := label{group: "csv/w3c-csvw", file: path.Join(csvwTests, t.URL), delimiter: ",", quote: `"`, escape: `"`, header: true, text: true}
	if t.Dialect != nil && !l.csvwDialect(t.Dialect) {
		return l, false
	}
	b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(t.URL)))
	if err != nil {
		return l, false // an address with a query, or elsewhere
	}
	text, err := decoded(b, "utf-8")
	if err != nil {
		return l, false
	}
	l.bytes = string(b)
	if l.table, err = plain(text, l); err != nil {
		return l, false
	}
	if l.table = settled(l.table); len(l.table) < 2 {
		return l, false
	}
	return l, agrees(l, t.URL, filepath.Join(root, result))
}

// csvwDialect takes a dialect over; false for one that does more.
func (l *label) csvwDialect(raw json.RawMessage) bool {
	var d map[string]any
	if json.Unmarshal(raw, &d) != nil {
		return false
	}
	for name, value := range d {
		text, isText := value.(string)
		yes, isBool := value.(bool)
		number, isNumber := value.(float64)
		switch {
		case name == "delimiter" && isText:
			l.delimiter = text
		case name == "quoteChar" && isText:
			l.quote, l.escape = text, text
		case name == "header" && isBool:
			l.header = yes
		case name == "skipRows" && isNumber && number >= 0:
			l.skip = int(number)
		default:
			return false
		}
	}
	return true
}

// agrees tells whether the expected JSON of a test, in its standard form, has the
// label's rows.
func agrees(l label, name, result string) bool {
	var want struct {
		Tables []struct {
			URL string
			Row []struct{ Describes []map[string]any }
		}
	}
	if readJSON(result, &want) != nil {
		return false
	}
	for _, t := range want.Tables {
		if at, err := url.Parse(t.URL); err != nil || !strings.HasSuffix(at.Path, "/"+name) {
			continue
		}
		rows := l.table
		var header []string
		if l.header {
			header, rows = rows[0], rows[1:]
		}
		if len(t.Row) != len(rows) {
			return false
		}
		for i, r := range t.Row {
			for _, object := range r.Describes {
				if !sameTexts(object, header, rows[i]) {
					return false
				}
			}
		}
		return true
	}
	return false
}

// sameTexts compares the texts of an object with the cells under their names.
func sameTexts(object map[string]any, header, row []string) bool {
	for name, value := range object {
		text, ok := value.(string)
		if i := slices.Index(header, name); ok && i >= 0 && (i >= len(row) || row[i] != text) {
			return false
		}
	}
	return true
}
