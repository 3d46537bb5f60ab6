package recipe

import (
	"maps"
	"slices"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/record"
)

// Memory is what a submitted change decided about a file with some header.
type Memory struct {
	Dataset    string            `json:"dataset"`
	Person     access.Email      `json:"person"`
	Department access.Department `json:"department"` // the dataset's
	Header     record.Digest     `json:"header"`     // see HeaderOf
	Change     change.ID         `json:"change"`
	At         time.Time         `json:"at"`
	Columns    []string          `json:"columns"`
	Options    change.Options    `json:"options"` // its Map has what was settled, its Formats what was ever chosen

	// Earlier has, of the Formats' columns, those whose format was not chosen in
	// Change, and the change in which it was.
	Earlier map[string]change.ID `json:"earlier,omitempty"`
}

// Remember gives what is to be kept of a change that has a plan. It takes the place
// of the maker's memory of the same header, if that is among earlier: so it takes
// over which formats were chosen there, but for a column that is read by another
// one now.
func Remember(c *change.Change, d access.Department, at time.Time, earlier []Memory) Memory {
	m := Memory{Dataset: c.Dataset, Person: c.Maker, Department: d, Change: c.ID, At: at, Earlier: map[string]change.ID{}}
	m.Columns, m.Options = decided(c)
	m.Header = HeaderOf(m.Columns)
	now := map[string]string{}
	for _, column := range c.Plan.Mapping {
		if now[column.Column] = column.Format; column.FormatFrom != "" {
			m.Earlier[column.Column] = column.FormatFrom
		}
	}
	formats := map[string]string{}
	for _, old := range earlier {
		if old.Person != m.Person || old.Header != m.Header {
			continue
		}
		for column, f := range old.Options.Formats {
			if _, chosen := m.Options.Formats[column]; !chosen && (now[column] == "" || now[column] == f) {
				formats[column], m.Earlier[column] = f, old.chosenIn(column)
			}
		}
	}
	if len(formats) > 0 {
		maps.Copy(formats, m.Options.Formats)
		m.Options.Formats = formats
	}
	if len(m.Earlier) == 0 {
		m.Earlier = nil
	}
	return m
}

// chosenIn is the change in which a column's format was chosen.
func (m Memory) chosenIn(column string) change.ID {
	if id, ok := m.Earlier[column]; ok {
		return id
	}
	return m.Change
}

// Format is a format that was chosen for a column, and the change in which it was.
type Format struct {
	Format string
	Change change.ID
}

// Formats gives, by column of the dataset, the formats chosen before a change of a
// person whose file has the header; list is the newest first. The person's own
// choices count before others', and of either those for a file with the same header
// before those for another.
func Formats(list []Memory, who access.Email, header []string, before change.ID) map[string]Format {
	out, same := map[string]Format{}, HeaderOf(header)
	for _, pass := range []struct{ own, same bool }{{true, true}, {true, false}, {false, true}, {false, false}} {
		for _, m := range list {
			if m.Change == before || pass.own != (m.Person == who) || pass.same != (m.Header == same) {
				continue
			}
			for column, f := range m.Options.Formats {
				if _, settled := out[column]; !settled {
					out[column] = Format{f, m.chosenIn(column)}
				}
			}
		}
	}
	return out
}

// HeaderOf is the fingerprint of a header: the same columns in another order have
// the same.
func HeaderOf(columns []string) record.Digest {
	sorted := slices.Sorted(slices.Values(columns))
	var b []byte
	for _, c := range sorted {
		b = append(record.AppendQuoted(b, []byte(c)), '\n')
	}
	return record.DigestOf(b)
}
