package workflow

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"sutor/internal/access"
	"sutor/internal/change"
	"sutor/internal/compact"
	"sutor/internal/expr"
	"sutor/internal/finding"
	"sutor/internal/guard"
	"sutor/internal/intake"
	"sutor/internal/intake/xlsx"
	"sutor/internal/record"
	"sutor/internal/system/driver"
)

// maxChoices is the most values of another table that are offered to choose from.
const maxChoices = 500

// book describes the workbook of a dataset, and names the other datasets that
// values to choose from were read from.
func (e *export) book(ctx context.Context) (book xlsx.Book, lists []string, err error) {
	c := e.w.Compact()
	spec, _ := compile(c, e.d, e.table) // what does not fit the table is no hint for people
	headers := spec.headers(e.columns)
	book = xlsx.Book{Sheet: e.d.Label, Locked: true, Mark: xlsx.Mark{Kind: xlsx.MarkDataset, Dataset: e.d.Name,
		At: e.w.Now().UTC().Truncate(time.Second), Compact: string(c.Digest), Columns: map[string]string{}}}
	for i, col := range e.columns {
		if headers[i] != col.Name {
			book.Mark.Columns[headers[i]] = col.Name
		}
		column := e.column(col, headers[i], spec)
		if len(column.OneOf) == 0 {
			other, values, err := e.choices(ctx, col)
			if err != nil {
				return book, nil, err
			}
			if column.OneOf = values; values != nil && other != e.d.Name && !slices.Contains(lists, other) {
				lists = append(lists, other)
			}
		}
		book.Columns = append(book.Columns, column)
	}
	book.About = e.about(book.Columns)
	return book, lists, nil
}

// column says what can be done in a column.
func (e *export) column(c record.Column, header string, spec *Spec) xlsx.Column {
	rule := e.d.Columns[c.Name]
	fixed := !rule.MayWrite() || c.Generated || c.Identity == "always"
	key := slices.Contains(e.d.Key, c.Name)
	out := xlsx.Column{Header: header, Type: c.Type, Min: rule.Min, Max: rule.Max,
		Locked: key || fixed || !e.d.Allows(compact.Update), Below: !fixed && e.d.Allows(compact.Insert)}
	for _, v := range spec.Rules[c.Name].OneOf {
		if v != "" {
			out.OneOf = append(out.OneOf, v)
		}
	}
	out.Note = strings.Join(append([]string{header, fmt.Sprintf("(%s, %s)", c.Name, c.Type.Native)}, e.rules(c)...), "\n")
	return out
}

// rules says in plain words what holds for a column.
func (e *export) rules(c record.Column) (out []string) {
	rule := e.d.Columns[c.Name]
	say := func(format string, args ...any) { out = append(out, fmt.Sprintf(format, args...)) }
	key := slices.Contains(e.d.Key, c.Name)
	switch {
	case c.Generated || c.Identity == "always":
		say("The system fills it itself: it cannot be changed.")
	case !rule.MayWrite():
		say("It cannot be changed: the Compact does not allow that.")
	case key && e.d.Allows(compact.Insert):
		say("The key says which row is meant, so it stays as it is. Below the last row, new rows have new keys.")
	case key:
		say("The key says which row is meant, so it stays as it is.")
	case !c.Nullable || rule.Required:
		say("It must have a value.")
	}
	if len(rule.OneOf) > 0 {
		say("One of: %s.", strings.Join(rule.OneOf, ", "))
	}
	if rule.Min != nil {
		say("At least %s.", *rule.Min)
	}
	if rule.Max != nil {
		say("At most %s.", *rule.Max)
	}
	switch {
	case rule.Say != "":
		say("%s", rule.Say)
	case rule.Pattern != "":
		say("In the form %s.", rule.Pattern)
	}
	for _, g := range e.d.Guardrails {
		if e.concerns(g, c.Name) && !e.reads(g.When.Text) {
			say("%s", consequence(g))
		}
	}
	return out
}

// concerns tells whether a guardrail reads a column.
func (e *export) concerns(g compact.Guardrail, column string) bool {
	if g.Each != compact.EachRow {
		return false
	}
	rule, err := guard.CompileRow(ruleOf(g), e.table.Columns)
	return err == nil && (slices.Contains(rule.Columns(expr.Before), column) || slices.Contains(rule.Columns(expr.After), column))
}

// consequence says a guardrail in plain words.
func consequence(g compact.Guardrail) string {
	switch g.Then {
	case finding.Block:
		return g.Say + " (stops the change)"
	case finding.Approve:
		return g.Say + fmt.Sprintf(" (asks for the %s)", g.By)
	}
	return g.Say + " (warns)"
}

// choices gives the values of a table that a column refers to, where they are few
// and the person may export them: those of a dataset, over its key.
func (e *export) choices(ctx context.Context, c record.Column) (dataset string, values []string, err error) {
	i := slices.IndexFunc(e.table.ForeignKeys, func(fk driver.ForeignKey) bool { return len(fk.Columns) == 1 && fk.Columns[0] == c.Name })
	if i < 0 {
		return "", nil, nil
	}
	fk := e.table.ForeignKeys[i]
	for _, other := range e.w.Compact().Datasets {
		if other.System != e.d.System || !slices.Equal(other.Key, fk.RefColumns) || !access.May(e.p, access.Export, e.w.Compact().AccessDataset(other.Name)) {
			continue
		}
		table, err := e.sys.Describe(ctx, other.Table)
		if err != nil || table.Table != fk.RefTable {
			continue // another dataset's trouble is not this one's
		}
		if n, err := e.sys.Count(ctx, other.Table); err != nil || n > maxChoices {
			return "", nil, err
		}
		r, err := e.w.look(e.w.sight(e.p, other.Name), e.sys, table)
		if err != nil {
			return "", nil, err
		}
		err = r.each(ctx, r.key, func(fields []record.Field) error {
			values = append(values, string(fields[0].Text))
			return nil
		})
		if len(values) > maxChoices {
			values = nil
		}
		return other.Name, values, err
	}
	return "", nil, nil
}

// about explains the workbook on a sheet of its own.
func (e *export) about(columns []xlsx.Column) []xlsx.Line {
	var out []xlsx.Line
	head := func(cells ...string) { out = append(out, xlsx.Line{Head: true, Cells: cells}) }
	line := func(cells ...string) { out = append(out, xlsx.Line{Cells: cells}) }
	var owners []string
	for _, o := range e.d.Owners {
		owners = append(owners, string(o))
	}
	who := string(e.p.Email)
	head("What this is", e.d.Label)
	line("Dataset", e.d.Name)
	line("Owned by", strings.Join(owners, ", "))
	line("Department", string(e.d.Department))
	line("Taken out", e.w.Now().UTC().Format("2006-01-02 15:04 MST")+" by "+who)
	line()
	head("How to work with it", "")
	line("Change", "Change cells in the sheet of rows; grey ones cannot be changed. The protection has no password: it keeps from slips.")
	if e.d.Allows(compact.Insert) {
		line("Add", "Write new rows below the last one, with new keys.")
	}
	line("Empty", "An emptied cell empties the value, where the column allows that.")
	line("Leave out", "A row that is taken out of the sheet, and a column too, stays in the system as it is.")
	line("Put back", "Save the workbook and propose it as a change of this dataset, on its page or with: sutor change plan "+e.d.Name+" FILE.xlsx")
	line("Then", "Only what differs from the system on that day becomes a change, and nothing is written before it is decided.")
	line()
	head("Header", "Column", "Type", "Rules")
	for i, c := range e.columns {
		line(columns[i].Header, c.Name, c.Type.Native, strings.Join(e.rules(c), " "))
	}
	if len(e.d.Guardrails) > 0 {
		line()
		head("Guardrail", "What it is about")
	}
	for _, g := range e.d.Guardrails {
		line(g.Name, consequence(g))
	}
	return out
}

// headers gives columns the names that people know them by: the label, where a
// file with it is matched to just that column, else the exact name.
func (s *Spec) headers(columns record.Schema) []string {
	targets := slices.Clone(s.targets)
	for i := range targets {
		targets[i].Key = false // one header at a time is looked at
	}
	out := make([]string, len(columns))
	for i, c := range columns {
		out[i] = c.Name
		at := slices.IndexFunc(targets, func(t intake.Target) bool { return t.Name == c.Name })
		if at < 0 || targets[at].Label == "" || targets[at].Label != oneLine(targets[at].Label, 200) {
			continue
		}
		m, err := intake.Match([]string{targets[at].Label}, targets, nil)
		if err == nil && len(m.Columns) == 1 && m.Columns[0].Target == at && m.Columns[0].How == intake.ByLabel {
			out[i] = targets[at].Label
		}
	}
	return out
}

// ourOwn takes a workbook of Sutor's for what it says it is: its sheet, its
// headers, and that an emptied cell is meant. What the person chose counts before.
func ourOwn(o change.Options, m xlsx.Mark) change.Options {
	f, one := &o.File, 1
	if f.Sheet == "" {
		f.Sheet = m.Sheet
	}
	if f.SkipLines == nil && f.HeaderLines == nil && f.Sheet == m.Sheet {
		f.SkipLines, f.HeaderLines = new(int), &one
	}
	o.ClearEmpty = o.ClearEmpty || !o.KeepEmpty
	return o
}

// marked gives what a workbook of Sutor's says of its headers, for those that
// nobody else speaks of.
func (s staged) marked(said []intake.Map, columns record.Schema) (out []intake.Map) {
	for _, file := range s.Columns {
		column := s.mark.Columns[file]
		spoken := slices.ContainsFunc(said, func(m intake.Map) bool { return m.File == file || m.Target == column })
		if column != "" && !spoken && columns.Index(column) >= 0 && !slices.Contains(s.Columns, column) {
			out = append(out, intake.Map{File: file, Target: column, Marked: true})
		}
	}
	return out
}
