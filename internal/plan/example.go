package plan

import (
	"strings"

	"sutor/internal/finding"
)

// Seen is a row that a finding is about, by columns: what the file says, a
// column that it does not have being absent (of a reversal: what would be
// written; of a rule: the key, and what it computes), and the live values, nil
// without a live row.
type Seen struct{ File, Live map[string]*string }

// Example words a row of a finding, for every engine.
func (s Spec) Example(f finding.Finding, line int64, row Seen) finding.Example {
	e := finding.Example{Row: line, Key: finding.Sample(joined(s.By().Names(), row.File))}
	if s.Rule != nil {
		e.Row = 0 // its rows are numbered by the engine alone
	}
	columns := f.Columns(append(s.Key.Names(), s.Judged.Names()...))
	value := joined(columns, row.File)
	live := joined(columns, row.Live)
	if e.Value = finding.Sample(value); live != value {
		e.Live = finding.Sample(live)
	}
	return e
}

// joined joins what there is of some columns; NULL is nothing to be seen.
func joined(columns []string, values map[string]*string) string {
	var texts []string
	for _, c := range columns {
		if v, ok := values[c]; ok && v != nil {
			texts = append(texts, *v)
		}
	}
	return strings.Join(texts, ", ")
}
